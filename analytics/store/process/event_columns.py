"""Events as columns in the memory of Arrow, about a thousand at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.filters.names import EVENT_FIELDS
from analytics.store.files.data_columns import DataColumns
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import Fields, Shapes
from analytics.store.files.text_columns import RepeatedTexts, TextColumn, text_column, texts_in_order
from analytics.store.process.decoding import JournalEvent, SplitEvent

TEXTS, REPEATED = ("id", "user_id"), ("type", "service")
"""Columns of texts, and those of them with few different ones."""


class EventColumns:
    """The texts and the data of events.

    Attributes:
        letters: of the columns that are searched.
        data: the columns of the data.
        repeated: those of `REPEATED`.
    """

    def __init__(self) -> None:
        self.letters = LetterSets()
        self.data = DataColumns(self.letters)
        self.repeated = {name: RepeatedTexts() for name in REPEATED}
        self._texts: dict[str, list[TextColumn]] = {name: [] for name in TEXTS}

    def add(
        self,
        texts: Mapping[str, Sequence[Any]],
        data: Sequence[bytes | Fields],
        shapes: Shapes,
    ) -> None:
        """Add events, `texts` by column: so few that they stay in the cache of the processor meanwhile."""
        for name in TEXTS:
            column = text_column(texts[name])
            self._texts[name].append(column)
            self._note_letters(name, column.utf8)
        for name in REPEATED:
            self._note_letters(name, self.repeated[name].add(texts[name]))
        self.data.add(data, shapes)

    def _note_letters(self, name: str, texts: bytes) -> None:
        if name in EVENT_FIELDS.searched:
            self.letters.add(name, texts)

    def columns(self) -> dict[str, Any]:
        """The columns."""
        texts = {name: texts_in_order(parts) for name, parts in self._texts.items()}
        repeated = {name: each.column() for name, each in self.repeated.items()}
        return texts | repeated | self.data.columns()


def data_of(events: Sequence[JournalEvent]) -> list[bytes | Fields]:
    """The data of events, which are all of one kind, as `Shapes.split` takes it."""
    if events and isinstance(events[0], SplitEvent):
        return [event.data for event in events]
    return [bytes(event.data) for event in events]  # type: ignore[arg-type]
