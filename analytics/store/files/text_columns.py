"""Columns of texts in memory, without a Python object for each."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

_LINE_END = 10


class TextColumn(NamedTuple):
    """Texts: where each begins in UTF-8 and, at last, where they end; which are present, where not all of them are."""

    starts: "Array"
    utf8: bytes
    present: "Array | None" = None

    def cut(self, start: int, end: int) -> "TextColumn":
        """Those from one place to before another."""
        present = None if self.present is None else self.present[start:end]
        return TextColumn(self.starts[start : end + 1], self.utf8, present)

    def texts(self) -> list[str]:
        """All of them."""
        return [self.utf8[start:end].decode() for start, end in pairwise(self.starts.tolist())]

    def picked(self) -> "PickedColumn":
        """The same column."""
        import numpy as np

        places = np.arange(len(self.starts) - 1)
        if self.present is not None:
            places[~self.present] = -1
        return PickedColumn(places, self._replace(present=None))

    def taken(self, places: "Array") -> "TextColumn":
        """Those of some places, in their order; all are present."""
        import numpy as np

        sizes = np.diff(self.starts)[places]
        begins = self.starts[:-1][places]
        parts = zip(begins.tolist(), (begins + sizes).tolist(), strict=True)
        utf8 = b"".join([self.utf8[begin:end] for begin, end in parts])
        return TextColumn(np.concatenate(([0], np.cumsum(sizes))), utf8)


class PickedColumn(NamedTuple):
    """Texts, each by its place among others; it is absent where that is negative."""

    places: "Array"
    texts: TextColumn

    def cut(self, start: int, end: int) -> "PickedColumn":
        """Those from one place to before another."""
        places = self.places[start:end]
        used = places[places >= 0]
        if not len(used):
            return PickedColumn(places, self.texts.cut(0, 0))
        first, last = int(used.min()), int(used.max())
        return PickedColumn(places - first, self.texts.cut(first, last + 1))

    def gathered(self) -> "PickedColumn":
        """The same column with its texts in order, each as often as it is picked."""
        import numpy as np

        used = self.places >= 0
        return PickedColumn(np.where(used, np.cumsum(used) - 1, -1), self.texts.taken(self.places[used]))


def text_column(texts: Sequence[str | None]) -> TextColumn:
    """A column of texts, None where one is absent."""
    import numpy as np

    known, present = texts, None
    try:
        utf8 = "".join(texts).encode()  # type: ignore[arg-type]
    except TypeError:  # quicker than to look for None
        known = [text or "" for text in texts]
        present = np.fromiter([text is not None for text in texts], "?", len(texts))
        utf8 = "".join(known).encode()  # type: ignore[arg-type]
    parts: Sequence[Any] = known if utf8.isascii() else [text.encode() for text in known if text is not None]
    starts = np.zeros(len(texts) + 1, "i8")
    np.cumsum(np.fromiter(map(len, parts), "i8", len(texts)), out=starts[1:])
    return TextColumn(starts, utf8, present)


def texts_in_order(columns: Sequence[TextColumn]) -> TextColumn:
    """The texts of several columns, one after the other."""
    import numpy as np

    starts, size = [], 0
    for column in columns:
        starts.append(column.starts[:-1] + size)
        size += len(column.utf8)
    present = None
    if any(column.present is not None for column in columns):
        present = np.concatenate([_presence(column) for column in columns])
    return TextColumn(np.concatenate([*starts, [size]]), b"".join(column.utf8 for column in columns), present)


def picked_together(columns: Sequence[PickedColumn]) -> PickedColumn:
    """The texts of several columns, one after the other."""
    import numpy as np

    places, count = [], 0
    for column in columns:
        places.append(np.where(column.places < 0, -1, column.places + count))
        count += len(column.texts.starts) - 1
    return PickedColumn(np.concatenate(places), texts_in_order([column.texts for column in columns]))


def _presence(column: TextColumn) -> "Array":
    import numpy as np

    return np.ones(len(column.starts) - 1, "?") if column.present is None else column.present


def lines_column(lines: Sequence[bytes]) -> TextColumn:
    """A column of texts that are joined by line ends, in several parts.

    Raises:
        UnicodeDecodeError: they are not UTF-8.
    """
    import numpy as np

    joined = b"\n".join(lines)
    if not joined.isascii():
        joined.decode()
    found = np.frombuffer(joined, "u1")
    is_text = found != _LINE_END
    ends = np.append(np.flatnonzero(~is_text), len(found))
    ends -= np.arange(len(ends))
    return TextColumn(np.concatenate(([0], ends)), found[is_text].tobytes())


class RepeatedTexts:
    """A column of texts of which there are few: each is kept once."""

    def __init__(self) -> None:
        self._ranks: dict[str, int] = {}
        self._places: list[Array] = []

    def add(self, texts: Sequence[str]) -> bytes:
        """Add the texts of more rows; returns those that were not known before, one after the other."""
        import numpy as np

        new = set(texts).difference(self._ranks)
        self._ranks.update(zip(new, range(len(self._ranks), len(self._ranks) + len(new)), strict=True))
        self._places.append(np.fromiter(map(self._ranks.__getitem__, texts), "i4", len(texts)))
        return "".join(new).encode()

    def at(self, places: "Array") -> list[str]:
        """The texts of some rows, each once, by their places in the column."""
        import numpy as np

        texts = list(self._ranks)
        return [texts[place] for place in np.unique(places).tolist()]

    def column(self) -> PickedColumn:
        """The column."""
        import numpy as np

        return PickedColumn(np.concatenate(self._places), text_column(list(self._ranks)))
