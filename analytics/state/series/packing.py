"""Packs the rows of sketches: keys as differences, each array in its smallest type, compressed.

A row takes about a byte, where it takes 16 unpacked.
"""

import zlib
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_LEVEL = 1
"""Of the compression: the quickest."""
_KEY_BITS = 20
_decode = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


def packed(keys: npt.NDArray[Any], counts: Floats) -> bytes:
    """Rows with ascending keys (int64), whose bits from 20 on are the id of a series."""
    owners = keys >> _KEY_BITS
    is_first = np.ones(len(keys), bool)
    is_first[1:] = owners[1:] != owners[:-1]
    steps = np.diff(keys, prepend=0)
    steps[is_first] = 0
    firsts = np.flatnonzero(is_first)
    arrays = (keys[firsts], np.diff(firsts, append=len(keys)), steps, counts)
    squeeze = zlib.compressobj(_LEVEL, strategy=zlib.Z_RLE)
    return squeeze.compress(msgspec.msgpack.encode([_packed(each) for each in arrays])) + squeeze.flush()


def unpacked(body: bytes) -> tuple[Int64s, Floats]:
    """The keys and counts that `packed` packed."""
    heads, sizes, steps, counts = (_unpacked(*each) for each in _decode(zlib.decompress(body)))
    keys = steps.astype(np.int64)
    firsts = np.cumsum(sizes, dtype=np.int64) - sizes
    running = np.cumsum(keys)
    keys = running + np.repeat(heads.astype(np.int64) - running[firsts], sizes)
    return keys, counts.astype(np.float64)


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
    return np.frombuffer(data, np.uint8).reshape(size, -1).T.copy().view(kind).ravel()
