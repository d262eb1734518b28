"""What clients may say: their options, in the address or later on, and whether we are there."""

from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from analytics.errors import AnalyticsError, ValidationFailed
from analytics.live.delivery import Line
from analytics.live.hub import Client, Hub
from analytics.live.messages import Message, Piece
from analytics.live.opening import Openings
from analytics.live.subscription import Subscription, Wanted
from analytics.schemas.compiled import loaded, parse
from analytics.schemas.live import LiveQuery
from analytics.schemas.queries import given_once

SCHEMA = LiveQuery()


class Options(msgspec.Struct, frozen=True):
    """A subscription, and the number of the last event that the client knows of, if it comes back."""

    subscription: Subscription
    since: int | None


def options(given: Mapping[str, Any], now: Subscription | None = None) -> Options:
    """The options in `given`; what it leaves out stays as it is `now`.

    Raises:
        ValidationFailed: one is unknown, or not as it must be.
    """
    asked = loaded(SCHEMA, given)
    (types, services), patches = now or Subscription()
    wanted = Wanted(asked.get("events", types), asked.get("service", services))
    return Options(Subscription(wanted, asked["updates"] == "patch" if "updates" in asked else patches), asked["since"])


def options_in(query: str, besides: Container[str] = ()) -> Options:
    """The options in a query string, but for the fields in `besides`.

    Raises:
        ValidationFailed: one is unknown, given twice, or not as it must be.
    """
    given = {name: texts for name, texts in parse_qs(query, keep_blank_values=True).items() if name not in besides}
    return options(given_once(given.items()))


class Commands:
    """Lets clients in, and does what they say."""

    def __init__(self, hub: Hub, openings: Openings) -> None:
        self._hub, self._openings = hub, openings

    def join(self, asked: Options, line: Line) -> Client:
        """A new client, whose opening is being sent."""
        client = self._hub.join(asked.subscription, line, self._openings.newest)
        client.outbox.offer_opening(self._openings.of(asked.subscription.wanted, asked.since))
        client.delivery.wake()
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._hub.leave(client)

    def subscribe(self, client: Client, given: Mapping[str, Any]) -> dict[str, Any]:
        """Change what a client wants; returns what it wants then.

        Raises:
            ValidationFailed: an option is unknown, or not as it must be.
        """
        asked = options(given, client.subscription)
        self._hub.subscribe(client, asked.subscription)
        if asked.since is not None:
            self._hub.reopen(client, self._openings.newest)
            client.outbox.offer_opening(self._openings.of(asked.subscription.wanted, asked.since))
        client.delivery.wake()  # what was wanted until now goes out before the answer
        (types, services), patches = asked.subscription
        return {"events": _shown(types), "service": _shown(services), "updates": "patch" if patches else "full"}

    def answer(self, client: Client, said: str | bytes) -> None:
        """Answer a message of a plain WebSocket client; what it may not say is answered too."""
        try:
            kind, data = self._obey(client, said)
        except AnalyticsError as error:
            kind, data = "error", error.body
        client.outbox.offer_answer(Piece([Message(kind, None, msgspec.json.encode(data))]))
        client.delivery.wake()

    def _obey(self, client: Client, said: str | bytes) -> tuple[str, dict[str, Any]]:
        if isinstance(said, bytes):
            raise ValidationFailed("Messages are JSON texts, not binary.")
        given = parse(said.encode(), what="message")
        if not isinstance(given, dict):
            raise ValidationFailed('A message is a JSON object such as {"type":"subscribe","events":"none"}.')
        kind = given.pop("type", None)
        if kind == "subscribe":
            return "subscribed", self.subscribe(client, given)
        if kind == "ping" and not given:
            return "pong", {}
        raise ValidationFailed(
            'Only {"type":"subscribe",…} and {"type":"ping"} are understood.', fields={"type": ["Not understood."]}
        )


def _shown(names: frozenset[str] | None) -> str | list[str]:
    return "all" if names is None else sorted(names)
