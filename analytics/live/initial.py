"""Initial messages: what a client gets first, which is the events it missed, where it asks for them, and a snapshot."""

from collections.abc import Iterator

from analytics.live.event_batches import event_batches
from analytics.live.messages import Message, MessageBatch
from analytics.live.subscription import Topics
from analytics.query.events import events_after, sequences
from analytics.query.reader import Reader
from analytics.snapshot.source import SnapshotSource

EVENTS_PER_READ = 500
"""Events read at once: few, since a slow client keeps those that the ring drops meanwhile in memory."""


class InitialMessages:
    """Makes initial messages: the snapshot is of the moment of the call, the events are read as they are sent."""

    def __init__(self, reader: Reader, snapshots: SnapshotSource) -> None:
        self._reader, self._snapshots = reader, snapshots

    @property
    def newest(self) -> int:
        """Sequence number of the newest event."""
        return self._reader.ask(sequences)[1]

    def batches(self, topics: Topics, since: int | None) -> Iterator[MessageBatch]:
        """Events of `topics` with a sequence number above `since`, then a snapshot.

        The snapshot has `gap` set where some of the events are no longer in memory, or not when they are to be sent.
        """
        evicted, newest = self._reader.ask(sequences)
        snapshot = self._snapshots.current()
        gap = since is not None and not evicted <= since <= newest
        return self._batches(topics, newest if since is None or gap else since, newest, snapshot, gap=gap)

    def _batches(
        self, topics: Topics, since: int, newest: int, snapshot: bytes, *, gap: bool
    ) -> Iterator[MessageBatch]:
        while since < newest:
            after, are_missing = self._reader.ask(events_after, since, EVENTS_PER_READ)
            gap = gap or are_missing
            found = [event for event in after if event.sequence <= newest]
            if not found:
                break
            since = found[-1].sequence
            yield from event_batches(
                each
                for each in found
                if topics.matches(each.kept.records[each.place]) and each.kept.is_live(each.place)
            )
        yield MessageBatch([Message("snapshot", newest, snapshot, gap=gap)])
