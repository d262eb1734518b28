"""Events that are in no table yet, as columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analytics.store.files.figures import DAY_MICROSECONDS, EventFigures, figures_of
from analytics.store.files.layout import FIXED_COLUMNS
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import Fields, Shapes
from analytics.store.process.decoding import JournalEvent
from analytics.store.process.event_columns import REPEATED, TEXTS, EventColumns, data_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SPLIT_ROWS = 2_000
"""Rows that become columns at once."""
_ARRAYS = {"seq": "i8", "time": "i8", "received": "i8", "is_timed": "?"}


class WaitingRows:
    """Rows of all shapes; times are in microseconds since the epoch.

    Attributes:
        count: how many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._new = _no_rows()
        self._data: list[bytes | Fields] = []
        self._arrays: dict[str, list[Array]] = {name: [] for name in _ARRAYS}
        self._split = EventColumns()

    def add(
        self,
        events: Sequence[JournalEvent],
        seqs: Iterable[int],
        ids: Iterable[str],
        times: Sequence[int],
        received: int,
    ) -> None:
        """Add events."""
        columns = self._new
        columns["seq"] += seqs
        columns["id"] += ids
        columns["type"] += [event.type for event in events]
        columns["service"] += [event.service for event in events]
        columns["user_id"] += [event.user_id for event in events]
        columns["time"] += times
        columns["received"] += [received] * len(events)
        columns["is_timed"] += [event.timestamp is not None for event in events]
        self._data += data_of(events)
        self.count += len(events)

    @property
    def is_many(self) -> bool:
        """Whether it is time to split rows."""
        return len(self._data) >= SPLIT_ROWS

    def split(self, shapes: Shapes) -> None:
        """Put the rows into columns that are not in any yet."""
        import numpy as np

        if not self._data:
            return
        columns, self._new, data, self._data = self._new, _no_rows(), self._data, []
        for name, kind in _ARRAYS.items():
            self._arrays[name].append(np.fromiter(columns[name], kind, len(data)))
        self._split.add(columns, data, shapes)

    @property
    def shapes(self) -> set[int]:
        """The numbers of the shapes of those that are split."""
        return self._split.data.shapes

    @property
    def letters(self) -> LetterSets:
        """The letters of the columns of those that are split."""
        return self._split.letters

    def columns(self) -> dict[str, Any]:
        """The columns of those that are split."""
        import numpy as np

        columns: dict[str, Any] = {}
        for name, arrays in self._arrays.items():
            array = np.concatenate(arrays)
            columns[name] = array.view("M8[us]") if FIXED_COLUMNS[name] == "TIMESTAMP" else array
        return columns | self._split.columns()

    def figures(self, columns: Mapping[str, Any]) -> dict[int, EventFigures]:
        """The figures of those that are split, by day; `columns` are theirs."""
        import numpy as np

        times = columns["time"].view("i8")
        days = times // DAY_MICROSECONDS
        found = {}
        for day in np.unique(days).tolist():
            at = days == day
            places = {name: columns[name].places[at] for name in ("service", "type")}
            services, types = (self._split.repeated[name].at(each) for name, each in places.items())
            numbers = (columns["seq"][at], columns["shape"][at])
            found[day] = figures_of(times[at], *numbers, services, types, list(places.values()))
        return found


def _no_rows() -> dict[str, list[Any]]:
    return {name: [] for name in (*TEXTS, *REPEATED, *_ARRAYS)}
