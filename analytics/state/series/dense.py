"""Dense sketch: an exponential histogram that is written to all the time, in a few kilobytes.

Its buckets are those of `state.quantiles`, in an array from the least index to the greatest. It depends on the
observations alone, not on their order: the scale is the finest, up to 6, at which each sign spans `MAX_SPAN` buckets.
"""

from array import array
from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import Self

import msgspec
import numpy as np

from analytics.points import ExponentialHistogram
from analytics.state.quantiles import INITIAL_SCALE, SMALLEST, SketchBuckets

MAX_SPAN = 4096
"""64 powers of two at scale 6."""
MARGIN = 64
"""How many more buckets an array gets when it grows."""

_unpack = msgspec.msgpack.Decoder(tuple[int, float, dict[int, float], dict[int, float]]).decode


class DenseCounts:
    """Counts of buckets by index; float counts, so that any histogram can be added."""

    __slots__ = ("counts", "first", "high", "low")

    def __init__(self) -> None:
        self.first, self.counts = 0, array("d")
        self.low, self.high = 0, -1
        """The least and the greatest index that was added."""

    def add(self, index: int, count: float) -> None:
        """Add to the count of a bucket."""
        if not self.low <= index <= self.high:
            self._reach(index)
        self.counts[index - self.first] += count

    def add_each(self, indexes: Sequence[int]) -> None:
        """Add one to the count of each of these buckets."""
        if indexes:
            for end in (min(indexes), max(indexes)):
                self.add(end, 0.0)
            counts, first = self.counts, self.first
            for index in indexes:
                counts[index - first] += 1.0

    @property
    def span(self) -> int:
        """Number of buckets from the least to the greatest."""
        return self.high - self.low + 1

    def coarser(self) -> "DenseCounts":
        """The same counts at the scale below."""
        fewer = DenseCounts()
        for index, count in self.by_index().items():
            fewer.add(index >> 1, count)
        return fewer

    def by_index(self) -> dict[int, float]:
        """The counts that are not 0, ordered by index; whole ones as int."""
        counts = np.frombuffer(self.counts, np.float64)
        places = np.flatnonzero(counts)
        found = counts[places]
        whole = found.astype(np.int64)
        values = whole.tolist() if (whole == found).all() else found.tolist()
        return dict(zip((places + self.first).tolist(), values, strict=True))

    def _reach(self, index: int) -> None:
        if self.high < self.low:
            self.low = self.high = index
        self.low, self.high = min(self.low, index), max(self.high, index)
        if not self.first <= index < self.first + len(self.counts):
            before, self.first = self.first, self.low - MARGIN
            grown = array("d", bytes(8 * (self.span + 2 * MARGIN)))
            if self.counts:
                start = before - self.first
                held = self.counts[max(0, -start) : len(grown) - start]
                grown[max(0, start) : max(0, start) + len(held)] = held
            self.counts = grown


class DenseSketch:
    """Counts of positive, negative and zero values."""

    __slots__ = ("_negative", "_positive", "_scale", "_zero")

    def __init__(self) -> None:
        self._scale = INITIAL_SCALE
        self._zero = 0.0
        self._positive, self._negative = DenseCounts(), DenseCounts()

    def add(self, values: Sequence[float]) -> None:
        """Add finite values."""
        factor = 2.0**self._scale
        positive = [ceil(log2(value) * factor) - 1 for value in values if value > SMALLEST]
        negative = [ceil(log2(-value) * factor) - 1 for value in values if value < -SMALLEST]
        self._zero += len(values) - len(positive) - len(negative)
        self._positive.add_each(positive)
        self._negative.add_each(negative)
        self._fit()

    def merge(self, histogram: ExponentialHistogram) -> None:
        """Add the counts of a histogram."""
        self._merge(histogram.scale, histogram.zero_count, histogram.positive, histogram.negative)

    @property
    def buckets(self) -> SketchBuckets:
        """The buckets that are not empty, ordered by index."""
        zero = int(self._zero) if self._zero.is_integer() else self._zero
        return SketchBuckets(self._scale, zero, self._positive.by_index(), self._negative.by_index())

    @property
    def extent(self) -> tuple[int, int, int] | None:
        """Scale, and the least and the greatest index of positive values; None without any."""
        positive = self._positive
        return (self._scale, positive.low, positive.high) if positive.span else None

    def pack(self) -> bytes:
        """MessagePack of the buckets."""
        return msgspec.msgpack.encode(self.buckets)

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The sketch that `pack` wrote.

        Raises:
            msgspec.DecodeError: it is damaged.
        """
        sketch = cls()
        scale, zero, positive, negative = _unpack(packed)
        sketch._scale = scale
        sketch._merge(scale, zero, positive, negative)
        return sketch

    def _merge(self, scale: int, zero: float, positive: Mapping[int, float], negative: Mapping[int, float]) -> None:
        self._zero += zero
        while self._scale > scale:
            self._coarsen()
        for is_positive, more in ((True, positive), (False, negative)):
            for index, count in more.items():
                if count:
                    mine = self._positive if is_positive else self._negative
                    mine.add(index >> (scale - self._scale), count)
                    if mine.span > MAX_SPAN:
                        self._fit()

    def _fit(self) -> None:
        while self._positive.span > MAX_SPAN or self._negative.span > MAX_SPAN:
            self._coarsen()

    def _coarsen(self) -> None:
        self._scale -= 1
        self._positive, self._negative = self._positive.coarser(), self._negative.coarser()
