"""The hub: what is published is encoded once and offered to each client's outbox, none of which can hold it up."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import gevent
import msgspec
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from analytics.jobs.supervisor import Supervisor
from analytics.live.delivery import Delivery, Line
from analytics.live.messages import Message, Piece
from analytics.live.outbox import EVENTS, Outbox
from analytics.live.patch import NoPatchError, merge_patch
from analytics.live.rounds import Rounds
from analytics.live.subscription import Subscription, Wanted
from analytics.records import Kept, NewEvent, event_json
from analytics.state.rings import Found
from analytics.yielding import yield_to_others

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""The longest pause before sending events is tried again after it failed."""
FLUSH_SECONDS = 0.04
"""How long events wait for others to go out with."""
TURN = 200
"""How many clients are written to before others have a turn."""
PINGS_APART = 25
"""Seconds, or updates, from a client's ping to its next one."""
PIECE_EVENTS = 100
PIECE_BYTES = 256 * 1024


class Client:
    """A connected client: what it wants, what waits for it, and how that is delivered.

    `since` is the number of the newest event that it was told of, or knew of, when it came; `opened` is that of the
    update before its opening, `tick` that of the last one that a patch can be against.
    """

    __slots__ = ("delivery", "opened", "outbox", "since", "subscription", "tick")

    def __init__(self, subscription: Subscription, line: Line, since: int) -> None:
        self.subscription, self.since = subscription, since
        self.outbox = Outbox()
        self.delivery = Delivery(self.outbox, line)
        self.tick = self.opened = -1


