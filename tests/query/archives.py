"""An archive over a plain table, of all events that a rig recorded, also those that left its memory."""

from analytics.bus import BatchRecorded
from analytics.filters.searches import StoredEvents, StoreSearch
from analytics.query.archive import ArchiveAway
from analytics.records import Kept, NewEvent
from analytics.store.search.searching import search
from tests.state.rig import Rig
from tests.store.plain_source import PlainSource, connect, fill

DATABASE = connect()


class FakeArchive:
    """Answers like the long-term store; `is_away` makes it fail, and `before_search` is called ahead of each search."""

    is_on = True

    def __init__(self, rig: Rig) -> None:
        self.is_away, self.before_search = False, lambda: None
        self.batches: list[tuple[int, Kept[NewEvent]]] = []
        self.asked: list[StoreSearch] = []
        self.start_seconds: list[float] = []
        rig.bus.listen(BatchRecorded, self._add)

    def _add(self, recorded: BatchRecorded) -> None:
        if recorded.kind == "events":
            kept = recorded.kept
            self.batches.append((recorded.last - len(kept.records) + 1, kept))

    def search(self, asked: StoreSearch, start_seconds: float) -> StoredEvents:
        self.before_search()
        self.asked.append(asked)
        self.start_seconds.append(start_seconds)
        if self.is_away:
            raise ArchiveAway("store_unavailable", "It is away.")
        fill(DATABASE, self.batches)
        return search(PlainSource(DATABASE, 3), DATABASE, asked, lambda: 0.0, least_rows=2)
