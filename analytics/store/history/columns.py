"""Columns of old events in the order of files, so that each day is written as it is: nothing is sorted again."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.store.files.arrow import ArrowRows, PickedColumn, TextColumn, lines_column, text_column
from analytics.store.files.figures import DAY_MICROSECONDS, EventFigures
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import COLUMN, Shapes
from analytics.store.process.decoding import JournalEvent, SplitEvent
from analytics.store.process.waiting import SPLIT_ROWS

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[Any, np.dtype[np.int64]]


class DayRows(NamedTuple):
    """The events of one day, in the order of its file: their figures, and they as DuckDB reads them."""

    day: int
    figures: EventFigures
    rows: ArrowRows


class _Field:
    """A column of data while events are split: the texts that were found, and the place of each event among them."""

    def __init__(self, count: int) -> None:
        import numpy as np

        self.places = np.full(count, -1, "i8")
        self._lines: list[bytes] = []
        self._count = 0

    def put(self, events: "Integers", joined: bytes) -> None:
        """Put the texts of some events."""
        import numpy as np

        self._lines.append(joined)
        self.places[events] = np.arange(self._count, self._count + len(events))
        self._count += len(events)

    def column(self) -> PickedColumn:
        """The column."""
        return PickedColumn(self.places, lines_column(self._lines))


class HistoryColumns:
    """Events as columns, by day, service, type, time and number, as files have them.

    Args:
        times: in microseconds since the epoch.
        first: number of the first event; the others follow.
        received: when they came, in microseconds since the epoch.
        lock: held while some events are split, as others use the shapes, too.

    Attributes:
        letters: of the columns of texts.
    """

    def __init__(
        self,
        events: Sequence[JournalEvent],
        times: "Integers",
        first: int,
        received: int,
        shapes: Shapes,
        lock: AbstractContextManager[object],
    ) -> None:
        import numpy as np

        days = times // DAY_MICROSECONDS
        names = [(event.service, event.type) for event in events]
        ranks = {pair: rank for rank, pair in enumerate(sorted(set(names)))}
        order = np.lexsort((times, np.fromiter(map(ranks.__getitem__, names), "i4", len(names)), days))
        events, self._times, self._days = [events[place] for place in order.tolist()], times[order], days[order]
        self._sets = LetterSets()
        self._columns: dict[str, Any] = {
            "seq": order + first,
            "id": self._texts("id", [event.id or "" for event in events]),
            "type": self._texts("type", [event.type for event in events]),
            "service": self._texts("service", [event.service for event in events]),
            "user_id": self._texts("user_id", [event.user_id for event in events]),
            "time": self._times.view("M8[us]"),
            "received": np.full(len(events), received, "i8").view("M8[us]"),
            "is_timed": np.fromiter([event.timestamp is not None for event in events], "?", len(events)),
            "shape": np.zeros(len(events), "i2"),
        }
        self._names = [names[place] for place in order.tolist()]
        self._fields = {"rest": _Field(len(events))}
        self._shapes = shapes
        for start in range(0, len(events), SPLIT_ROWS):
            data = [
                event.data if isinstance(event, SplitEvent) else bytes(event.data)
                for event in events[start : start + SPLIT_ROWS]
            ]
            with lock:
                self._split(data, start)
        self._columns |= {name: field.column() for name, field in self._fields.items()}
        self.letters = self._sets.letters()

    def _texts(self, name: str, texts: Sequence[str | None]) -> TextColumn:
        column = text_column(texts)
        self._sets.add(name, column.utf8)
        return column

    def _split(self, data: Sequence[Any], start: int) -> None:
        """Put the data of the events from a place on into columns."""
        import numpy as np

        for group in self._shapes.split(data):
            places = np.fromiter(group.places, "i8", len(group.places)) + start
            names = ["rest"]
            if group.shape is not None:
                self._columns["shape"][places] = group.shape.number
                names = [COLUMN + field for field in group.shape.fields]
            for name, joined in zip(names, group.columns, strict=True):
                self._sets.add(name, joined)
                if name not in self._fields:
                    self._fields[name] = _Field(len(self._times))
                self._fields[name].put(places, joined)

    def days(self) -> Iterator[DayRows]:
        """The events of each day, in order."""
        import numpy as np

        edges = [0, *(np.flatnonzero(np.diff(self._days)) + 1).tolist(), len(self._days)]
        for start, end in pairwise(edges):
            columns = {name: _cut(column, start, end) for name, column in self._columns.items()}
            figures = self._figures(start, end)
            yield DayRows(int(self._days[start]), figures, ArrowRows(columns, end - start))

    def _figures(self, start: int, end: int) -> EventFigures:
        import numpy as np

        times, seqs, names = self._times[start:end], self._columns["seq"][start:end], set(self._names[start:end])
        return EventFigures(
            end - start,
            int(seqs.min()),
            int(seqs.max()),
            int(times.min()) / 1e6,
            int(times.max()) / 1e6,
            frozenset(service for service, _ in names),
            frozenset(type_ for _, type_ in names),
            tuple(np.unique(self._columns["shape"][start:end]).tolist()),
        )


def _cut(column: Any, start: int, end: int) -> Any:
    return column.cut(start, end) if isinstance(column, TextColumn | PickedColumn) else column[start:end]
