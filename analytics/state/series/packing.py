"""Packs the rows of sketches: keys as differences, each array in its smallest type, compressed.

Large counts are differences, too, since neighbouring buckets hold similar numbers. A row takes about a byte, where it
takes 16 unpacked.
"""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
_LEVEL = 1
"""Of the compression: the quickest."""
_KEY_BITS = 20
_DIFFERENCES = "d"
"""In front of the type of counts that are stored as differences."""
_MANY, _MOST = 8.0, 2.0**52
"""Mean from which on counts are, and the greatest count up to which they can be."""
_decode = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


def packed(keys: npt.NDArray[Any], counts: Floats) -> bytes:
    """Rows with ascending keys (int64), whose bits from 20 on are the id of a series."""
    owners = keys >> _KEY_BITS
    is_first = np.ones(len(keys), bool)
    is_first[1:] = owners[1:] != owners[:-1]
    steps = np.diff(keys, prepend=0)
    steps[is_first] = 0
    firsts = np.flatnonzero(is_first)
    arrays = (keys[firsts], np.diff(firsts, append=len(keys)), steps)
    parts = [*map(_packed, arrays), _packed_counts(counts, is_first)]
    squeeze = zlib.compressobj(_LEVEL, strategy=zlib.Z_RLE)
    return squeeze.compress(msgspec.msgpack.encode(parts)) + squeeze.flush()


def unpacked(body: bytes) -> tuple[Int64s, Floats]:
    """The keys and counts that `packed` packed."""
    rows = unpacked_rows([body])
    return (rows.owners.astype(np.int64) << _KEY_BITS) + rows.lows, rows.counts


class UnpackedRows(NamedTuple):
    """Rows of several packed bodies, one after the other: ids of series, the bits of keys below these, and counts."""

    owners: Int32s
    lows: Int32s
    counts: Floats
    lengths: list[int]
    """Number of rows of each body."""


def unpacked_rows(bodies: Sequence[bytes]) -> UnpackedRows:
    """The rows of all bodies at once, which takes less than one after the other."""
    packed_parts = [_decode(zlib.decompress(body)) for body in bodies]
    parts = [[_unpacked(*each) for each in part[:3]] for part in packed_parts]
    heads, sizes, steps = _joined(parts)
    ends = np.cumsum(sizes)
    firsts = ends - sizes
    running = np.cumsum(steps, dtype=np.int32)
    lows = (heads & ((1 << _KEY_BITS) - 1)).astype(np.int32) - running.take(firsts)
    running += np.repeat(lows, sizes)
    owners = np.repeat((heads >> _KEY_BITS).astype(np.int32), sizes)
    counts = np.concatenate(
        [_counts(*whole[3], part[1]) for whole, part in zip(packed_parts, parts, strict=True)], dtype=np.float64
    )
    return UnpackedRows(owners, running, counts, [len(part[2]) for part in parts])


def _joined(parts: Sequence[Sequence[npt.NDArray[Any]]]) -> tuple[Int64s, Int64s, Int32s]:
    """Heads, sizes and steps of all parts. Sums of steps wrap around alike, so that differences are right."""
    heads = np.concatenate([part[0] for part in parts], dtype=np.int64, casting="unsafe")
    sizes = np.concatenate([part[1] for part in parts], dtype=np.int64, casting="unsafe")
    steps = np.concatenate([part[2] for part in parts], dtype=np.int32, casting="unsafe")
    return heads, sizes, steps


def _counts(kind: str, data: bytes, sizes: npt.NDArray[Any]) -> Floats:
    """The counts of one body, which has so many rows of each series."""
    if not kind.startswith(_DIFFERENCES):
        return _unpacked(kind, data).astype(np.float64)
    folded = _unpacked(kind.removeprefix(_DIFFERENCES), data).astype(np.int64)
    lengths = sizes.astype(np.int64)
    return _running((folded >> 1) ^ -(folded & 1), np.cumsum(lengths) - lengths, lengths).astype(np.float64)


def _running(steps: Int64s, firsts: Int64s, sizes: Int64s) -> Int64s:
    """The sums of the steps of each series up to each row."""
    running = np.cumsum(steps)
    return running - np.repeat(running[firsts] - steps[firsts], sizes)


def _packed_counts(counts: Floats, is_first: npt.NDArray[np.bool_]) -> tuple[str, bytes]:
    """Counts, or their differences within each series, negative ones folded between the others: 0, -1, 1, -2, …"""
    if not len(counts) or counts.mean() < _MANY or counts.max() > _MOST:
        return _packed(counts)
    whole = counts.astype(np.int64)
    if not np.array_equal(whole, counts):
        return _packed(counts)
    steps = np.diff(whole, prepend=0)
    steps[is_first] = whole[is_first]
    kind, data = _packed((steps << 1) ^ (steps >> 63))
    return _DIFFERENCES + kind, data


def _packed(figures: npt.NDArray[Any]) -> tuple[str, bytes]:
    """Type and bytes of figures: in the smallest type of whole numbers that holds them, first bytes first.

    Equal bytes follow each other, which compresses well.
    """
    whole = figures.astype(np.uint64) if len(figures) and figures.min() >= 0 and figures.max() < 2**63 else None
    if whole is not None and np.array_equal(whole, figures):
        figures = whole.astype(np.min_scalar_type(int(whole.max())))
    return figures.dtype.str, figures.view(np.uint8).reshape(len(figures), figures.itemsize).T.tobytes()


def _unpacked(kind: str, data: bytes) -> npt.NDArray[Any]:
    size = np.dtype(kind).itemsize
    if size == 1:
        return np.frombuffer(data, kind)
    return np.frombuffer(data, np.uint8).reshape(size, -1).T.copy().view(kind).ravel()
