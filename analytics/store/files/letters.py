"""Letters: the characters that each column of texts has, so that a search leaves out columns that lack some."""

import string
from collections.abc import Iterable, Mapping

from analytics.filters.sql_text import same_folded
from analytics.store.files.shapes import COLUMN

Letters = Mapping[str, str]
"""By column, its ASCII characters, and `BEYOND` for all others."""
BEYOND = "\x80"
PLAIN = frozenset(map(chr, range(128))) - frozenset(string.ascii_uppercase + "\\")
"""Characters that are the same when they are folded, and begin no escape of JSON."""
_ALL = bytes(range(256))


class LetterSets:
    """Collects the letters of columns."""

    def __init__(self) -> None:
        self._absent: dict[str, bytes] = {}

    def add(self, column: str, texts: bytes) -> None:
        """Add texts of a column, one after the other."""
        self._absent[column] = self._absent.get(column, _ALL).translate(None, texts)

    def update(self, other: "LetterSets") -> None:
        """Add those of others."""
        for column, absent in other._absent.items():
            self.add(column, _ALL.translate(None, absent))

    def letters(self) -> Letters:
        """The letters so far."""
        found = list(self._absent.items())  # at once: another thread may add columns meanwhile
        return {column: _letters(_ALL.translate(None, absent)) for column, absent in found}


def together(each: Iterable[Letters | None]) -> Letters | None:
    """The letters of several files together; None where those of one are not known."""
    found: dict[str, set[str]] = {}
    for letters in each:
        if letters is None:
            return None
        for column, some in letters.items():
            found.setdefault(column, set()).update(some)
    return {column: "".join(sorted(some)) for column, some in found.items()}


def may_have(letters: Letters | None, column: str, text: str) -> bool:
    """Whether a column may contain a folded text. Escapes of JSON may stand for anything."""
    if letters is None:
        return True
    some = letters.get(column, "")
    return "\\" in some or all(
        any((each if each.isascii() else BEYOND) in some for each in same_folded(one)) for one in set(text)
    )


def is_plain(letters: Letters | None, column: str) -> bool:
    """Whether the texts of a column are as they are searched: folded, and without escapes."""
    return letters is not None and PLAIN.issuperset(letters.get(column, ""))


def may_have_field(letters: Letters | None, path: str, text: str) -> bool:
    """Whether a field of data may contain a folded text: in its column, in that of an object it is in, or in `rest`."""
    columns = {"rest", COLUMN + path, COLUMN + path.split(".")[0]}
    return any(may_have(letters, column, text) for column in columns)


def _letters(present: bytes) -> str:
    ascii_ = bytes(each for each in present if each < 128).decode()
    return ascii_ + BEYOND if len(ascii_) < len(present) else ascii_
