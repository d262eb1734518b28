"""Rows in memory that DuckDB reads through the C data interface of Arrow.

https://arrow.apache.org/docs/format/CDataInterface.html
"""

import ctypes
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analytics.store.files.text_columns import PickedColumn, TextColumn

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    """Integers, truth values, or times in microseconds."""

SCHEMA, ARRAY = b"arrow_schema", b"arrow_array"
"""Names of capsules."""
NULLABLE = 2
"""Flag of a schema."""
_FORMATS = {"i8": b"l", "i4": b"i", "i2": b"s", "b1": b"b", "M8": b"tsu:"}


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
        self._lock = threading.Lock()
        schemas, arrays = [], []
        for name, column in columns.items():
            if _length(column) != count:
                raise ValueError(f"the column {name} has {_length(column)} rows, not {count}")
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
        with self._lock:
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
            places = column.places.astype("i4", copy=False)
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


def _length(column: "Array | TextColumn | PickedColumn") -> int:
    """How many rows a column has."""
    if isinstance(column, TextColumn):
        return len(column.starts) - 1
    return len(column.places if isinstance(column, PickedColumn) else column)


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
