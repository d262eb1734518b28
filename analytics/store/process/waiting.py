"""Events that are in no table yet, as columns by shape: in the memory of Arrow, a thousand at a time."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from analytics.filters.names import EVENT_FIELDS
from analytics.store.files.arrow import ArrowRows, TextColumn, lines_column, text_column, texts_in_order
from analytics.store.files.layout import FIXED_COLUMNS
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import COLUMN, Fields, Shapes, SplitGroup
from analytics.store.process.decoding import JournalEvent, SplitEvent

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SPLIT_ROWS = 1_000
"""Rows that are split at once: so few that they stay in the cache of the processor meanwhile."""
_ARRAY_TYPES = {"BIGINT": "i8", "TIMESTAMP": "i8", "BOOLEAN": "?"}
_SPLIT = ("shape", "rest")
_TEXTS = [name for name, kind in FIXED_COLUMNS.items() if kind == "VARCHAR" and name not in _SPLIT]
_ARRAYS = {name: _ARRAY_TYPES[kind] for name, kind in FIXED_COLUMNS.items() if name not in (*_TEXTS, *_SPLIT)}


class ShapeRows:
    """Rows of one shape.

    Attributes:
        fields: the columns of their data.
        letters: of columns of texts.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = fields
        self.count = 0
        self.letters = LetterSets()
        self._lines: dict[str, list[bytes]] = {name: [] for name in fields}
        self._texts: dict[str, list[TextColumn]] = {name: [] for name in _TEXTS}
        self._arrays: dict[str, list[Array]] = {name: [] for name in _ARRAYS}

    def add(self, count: int, texts: Mapping[str, Sequence[str | None]], arrays: "Mapping[str, Array]") -> None:
        """Add rows, whose data follows by `add_data`."""
        self.count += count
        for name, values in texts.items():
            column = text_column(values)
            self._texts[name].append(column)
            if name in EVENT_FIELDS.searched:
                self.letters.add(name, column.utf8)
        for name, array in arrays.items():
            self._arrays[name].append(array)

    def add_data(self, columns: Iterable[bytes]) -> None:
        """Add the texts of each field, joined by line ends."""
        for name, joined in zip(self.fields, columns, strict=True):
            self._lines[name].append(joined)
            self.letters.add(name, joined)

    def rows(self, shape: int) -> ArrowRows:
        """The rows, with the number of their shape."""
        import numpy as np

        columns: dict[str, Any] = {"shape": np.full(self.count, shape, "i2")}
        for name, arrays in self._arrays.items():
            array = np.concatenate(arrays)
            columns[name] = array.view("M8[us]") if FIXED_COLUMNS[name] == "TIMESTAMP" else array
        columns |= {name: texts_in_order(parts) for name, parts in self._texts.items()}
        columns |= {name: lines_column(lines) for name, lines in self._lines.items()}
        return ArrowRows(columns, self.count)


class WaitingRows:
    """Rows by shape; times are in microseconds since the epoch."""

    def __init__(self) -> None:
        self._data: list[bytes | Fields] = []
        self._columns = _no_rows()
        self._by_shape: dict[int, ShapeRows] = {}
        self.count = 0

    def add(
        self,
        events: Sequence[JournalEvent],
        seqs: Iterable[int],
        ids: Iterable[str],
        times: Sequence[int],
        received: int,
    ) -> None:
        """Add events."""
        columns = self._columns
        columns["seq"] += seqs
        columns["id"] += ids
        columns["type"] += [event.type for event in events]
        columns["service"] += [event.service for event in events]
        columns["user_id"] += [event.user_id for event in events]
        columns["time"] += times
        columns["received"] += [received] * len(events)
        columns["is_timed"] += [event.timestamp is not None for event in events]
        self._data += [event.data if isinstance(event, SplitEvent) else bytes(event.data) for event in events]
        self.count += len(events)

    @property
    def is_many(self) -> bool:
        """Whether it is time to split rows."""
        return len(self._data) >= SPLIT_ROWS

    def split(self, shapes: Shapes) -> Mapping[int, ShapeRows]:
        """Split the rows by shape; returns all of each shape, 0 for data that stays whole."""
        import numpy as np

        columns, self._columns, data, self._data = self._columns, _no_rows(), self._data, []
        arrays = {name: np.fromiter(columns[name], kind, len(data)) for name, kind in _ARRAYS.items()}
        for group in shapes.split(data):
            number = 0 if group.shape is None else group.shape.number
            into = self._by_shape.get(number)
            if into is None:
                into = self._by_shape[number] = ShapeRows(_fields_of(group))
            count, places = len(group.places), np.fromiter(group.places, "i8", len(group.places))
            pick = itemgetter(*group.places) if count > 1 else itemgetter(slice(group.places[0], group.places[0] + 1))
            into.add(
                count,
                {name: pick(columns[name]) for name in _TEXTS},
                {name: array[places] for name, array in arrays.items()},
            )
            into.add_data(group.columns)
        return self._by_shape

    def remove(self, number: int) -> None:
        """Remove the rows of a shape, which are in a table."""
        self.count -= self._by_shape.pop(number).count


def _no_rows() -> dict[str, list[Any]]:
    return {name: [] for name in (*_TEXTS, *_ARRAYS)}


def _fields_of(group: SplitGroup) -> list[str]:
    return ["rest"] if group.shape is None else [COLUMN + name for name in group.shape.fields]
