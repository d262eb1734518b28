"""Shapes of `data`: objects with the same fields in the same order, whose values are columns of their own.

A column has the JSON text of a field. An object is split only where its text can be built again from the columns, byte
for byte but for white space between tokens; otherwise, and where its shape is rare, it stays whole in the column
`rest`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from analytics.filters.sql_quoting import quoted_name, quoted_text

MAX_SHAPES, MAX_COLUMNS, MAX_FIELDS = 400, 100, 40
"""How many shapes are known, how many columns they have in all, and fields that one of them may have."""
MAX_COUNTED = 10_000
"""How many shapes are counted before the counts begin anew."""
COMMON = 50
"""How many objects of a shape were seen before it gets columns."""
COLUMN = "data."
"""Prefix of the names of columns with fields."""
FEW = 16
"""So many objects are looked at one by one where not all of a batch can be split."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")

Fields = dict[str, Raw]
_decode = msgspec.json.Decoder(list[Fields]).decode
_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True):
    """A shape: its number in this store, and its fields in order."""

    number: int
    fields: tuple[str, ...]

    def sql(self, value: Callable[[str], str] = str) -> str:
        """SQL of the text of such an object, made of its columns; `value` makes the SQL of each value of its column."""
        pieces = []
        for index, name in enumerate(self.fields):
            start = "," if index else "{"
            pieces += [quoted_text(f'{start}"{name}":'), value(quoted_name(COLUMN + name))]
        return " || ".join([*pieces, "'}'"])


class SplitGroup(NamedTuple):
    """Objects of one shape: their indexes in a batch, and the texts of each field, joined by line ends.

    Without a shape, there is one column with the whole texts.
    """

    shape: Shape | None
    places: list[int]
    columns: list[bytes]


class Shapes:
    """The shapes that are known, by number, and counts of others. A shape that becomes common is known from then on."""

    def __init__(self, known: Iterable[Shape] = ()) -> None:
        self.by_number: dict[int, Shape] = {}
        self._by_fields: dict[tuple[str, ...], Shape] = {}
        self._counts: dict[tuple[str, ...], int] = {}
        self._columns: dict[str, str] = {}
        """The names of all columns, by their lower case: SQL does not tell them apart."""
        for shape in known:
            self._add(shape)

    def split(self, objects: Sequence[bytes | Fields]) -> list[SplitGroup]:
        """Split objects by their shapes; they are JSON texts, or those fields from which the text can be built."""
        exact = (fields or {} for fields in _exact([each for each in objects if isinstance(each, bytes)]))
        found = [each if isinstance(each, dict) else next(exact) for each in objects]
        groups = defaultdict[tuple[str, ...], list[int]](list)
        for place, fields in enumerate(map(tuple, found)):
            groups[fields].append(place)
        whole = groups.pop((), [])
        made = []
        for fields, places in groups.items():
            shape = self._shape(fields, len(places))
            if shape is None:
                whole += places
            else:
                columns = zip(*map(dict.values, [found[place] for place in places]), strict=True)
                made.append(SplitGroup(shape, places, [b"\n".join(each) for each in columns]))
        if whole:
            made.append(SplitGroup(None, whole, [b"\n".join(_text(objects[place]) for place in whole)]))
        return made

    def _shape(self, fields: tuple[str, ...], count: int) -> Shape | None:
        """The shape of objects with these fields; a new one if they are common."""
        shape = self._by_fields.get(fields)
        if shape is not None or not fields or len(fields) > MAX_FIELDS:
            return shape
        if len(self._counts) > MAX_COUNTED:
            self._counts.clear()
        count += self._counts.get(fields, 0)
        self._counts[fields] = count
        if count < COMMON or len(self.by_number) >= MAX_SHAPES or not self._has_room(fields):
            return None
        del self._counts[fields]
        shape = Shape(max(self.by_number, default=0) + 1, fields)  # there are gaps: not all come to files
        self._add(shape)
        return shape

    def _has_room(self, fields: Sequence[str]) -> bool:
        """Whether these can be columns."""
        if not all(map(_NAME.fullmatch, fields)):
            return False
        names = {name.lower(): name for name in fields}
        is_clear = len(names) == len(fields) and all(
            self._columns.get(low, name) == name for low, name in names.items()
        )
        return is_clear and len(self._columns.keys() | names.keys()) <= MAX_COLUMNS

    def _add(self, shape: Shape) -> None:
        self.by_number[shape.number] = shape
        self._by_fields[shape.fields] = shape
        self._columns.update({name.lower(): name for name in shape.fields})


def _text(found: bytes | Fields) -> bytes:
    """The text of an object, on one line."""
    return _encode(found) if isinstance(found, dict) else found.replace(b"\n", b" ")


def _exact(texts: Sequence[bytes]) -> Sequence[Fields | None]:
    """The fields of each object, with their texts; None where the object cannot be built again from them.

    That is where a name is doubled, or written with escapes.
    """
    if not texts:
        return []
    try:
        compact = msgspec.json.format(b"[" + b",".join(texts) + b"]", indent=-1)
        found = _decode(compact)
        if _encode(found) == compact:
            return found
    except (msgspec.MsgspecError, RecursionError):
        pass
    if len(texts) <= 1:
        return [None]
    step = 1 if len(texts) <= FEW else len(texts) // 2
    return [each for start in range(0, len(texts), step) for each in _exact(texts[start : start + step])]


def columns_of(shapes: Iterable[Shape]) -> list[str]:
    """The fields of shapes, each once, in the order of first use."""
    return list(dict.fromkeys(name for shape in shapes for name in shape.fields))