class Hub:
    """All connected clients, whatever they speak.

    Args:
        dropped: called with the number of messages that were dropped.
        jobs: makes the job that sends events.
    """

    def __init__(self, dropped: Callable[[int], None], jobs: Supervisor) -> None:
        self._dropped = dropped
        self._clients: dict[Client, None] = {}  # in the order in which they came, and lie in memory
        self._patching: set[Client] = set()
        self._pings: Rounds[Client] = Rounds(PINGS_APART)
        self._pending: list[tuple[int, Kept[NewEvent]]] = []
        self._waiting = Event()
        self._flusher = jobs.loop("live event sender", self._run, most_pause=RETRY_SECONDS)
        self._turn = BoundedSemaphore()
        self._tick = 0
        self._last: Any = None
        self.draining = False

    def __len__(self) -> int:
        return len(self._clients)

    def start(self) -> None:
        """Begin to flush events, unless begun."""
        self._flusher.start()

    def stop(self) -> None:
        """End what `start` began."""
        self._flusher.stop()

    def drain(self) -> None:
        """Send all clients away, and those that come from now on."""
        self.draining = True
        for client in self._clients:
            client.delivery.close()

    def join(self, subscription: Subscription, line: Line, since: int) -> Client:
        """A new client; it is told of the events numbered above `since`."""
        client = Client(subscription, line, since)
        self._clients[client] = None
        self._pings.add(client)
        self.subscribe(client, subscription)
        if self.draining:
            client.delivery.close()
        return client

    def subscribe(self, client: Client, subscription: Subscription) -> None:
        """Have a client told of what it wants from now on."""
        client.subscription = subscription
        (self._patching.add if subscription.patches else self._patching.discard)(client)

    def reopen(self, client: Client, since: int) -> None:
        """Let a client begin anew, with another opening: what waits for it, and what is being told now, is older."""
        client.outbox.forget()
        client.since, client.opened = since, self._tick
        client.tick = -1

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.pop(client, None)
        self._patching.discard(client)
        self._pings.discard(client)
        client.delivery.end()

    def publish_events(self, kept: Kept[NewEvent], last: int) -> None:
        """Send the events of one request that are news, soon; the last one has the sequence number `last`."""
        if self._clients and any(map(kept.is_live, range(len(kept.records)))):
            self._pending.append((last - len(kept.records) + 1, kept))
            self._waiting.set()

    def publish_update(self, make: Callable[[], tuple[bytes, int]]) -> None:
        """Tell of a new snapshot: `make` gives its JSON and the number of the newest event that it knows of."""
        with self._turn:
            if not self._clients:
                self._last = None
                return
            snapshot, seq = make()
            full = Piece([Message("dashboard_update", seq, snapshot)])
            self._tell(full, self._patch(snapshot, seq))

    def ping(self) -> None:
        """Ask those whose turn it is whether they are still there; to be called once a second."""
        for client in self._pings.next():
            client.delivery.ping()

    def flush(self) -> None:
        """Tell of the events that were published since the last time."""
        with self._turn:
            self._tell(None, None)

    def _tell(self, update: Piece | None, patch: Piece | None) -> None:
        """Tell every client of the events that wait and of the update; only one at a time may, so that order holds."""
        pending, self._pending = self._pending, []
        events: dict[tuple[Wanted, int], _News] = {}
        self._tick += update is not None
        for number, client in enumerate(list(self._clients), 1):
            try:
                self._tell_one(client, pending, events, update, patch)
            except Exception:
                log.exception("a live client is cut off: sending to it failed")
                client.delivery.close()
            if number % TURN == 0:
                yield_to_others()

    def _tell_one(
        self,
        client: Client,
        pending: Sequence[tuple[int, Kept[NewEvent]]],
        events: "dict[tuple[Wanted, int], _News]",
        update: Piece | None,
        patch: Piece | None,
    ) -> None:
        """Send one client the events that wait and the update; `events` holds what was made for others before."""
        waits = False
        if pending:
            asked = client.subscription.wanted, max(client.since, pending[0][0] - 1)
            news = events.get(asked)
            if news is None:
                news = events[asked] = _News.of(pending, *asked)
            if update is not None or news.single is None or not client.delivery.pass_by(news.single):
                waits = self._offer_events(client.outbox, news)
        if update is not None and client.opened != self._tick:
            told = self._suited(client, update, patch) if client in self._patching else update
            if waits or not client.delivery.pass_by(told):
                client.outbox.offer_update(told)
                waits = True
        if waits:
            client.delivery.wake()

    def _suited(self, client: Client, update: Piece, patch: Piece | None) -> Piece:
        """The patch, where a client that wants it is going to know what it is against; else the whole update."""
        is_base_known = client.tick == self._tick - 1 and not client.outbox.has_update
        client.tick = self._tick
        return patch if patch is not None and is_base_known else update

    def _offer_events(self, outbox: Outbox, news: "_News") -> bool:
        """Returns whether there are any."""
        missing = news.missing
        for piece in news.pieces:
            dropped = outbox.offer_events(piece, missing)
            missing = 0
            if dropped:
                self._dropped(dropped)
        return bool(news.pieces)

    def _patch(self, snapshot: bytes, seq: int) -> Piece | None:
        """The difference from the update before, where someone wants it and it can be told."""
        before, self._last = self._last, None
        if not self._patching:
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
            self.flush()


class _News(NamedTuple):
    """The events that some clients are told of those that wait: as pieces, and how many are too many to be told.

    `single` is the piece where there is only one, and nothing is missing.
    """

    pieces: list[Piece]
    missing: int
    single: Piece | None

    @classmethod
    def of(cls, pending: Sequence[tuple[int, Kept[NewEvent]]], wanted: Wanted, since: int) -> "_News":
        """Those numbered above `since`: who came while they waited knows of the others."""
        if wanted.nothing:
            return cls([], 0, None)
        found = [
            Found(first + place, kept, place)
            for first, kept in pending
            for place, event in enumerate(kept.records)
            if first + place > since and (wanted.everything or wanted.has(event)) and kept.is_live(place)
        ]
        missing = max(0, len(found) - EVENTS)
        made = list(pieces(found[missing:]))
        return cls(made, missing, made[0] if len(made) == 1 and not missing else None)


def pieces(events: Iterable[Found[NewEvent]]) -> Iterator[Piece]:
    """Events as pieces of a handy size."""
    messages: list[Message] = []
    size = 0
    for seq, kept, place in events:
        message = Message("event", seq, event_json(kept, place))
        messages.append(message)
        size += len(message.data)
        if len(messages) >= PIECE_EVENTS or size >= PIECE_BYTES:
            yield Piece(messages)
            messages, size = [], 0
    if messages:
        yield Piece(messages)
