"""The hub: hands each message, made once, to the outbox of every connected client."""

from collections.abc import Iterator
from contextlib import contextmanager

from analytics.live.outbox import Outbox
from analytics.records import Kept, NewEvent, event_json

OUTBOX_CAPACITY = 1_000


class Hub:
    """All connected clients."""

    def __init__(self) -> None:
        self._clients: set[Outbox] = set()

    def __len__(self) -> int:
        return len(self._clients)

    @contextmanager
    def connect(self) -> Iterator[Outbox]:
        """A place in the hub for as long as the block lasts."""
        outbox = Outbox(OUTBOX_CAPACITY)
        self._clients.add(outbox)
        try:
            yield outbox
        finally:
            self._clients.discard(outbox)

    def publish_events(self, kept: Kept[NewEvent]) -> None:
        """Tell every client of each event."""
        if self._clients:
            for place in range(len(kept.records)):
                self._publish(message("event", event_json(kept, place)))

    def publish_snapshot(self, snapshot: bytes) -> None:
        """Tell every client the new snapshot."""
        if self._clients:
            self._publish(message("dashboard_update", snapshot))

    def _publish(self, text: str) -> None:
        for client in self._clients:
            client.offer(text)


def message(kind: str, data: bytes) -> str:
    """A message of SPEC.md's shape around JSON that is already encoded."""
    return f'{{"type":"{kind}","data":{data.decode()}}}'
