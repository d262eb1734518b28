"""The hub: what is published is encoded once and offered to each client's outbox, none of which can hold it up."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from analytics.live.delivery import Delivery, Line
from analytics.live.messages import Message, Piece
from analytics.live.outbox import EVENTS, Outbox
from analytics.live.patch import NoPatchError, merge_patch
from analytics.live.subscription import Subscription, Wanted
from analytics.records import Kept, NewEvent, event_json
from analytics.state.rings import Found

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.05
"""How long events wait for others to go out with."""
TURN = 50
"""How many clients are written to before others have a turn."""
PIECE_EVENTS = 100
PIECE_BYTES = 256 * 1024


class Client:
    """A connected client: what it wants, what waits for it, how that is delivered, and the last tick it was told of."""

    __slots__ = ("delivery", "outbox", "subscription", "tick")

    def __init__(self, subscription: Subscription, line: Line) -> None:
        self.subscription = subscription
        self.outbox = Outbox()
        self.delivery = Delivery(self.outbox, line)
        self.tick = -1


class Hub:
    """All connected clients, whatever they speak.

    Args:
        dropped: is told how many messages were dropped.
    """

    def __init__(self, dropped: Callable[[int], None]) -> None:
        self._dropped = dropped
        self._clients: set[Client] = set()
        self._pending: list[tuple[int, Kept[NewEvent]]] = []
        self._waiting = Event()
        self._flusher: gevent.Greenlet | None = None
        self._tick = 0
        self._last: Any = None
        self.draining = False

    def __len__(self) -> int:
        return len(self._clients)

    def start(self) -> None:
        """Begin to flush events, unless begun."""
        if self._flusher is None:
            self._flusher = gevent.spawn(self._run)

    def stop(self) -> None:
        """End what `start` began."""
        if self._flusher is not None:
            self._flusher.kill()
            self._flusher = None

    def drain(self) -> None:
        """Send all clients away, and those that come from now on."""
        self.draining = True
        for client in self._clients:
            client.delivery.close()

    def join(self, subscription: Subscription, line: Line) -> Client:
        """A new client; it is told what is published from now on."""
        self._offer_pending()
        client = Client(subscription, line)
        self._clients.add(client)
        if self.draining:
            client.delivery.close()
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)
        client.delivery.end()

    def change(self, client: Client, subscription: Subscription) -> None:
        """Let a client want something else from now on."""
        self._offer_pending()
        client.subscription = subscription

    def publish_events(self, kept: Kept[NewEvent], last: int) -> None:
        """Tell of the events of one request, the last of which has the sequence number `last`; soon, and at once."""
        if self._clients:
            self._pending.append((last - len(kept.records) + 1, kept))
            self._waiting.set()

    def publish_update(self, snapshot: bytes, seq: int) -> None:
        """Tell of a new snapshot (JSON) that knows the events up to `seq`."""
        self._offer_pending()
        if not self._clients:
            self._last = None
            return
        full = Piece([Message("dashboard_update", seq, snapshot)])
        patch = self._patch(snapshot, seq)
        for client in self._clients:
            follows = client.tick == self._tick and not client.outbox.has_update
            use_patch = patch is not None and client.subscription.patches and follows
            client.outbox.offer_update(patch if patch is not None and use_patch else full)
            client.tick = self._tick + 1
        self._tick += 1
        self._wake()

    def flush(self) -> None:
        """Tell of what was published since the last time."""
        self._offer_pending()
        self._wake()

    def _offer_pending(self) -> None:
        """Offer the events that wait; others come in between only afterwards, so that their order holds."""
        pending, self._pending = self._pending, []
        groups: dict[Wanted, list[Client]] = {}
        for client in self._clients if pending else ():
            groups.setdefault(client.subscription.wanted, []).append(client)
        made: dict[int, Message] = {}
        for wanted, clients in groups.items():
            found = _matching(pending, wanted)
            missing = max(0, len(found) - EVENTS)
            for piece in pieces(found[missing:], made):
                for client in clients:
                    dropped = client.outbox.offer_events(piece, missing)
                    if dropped:
                        self._dropped(dropped)
                missing = 0

    def _wake(self) -> None:
        for number, client in enumerate(list(self._clients), 1):
            client.delivery.wake()
            if number % TURN == 0:
                gevent.sleep(0)

    def _patch(self, snapshot: bytes, seq: int) -> Piece | None:
        """The difference from the update before, where someone wants it and it can be told."""
        before, self._last = self._last, None
        if not any(client.subscription.patches for client in self._clients):
            return None
        self._last = msgspec.json.decode(snapshot)
        if before is None:
            return None
        try:
            patch = msgspec.json.encode(merge_patch(before, self._last))
        except NoPatchError:
            return None
        return Piece([Message("dashboard_update", seq, patch, "patch")])

    def _run(self) -> None:
        while True:
            self._waiting.wait()
            gevent.sleep(FLUSH_SECONDS)
            self._waiting.clear()
            try:
                self.flush()
            except Exception:
                log.exception("events could not be told")


def _matching(pending: Sequence[tuple[int, Kept[NewEvent]]], wanted: Wanted) -> list[Found[NewEvent]]:
    if wanted.nothing:
        return []
    return [
        Found(first + place, kept, place)
        for first, kept in pending
        for place, event in enumerate(kept.records)
        if wanted.everything or wanted.has(event)
    ]


def pieces(events: Sequence[Found[NewEvent]], made: dict[int, Message]) -> Iterator[Piece]:
    """Events as pieces of a handy size; `made` remembers their messages."""
    messages: list[Message] = []
    size = 0
    for seq, kept, place in events:
        message = made.get(seq)
        if message is None:
            message = made[seq] = Message("event", seq, event_json(kept, place))
        messages.append(message)
        size += len(message.data)
        if len(messages) >= PIECE_EVENTS or size >= PIECE_BYTES:
            yield Piece(messages)
            messages, size = [], 0
    if messages:
        yield Piece(messages)
