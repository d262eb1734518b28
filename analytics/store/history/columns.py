"""Columns of old events in the order of files, so that each day is written as it is: nothing is sorted again."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.store.files.arrow import ArrowRows
from analytics.store.files.figures import DAY_MICROSECONDS, EventFigures, figures_of
from analytics.store.files.letters import together
from analytics.store.files.text_columns import PickedColumn, TextColumn, picked_together, text_column
from analytics.store.history.batch import HistoryBatch
from analytics.store.process.event_columns import REPEATED

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


class DayRows(NamedTuple):
    """The events of one day, in the order of its file: their figures, and they as DuckDB reads them."""

    day: int
    figures: EventFigures
    rows: ArrowRows


class HistoryColumns:
    """The kept events of batches as columns, by day, service, type, time and number, as files have them.

    Args:
        first: number of the first event; the others follow.
        received: when they came, in microseconds since the epoch.

    Attributes:
        letters: of the columns of texts.
    """

    def __init__(self, batches: Sequence[HistoryBatch], first: int, received: int) -> None:
        import numpy as np

        starts = np.cumsum([0, *(len(batch.ids) for batch in batches)])
        kept = np.concatenate([batch.kept + start for batch, start in zip(batches, starts, strict=False)])
        times = np.concatenate([batch.times for batch in batches])[kept]
        days = times // DAY_MICROSECONDS
        texts = {name: picked_together([_texts_of(batch, name) for batch in batches]) for name in _names(batches)}
        self._known: dict[str, list[str]] = {}
        for name in REPEATED:
            self._known[name], texts[name] = _sorted(texts[name])
        order = np.lexsort((times, *(texts[name].places[kept] for name in ("type", "service")), days))
        self._days, self._times, rows = days[order], times[order], kept[order]
        self._columns: dict[str, Any] = {
            "seq": order + first,
            "time": self._times.view("M8[us]"),
            "received": np.full(len(rows), received, "i8").view("M8[us]"),
            "is_timed": np.concatenate([batch.is_timed for batch in batches])[rows],
            "shape": np.concatenate([batch.columns["shape"] for batch in batches])[rows],
        }
        is_mixed = bool((np.diff(days) < 0).any())
        for name, column in texts.items():
            picked = PickedColumn(column.places[rows], column.texts)
            self._columns[name] = picked.gathered() if is_mixed and name not in REPEATED else picked
        self.letters = together(batch.letters.letters() for batch in batches)

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

        times, seqs, shapes = (each[start:end] for each in (self._times, self._columns["seq"], self._columns["shape"]))
        ranks = {name: np.unique(self._columns[name].places[start:end]).tolist() for name in REPEATED}
        names = {name: [self._known[name][rank] for rank in found] for name, found in ranks.items()}
        places = [self._columns[name].places[start:end] for name in ("service", "type")]
        return figures_of(times, seqs, shapes, names["service"], names["type"], places)


def _names(batches: Sequence[HistoryBatch]) -> list[str]:
    """The names of the columns of texts, each once."""
    return list(dict.fromkeys(name for batch in batches for name in batch.columns if name != "shape"))


def _texts_of(batch: HistoryBatch, name: str) -> PickedColumn:
    """A column of texts of a batch, where a missing one has none."""
    import numpy as np

    column = batch.columns.get(name)
    if column is None:
        return PickedColumn(np.full(len(batch.ids), -1, "i8"), text_column([]))
    return column if isinstance(column, PickedColumn) else column.picked()


def _sorted(column: PickedColumn) -> tuple[list[str], PickedColumn]:
    """The texts of a column, each once and in order, and the column with these."""
    import numpy as np

    found = column.texts.texts()
    known = sorted(set(found))
    ranks = {text: rank for rank, text in enumerate(known)}
    places = np.array([ranks[text] for text in found])
    return known, PickedColumn(places[column.places], text_column(known))


def _cut(column: Any, start: int, end: int) -> Any:
    return column.cut(start, end) if isinstance(column, TextColumn | PickedColumn) else column[start:end]
