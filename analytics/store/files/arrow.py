"""Rows in memory that DuckDB reads through the C data interface of Arrow: texts without a Python object for each.

https://arrow.apache.org/docs/format/CDataInterface.html
"""

import ctypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    """Integers, truth values, or times in microseconds."""

SCHEMA, ARRAY = b"arrow_schema", b"arrow_array"
"""Names of capsules."""
NULLABLE = 2
"""Flag of a schema."""
_FORMATS = {"i8": b"l", "i4": b"i", "i2": b"s", "b1": b"b", "M8": b"tsu:"}
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


def _bits(truths: "Array") -> "Array":
    import numpy as np

    return np.packbits(truths, bitorder="little")


class _Schema(ctypes.Structure):
    """A `struct ArrowSchema`."""


class _Array(ctypes.Structure):
    """A `struct ArrowArray`."""


_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


def _released(kind: type[ctypes.Structure]) -> Any:
    """A function that notes in a structure that it was released: its memory belongs to `ArrowRows`."""

    def release(at: int) -> None:
        kind.from_address(at).release = None

    return _Release(release)


_RELEASE_SCHEMA, _RELEASE_ARRAY = _released(_Schema), _released(_Array)


class ArrowRows:
    """Rows by column, for `register` of a connection of DuckDB; it has their memory, and must live as long as they do.

    ::

        rows = ArrowRows({"id": text_column(["a", "b"]), "seq": np.array([1, 2])})
        connection.register("rows", rows)
    """

    def __init__(self, columns: "Mapping[str, Array | TextColumn | PickedColumn]", count: int) -> None:
        self._held: list[Any] = []
        self._given: list[Any] = []
        schemas, arrays = [], []
        for name, column in columns.items():
            schema, array = self._column(column, count)
            schema.name = name.encode()
            schemas.append(schema)
            arrays.append(array)
        self._schema = self._new_schema(b"+s", schemas)
        self._array = self._new_array(count, [None], children=arrays)

    def __arrow_c_schema__(self) -> Any:
        return _capsule(self._copy(self._schema), SCHEMA)

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self.__arrow_c_schema__(), _capsule(self._copy(self._array), ARRAY)

    def _copy(self, of: Any) -> Any:
        """A copy to give away, in the place of one that was taken: who takes it notes there that it is released."""
        for each in self._given:
            if type(each) is type(of) and not each.release:
                ctypes.pointer(each)[0] = of
                return each
        copy = type(of).from_buffer_copy(of)
        self._given.append(copy)
        return copy

    def _column(self, column: "Array | TextColumn | PickedColumn", count: int) -> tuple[_Schema, _Array]:
        if isinstance(column, TextColumn):
            present = None if column.present is None else _bits(column.present)
            return self._new_schema(b"U"), self._new_array(count, [present, column.starts, column.utf8])
        if isinstance(column, PickedColumn):
            schema, array = self._column(column.texts, len(column.texts.starts) - 1)
            places = column.places.astype("i4")
            made = self._new_array(count, [_bits(places >= 0), places], dictionary=array)
            return self._new_schema(b"i", dictionary=schema), made
        if column.dtype.str[1:] == "b1":
            return self._new_schema(b"b"), self._new_array(count, [None, _bits(column)])
        import numpy as np

        return self._new_schema(_FORMATS[column.dtype.str[1:3]]), self._new_array(
            count, [None, np.ascontiguousarray(column)]
        )

    def _new_schema(
        self, format_: bytes, children: Sequence[_Schema] = (), dictionary: _Schema | None = None
    ) -> _Schema:
        schema = _Schema(format=format_, flags=NULLABLE, release=_address(_RELEASE_SCHEMA))
        self._link(schema, children, dictionary)
        return schema

    def _new_array(
        self, length: int, buffers: Sequence[Any], children: Sequence[_Array] = (), dictionary: _Array | None = None
    ) -> _Array:
        pointers = (ctypes.c_void_p * len(buffers))(*map(_pointer, buffers))
        array = _Array(
            length=length,
            null_count=0 if buffers[0] is None else -1,
            n_buffers=len(buffers),
            buffers=pointers,
            release=_address(_RELEASE_ARRAY),
        )
        self._held += [pointers, buffers]
        self._link(array, children, dictionary)
        return array

    def _link(self, parent: Any, children: Sequence[Any], dictionary: Any) -> None:
        pointers = (ctypes.POINTER(type(parent)) * len(children))(*map(ctypes.pointer, children))
        parent.n_children, parent.children = len(children), pointers
        if dictionary is not None:
            parent.dictionary = ctypes.pointer(dictionary)
        self._held += [pointers, children, dictionary]


def _pointer(buffer: Any) -> int | None:
    """Where a buffer is in memory."""
    if buffer is None:
        return None
    if isinstance(buffer, bytes):
        return ctypes.cast(ctypes.c_char_p(buffer), ctypes.c_void_p).value
    address: int = buffer.ctypes.data
    return address


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


def _capsule(structure: ctypes.Structure, name: bytes) -> Any:
    make = ctypes.pythonapi.PyCapsule_New
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return make(ctypes.addressof(structure), name, None)
