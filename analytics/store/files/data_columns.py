"""Columns of the data of events: each field of it is a column, with the place of each event's text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import COLUMN, Fields, Shapes
from analytics.store.files.text_columns import PickedColumn, lines_column

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[Any, np.dtype[Any]]


class _Field:
    """A column while events are split: the texts that were found, and the events that they are of."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._events: list[Integers] = []

    def put(self, events: "Integers", joined: bytes) -> None:
        """Put the texts of some events, joined by line ends."""
        self._lines.append(joined)
        self._events.append(events)

    def column(self, count: int) -> PickedColumn:
        """The column of so many events."""
        import numpy as np

        places = np.full(count, -1, "i4")
        if self._events:
            events = np.concatenate(self._events)
            places[events] = np.arange(len(events), dtype="i4")
        return PickedColumn(places, lines_column(self._lines))


class DataColumns:
    """The data of events, one after the other, as columns `shape`, `rest` and `data.<field>`.

    Args:
        letters: gets those of the columns.

    Attributes:
        count: how many events there are.
        shapes: the numbers of their shapes, 0 for data that stays whole.
    """

    def __init__(self, letters: LetterSets) -> None:
        self.count = 0
        self.shapes = set[int]()
        self._letters = letters
        self._numbers: list[Integers] = []
        self._fields = {"rest": _Field()}

    def add(self, objects: Sequence[bytes | Fields], shapes: Shapes) -> None:
        """Add the data of more events: so few that they stay in the cache of the processor meanwhile."""
        import numpy as np

        numbers = np.zeros(len(objects), "i2")
        for group in shapes.split(objects):
            places = np.fromiter(group.places, "i4", len(group.places))
            names, number = ["rest"], 0
            if group.shape is not None:
                number = numbers[places] = group.shape.number
                names = [COLUMN + field for field in group.shape.fields]
            self.shapes.add(number)
            places += self.count
            for name, joined in zip(names, group.columns, strict=True):
                self._letters.add(name, joined)
                if name not in self._fields:
                    self._fields[name] = _Field()
                self._fields[name].put(places, joined)
        self._numbers.append(numbers)
        self.count += len(objects)

    def columns(self) -> dict[str, Any]:
        """The columns."""
        import numpy as np

        fields = {name: field.column(self.count) for name, field in self._fields.items()}
        return {"shape": np.concatenate(self._numbers), **fields}
