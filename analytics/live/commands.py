"""Commands of clients: join with options, subscribe, and ping."""

from collections.abc import Container, Mapping
from typing import Any, TypedDict
from urllib.parse import parse_qs

import msgspec

from analytics.errors import AnalyticsError, ValidationFailed
from analytics.live.delivery import Connection
from analytics.live.hub import Client, Hub
from analytics.live.initial import InitialMessages
from analytics.live.messages import Message, MessageBatch
from analytics.live.subscription import Subscription, Topics
from analytics.schemas.compiled import loaded
from analytics.schemas.live import LiveQuery
from analytics.schemas.parsing import parse
from analytics.schemas.queries import given_once

LIVE_SCHEMA = LiveQuery()


class Options(msgspec.Struct, frozen=True):
    """A subscription, and the sequence number of the last event that the client has, if it reconnects."""

    subscription: Subscription
    since: int | None


class Subscribed(TypedDict):
    """Answer to `subscribe`: the options that hold now."""

    events: str | list[str]
    service: str | list[str]
    updates: str


def load_options(fields: Mapping[str, Any], current: Subscription | None = None) -> Options:
    """Load options; those that are not in `fields` are as in `current`.

    Raises:
        ValidationFailed: an option is unknown, or its value is not valid.
    """
    loaded_fields = loaded(LIVE_SCHEMA, fields)
    (types, services), patches = current or Subscription()
    topics = Topics(loaded_fields.get("events", types), loaded_fields.get("service", services))
    if "updates" in loaded_fields:
        patches = loaded_fields["updates"] == "patch"
    return Options(Subscription(topics, patches), loaded_fields["since"])


def options_in_query(query: str, ignored: Container[str] = ()) -> Options:
    """Load the options in a query string, such as `events=purchase&since=7`, without the `ignored` fields.

    Raises:
        ValidationFailed: an option is unknown or given twice, or its value is not valid.
    """
    fields = {name: values for name, values in parse_qs(query, keep_blank_values=True).items() if name not in ignored}
    return load_options(given_once(fields.items()))


class Commands:
    """Carries out the commands of clients."""

    def __init__(self, hub: Hub, initial: InitialMessages) -> None:
        self._hub, self._initial = hub, initial

    def join(self, options: Options, connection: Connection) -> Client:
        """Add a client and send it its initial messages."""
        client = self._hub.join(options.subscription, connection, self._initial.newest)
        client.outbox.add_initial(self._initial.batches(options.subscription.topics, options.since))
        client.delivery.flush()
        return client

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self._hub.leave(client)

    def subscribe(self, client: Client, fields: Mapping[str, Any]) -> Subscribed:
        """Change the options of a client; with `since`, it gets initial messages again.

        Raises:
            ValidationFailed: an option is unknown, or its value is not valid.
        """
        options = load_options(fields, client.subscription)
        self._hub.subscribe(client, options.subscription)
        if options.since is not None:
            self._hub.restart(client, self._initial.newest)
            client.outbox.add_initial(self._initial.batches(options.subscription.topics, options.since))
        client.delivery.flush()  # messages of the previous subscription go out before the answer
        (types, services), patches = options.subscription
        return {"events": _named(types), "service": _named(services), "updates": "patch" if patches else "full"}

    def answer(self, client: Client, text: str | bytes) -> None:
        """Carry out and answer a message of a plain WebSocket client; the answer to an invalid one is an error."""
        kind: str
        data: Mapping[str, Any]
        try:
            kind, data = self._execute(client, text)
        except AnalyticsError as error:
            kind, data = "error", error.body
        client.outbox.add_answer(MessageBatch([Message(kind, None, msgspec.json.encode(data))]))
        client.delivery.flush()

    def _execute(self, client: Client, text: str | bytes) -> tuple[str, Mapping[str, Any]]:
        if isinstance(text, bytes):
            raise ValidationFailed("Messages are JSON texts, not binary.")
        fields = parse(text.encode(), what="message")
        if not isinstance(fields, dict):
            raise ValidationFailed('A message is a JSON object such as {"type":"subscribe","events":"none"}.')
        kind = fields.pop("type", None)
        if kind == "subscribe":
            return "subscribed", self.subscribe(client, fields)
        if kind == "ping" and not fields:
            return "pong", {}
        raise ValidationFailed(
            'Only {"type":"subscribe",…} and {"type":"ping"} are understood.', fields={"type": ["Not understood."]}
        )


def _named(names: frozenset[str] | None) -> str | list[str]:
    return "all" if names is None else sorted(names)
