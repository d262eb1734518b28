"""Indexes of records in an entry, as bytes in the database."""

from array import array
from collections.abc import Iterator, Sequence

INDEX_TYPE = "I"
"""Type of the array: unsigned, of 4 bytes, little endian."""


def packed_indexes(indexes: Sequence[int]) -> bytes:
    """Indexes as bytes."""
    return array(INDEX_TYPE, indexes).tobytes()


def unpacked_indexes(packed: bytes) -> Iterator[int]:
    """The indexes in `packed`."""
    return iter(array(INDEX_TYPE, packed))
