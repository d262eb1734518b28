"""The hub: encodes each message once and adds it to the outbox of each client; no client can delay another."""

import logging
from collections.abc import Callable, Set
from typing import Any, NamedTuple

import gevent
import msgspec
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from analytics.jobs.supervisor import Supervisor
from analytics.live.broadcast import Broadcast
from analytics.live.delivery import FAILED, RECORDS_ERASED, STOPPING, Connection, Delivery
from analytics.live.event_batches import PendingEvents, SelectedEvents, without
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import Outbox
from analytics.live.patch import NoPatchError, merge_patch
from analytics.live.round_robin import RoundRobin
from analytics.live.subscription import Subscription
from analytics.records import Kept, NewEvent
from analytics.yielding import yield_to_others

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""The longest pause before sending events is tried again after it failed."""
FLUSH_SECONDS = 0.04
"""How long events are collected before they are sent together."""
YIELD_EVERY = 200
"""Number of clients served in a broadcast before it yields."""
PING_INTERVAL = 25
"""Calls of `Hub.ping`, which is called once a second, between two pings of a client."""


class Waiting(NamedTuple):
    """The backlog of all clients: how many have one, and its events with their bytes."""

    clients: int
    events: int
    bytes: int


class Client:
    """A connected client.

    Attributes:
        since: sequence number of the newest event that the client has or gets by its initial messages.
        initial_tick: number of the update during which its initial messages were made again, which covers it; or -1.
        tick: number of the newest update that the client can apply a patch to; or -1.
    """

    __slots__ = ("delivery", "initial_tick", "outbox", "since", "subscription", "tick")

    def __init__(self, subscription: Subscription, connection: Connection, since: int) -> None:
        self.subscription, self.since = subscription, since
        self.outbox = Outbox()
        self.delivery = Delivery(self.outbox, connection)
        self.tick = self.initial_tick = -1


class Hub:
    """All connected clients of all protocols.

    Args:
        dropped: called with the number of events that were dropped.
        jobs: makes the job that sends events.
    """

    def __init__(self, dropped: Callable[[int], None], jobs: Supervisor) -> None:
        self._dropped = dropped
        self._clients: dict[Client, None] = {}  # a dict, since its order is that of memory: a broadcast runs faster
        self._patching: set[Client] = set()
        self._pings: RoundRobin[Client] = RoundRobin(PING_INTERVAL)
        self._pending: list[PendingEvents] = []
        self._waiting = Event()
        self._flusher = jobs.loop("live event sender", self._run, most_pause=RETRY_SECONDS)
        self._broadcasting = BoundedSemaphore()
        self._sending: Broadcast | None = None
        self._tick = 0
        self._last: Any = None
        self.draining = False

    def __len__(self) -> int:
        return len(self._clients)

    def waiting(self) -> Waiting:
        """The backlog in the outboxes of all clients."""
        outboxes = [client.outbox for client in self._clients if not client.outbox.is_empty]
        sizes = [outbox.waiting for outbox in outboxes]
        return Waiting(len(outboxes), sum(events for events, _ in sizes), sum(size for _, size in sizes))

    def start(self) -> None:
        """Start the job that sends events, unless started."""
        self._flusher.start()

    def stop(self) -> None:
        """Stop the job that sends events."""
        self._flusher.stop()

    def drain(self) -> None:
        """Close all connections, and each that is added from now on."""
        self.draining = True
        for client in self._clients:
            client.delivery.close(STOPPING)

    def join(self, subscription: Subscription, connection: Connection, since: int) -> Client:
        """Add a client, which gets the events with a sequence number above `since`."""
        client = Client(subscription, connection, since)
        self._clients[client] = None
        self._pings.add(client)
        self.subscribe(client, subscription)
        if self.draining:
            client.delivery.close(STOPPING)
        return client

    def subscribe(self, client: Client, subscription: Subscription) -> None:
        """Change the subscription of a client."""
        client.subscription = subscription
        (self._patching.add if subscription.patches else self._patching.discard)(client)

    def restart(self, client: Client, since: int) -> None:
        """Discard what a client has yet to get, before it gets initial messages again.

        The update that is being broadcast is older than these and is not sent to the client either.
        """
        client.outbox.discard()
        client.since, client.initial_tick = since, self._tick
        client.tick = -1

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self._clients.pop(client, None)
        self._patching.discard(client)
        self._pings.discard(client)
        client.delivery.stop()

    def publish_events(self, kept: Kept[NewEvent], last: int) -> None:
        """Have the live events of one request sent soon; `last` is the sequence number of the last one."""
        if self._clients and any(map(kept.is_live, range(len(kept.records)))):
            self._pending.append(PendingEvents(last - len(kept.records) + 1, kept))
            self._waiting.set()

    def erase(self, users: Set[str]) -> None:
        """Discard the events of these users that wait to be sent.

        A client that is behind is disconnected, since encoded events and snapshots wait for it; it comes back and gets
        what is left. Of a broadcast that is going on, the clients that are still to be served get no update.
        """
        self._pending = without(self._pending, users)
        if self._sending is not None:
            self._sending.erase(users)
        for client in list(self._clients):
            if client.delivery.is_behind:
                client.delivery.close(RECORDS_ERASED)

    def publish_update(self, make: Callable[[], tuple[bytes, int]]) -> None:
        """Send a new snapshot to all clients.

        Args:
            make: returns the snapshot's JSON, and the sequence number of the newest event in it.
        """
        with self._broadcasting:
            if not self._clients:
                self._last = None
                return
            snapshot, seq = make()
            full = MessageBatch([Message("dashboard_update", seq, snapshot)])
            self._broadcast(full, self._patch(snapshot, seq))

    def ping(self) -> None:
        """Ping the next group of clients; to be called once a second."""
        for client in self._pings.next():
            client.delivery.ping()

    def flush(self) -> None:
        """Send the pending events to all clients."""
        with self._broadcasting:
            self._broadcast(None, None)

    def _broadcast(self, update: MessageBatch | None, patch: MessageBatch | None) -> None:
        """Send the pending events and the update to all clients; to be called by one greenlet at a time, for order."""
        sending = self._sending = Broadcast(self._pending, update, patch)
        self._pending = []
        self._tick += update is not None
        for number, client in enumerate(list(self._clients), 1):
            try:
                self._send_to(client, sending)
            except Exception:
                log.exception("a live client is cut off: sending to it failed")
                client.delivery.close(FAILED)
            if number % YIELD_EVERY == 0:
                yield_to_others()
        self._sending = None

    def _send_to(self, client: Client, sending: Broadcast) -> None:
        """Send pending events and the update to one client."""
        must_flush, update, patch = False, sending.update, sending.patch
        if sending.pending:
            events = sending.select(client.subscription.topics, client.since)
            if update is not None or events.single is None or not client.delivery.push(events.single):
                must_flush = self._add_events(client.outbox, events)
        if update is not None and client.initial_tick != self._tick:
            batch = self._update_for(client, update, patch) if client in self._patching else update
            if must_flush or not client.delivery.push(batch):
                client.outbox.add_update(batch)
                must_flush = True
        if must_flush:
            client.delivery.flush()

    def _update_for(self, client: Client, update: MessageBatch, patch: MessageBatch | None) -> MessageBatch:
        """The patch, where the client has, or is about to get, the update that the patch applies to; else `update`."""
        has_base = client.tick == self._tick - 1 and not client.outbox.has_update
        client.tick = self._tick
        return patch if patch is not None and has_base else update

    def _add_events(self, outbox: Outbox, events: SelectedEvents) -> bool:
        """Add events to an outbox; returns whether there were any."""
        missing = events.missing
        for batch in events.batches:
            dropped = outbox.add_events(batch, missing)
            missing = 0
            if dropped:
                self._dropped(dropped)
        return bool(events.batches)

    def _patch(self, snapshot: bytes, seq: int) -> MessageBatch | None:
        """The difference from the previous update, if a client wants it and a patch can express it."""
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
        return MessageBatch([Message("dashboard_update", seq, patch, "patch")])

    def _run(self) -> None:
        while True:
            self._waiting.wait()
            gevent.sleep(FLUSH_SECONDS)
            self._waiting.clear()
            self.flush()
