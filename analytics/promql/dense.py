"""Histograms of many series at all steps in one array, for what is computed of all at once: quantiles."""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.promql.histogram import NativeHistogram

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class DenseHistograms(Struct, frozen=True):
    """Exponential histograms without a zero threshold.

    Attributes:
        schema: of all.
        columns: index of the series in its block, for each row of the second axis.
        indices: of the buckets, in the order of their values: positive ones, negative ones of `signs` -1, and 0.
        signs: 1, -1 or, for the bucket of zeros, 0.
        running: counts of each bucket and all before it, before they are multiplied by `factor`; shape
            `[step, series, bucket]`.
        count, sum: shape `[step, series]`.
        factor: of the counts, by step.
        hint: of all.
    """

    schema: int
    columns: Ints
    indices: Ints
    signs: Ints
    running: Floats
    count: Floats
    sum: Floats
    factor: Floats
    hint: str

    def at(self, step: int, row: int) -> NativeHistogram:
        """One histogram."""
        counts = np.diff(self.running[step, row], prepend=0.0) * self.factor[step]
        used = np.flatnonzero(counts)
        positive: dict[int, float] = {}
        negative: dict[int, float] = {}
        zeros = 0.0
        found = zip(self.signs[used].tolist(), self.indices[used].tolist(), counts[used].tolist(), strict=True)
        for sign, index, count in found:
            if sign > 0:
                positive[index] = count
            elif sign < 0:
                negative[index] = count
            else:
                zeros += count
        return NativeHistogram(
            self.schema,
            float(self.count[step, row]),
            float(self.sum[step, row]),
            0.0,
            zeros,
            positive,
            negative,
            hint=self.hint,
        )

    def of_steps(self, steps: Ints) -> "DenseHistograms":
        """The histograms of some steps."""
        return replace(
            self,
            running=self.running[steps],
            count=self.count[steps],
            sum=self.sum[steps],
            factor=self.factor[steps],
        )

    def quantiles(self, q: float) -> Floats:
        """The quantile of all, as `histogram_quantiles.quantile` computes it; shape `[step, series]`."""
        if q != q or q < 0 or q > 1:
            return np.full(self.count.shape, q if q != q else np.copysign(np.inf, q))
        running = self.running
        inside = running[:, :, -1]
        with np.errstate(all="ignore"):
            total = self.count / self.factor[:, None]
            # from below up to the rank, or from above down to it, as values without a bucket count as neither
            rank = q * total if q < 0.5 else inside - (1 - q) * total
            reached = running >= rank[:, :, None] if q < 0.5 else running > rank[:, :, None]
            reached &= running > 0
            place = reached.argmax(2)
            last = (running >= inside[:, :, None]).argmax(2)
            place = np.where(reached[:, :, -1], place, last)
            until = np.take_along_axis(running, place[:, :, None], 2)[:, :, 0]
            before = np.take_along_axis(running, np.maximum(place - 1, 0)[:, :, None], 2)[:, :, 0]
            before = np.where(place > 0, before, 0.0)
            share = np.clip((rank - before) / (until - before), 0.0, 1.0)
            scale = 2.0**-self.schema
            index, sign = self.indices[place].astype(np.float64), self.signs[place]
            above, below = np.exp2((index - 1 + share) * scale), -np.exp2((index - share) * scale)
            values = np.where(sign > 0, above, np.where(sign < 0, below, 0.0))
        return np.where((inside > 0) & (total != 0), values, np.nan)
