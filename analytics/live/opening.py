"""What a client is told first: the events that it missed, where it says so, and a snapshot."""

from collections.abc import Iterator

from analytics.live.hub import pieces
from analytics.live.messages import Message, Piece
from analytics.live.subscription import Wanted
from analytics.query.events import events_after, sequences
from analytics.query.reader import Reader
from analytics.snapshot.source import SnapshotSource

CHUNK = 500
"""How many events are looked at at once: a slow client must not hold many that the ring has let go."""


class Openings:
    """Makes openings; they begin at the moment of the call and are made as they are sent."""

    def __init__(self, reader: Reader, snapshots: SnapshotSource) -> None:
        self._reader, self._snapshots = reader, snapshots

    @property
    def newest(self) -> int:
        """The number of the newest event."""
        return self._reader.ask(sequences)[1]

    def of(self, wanted: Wanted, since: int | None) -> Iterator[Piece]:
        """The `wanted` events after the one numbered `since`, if they are still held, then a snapshot.

        The snapshot tells of a gap where they are not, or no longer when their turn comes.
        """
        oldest, newest = self._reader.ask(sequences)
        snapshot = self._snapshots.current()
        gap = since is not None and not oldest - 1 <= since <= newest
        return self._pieces(wanted, newest if since is None or gap else since, newest, snapshot, gap=gap)

    def _pieces(self, wanted: Wanted, since: int, newest: int, snapshot: bytes, *, gap: bool) -> Iterator[Piece]:
        while since < newest:
            found = [event for event in self._reader.ask(events_after, since, CHUNK) if event.sequence <= newest]
            if not found or found[0].sequence > since + 1:
                gap = True
            if not found:
                break
            since = found[-1].sequence
            yield from pieces(
                each for each in found if wanted.has(each.kept.records[each.place]) and each.kept.is_live(each.place)
            )
        yield Piece([Message("snapshot", newest, snapshot, gap=gap)])
