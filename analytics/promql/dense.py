"""Histograms of many series at all steps in one array, for what is computed of all at once: quantiles."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.promql.histogram import NativeHistogram

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
BLOCK = 32
"""Buckets of values that are summed for a first look at where a quantile lies."""


class WindowCounts(Struct, frozen=True):
    """Counts of histograms in buckets of time, and the windows of these that steps look at.

    Attributes:
        shape: of an array `[row, bucket of time, bucket of values]`.
        cells, counts: places in it, flat, and counts that add up there.
        first, last: of each step, the buckets of time from `first` to before `last`.
    """

    shape: tuple[int, int, int]
    cells: Ints
    counts: Floats
    first: Ints
    last: Ints

    def table(self) -> Floats:
        """The array, made each time: there are many, most of whose counts are 0."""
        size = self.shape[0] * self.shape[1] * self.shape[2]
        return np.asarray(np.bincount(self.cells, self.counts, size).reshape(self.shape), np.float64)

    def taken(self, steps: Ints, rows: Ints, blocks: Ints) -> Floats:
        """One block of `BLOCK` counts for each of the arguments' elements."""
        table = self.table().reshape(*self.shape[:2], -1, BLOCK)
        first, last = self.first[steps], self.last[steps]
        result: Floats = table[rows, first, blocks]
        for offset in range(1, int((last - first).max(initial=0))):
            inside = np.flatnonzero(first + offset < last)
            if len(inside) == len(rows):
                result += table[rows, first + offset, blocks]
            else:
                result[inside] += table[rows[inside], first[inside] + offset, blocks[inside]]
        return result


class DenseHistograms(Struct, frozen=True):
    """Exponential histograms without a zero threshold.

    Attributes:
        schema: of all.
        columns: index of the series in its block, for each row.
        indices: of the buckets, in the order of their values: positive ones, negative ones of `signs` -1, and 0. Their
            number is a multiple of `BLOCK`.
        signs: 1, -1 or, for the bucket of zeros, 0.
        counts: of each bucket, before they are multiplied by `factor`.
        running: counts of each block of buckets and all before it; shape `[step, row, block]`.
        count, sum: shape `[step, row]`.
        factor: of the counts, by step.
        hint: of all.
    """

    schema: int
    columns: Ints
    indices: Ints
    signs: Ints
    counts: WindowCounts
    running: Floats
    count: Floats
    sum: Floats
    factor: Floats
    hint: str

    def objects(self, present: Mask) -> Iterator[tuple[int, int, NativeHistogram]]:
        """The histograms that are present, `[step, column]`, with their steps and columns."""
        table, columns = self.counts.table(), self.columns.tolist()
        for step, row in np.argwhere(present[:, columns]).tolist():
            window = table[row, self.counts.first[step] : self.counts.last[step]]
            yield step, columns[row], self._made(step, row, window.sum(0) * self.factor[step])

    def _made(self, step: int, row: int, counts: Floats) -> NativeHistogram:
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
            counts=replace(self.counts, first=self.counts.first[steps], last=self.counts.last[steps]),
            running=self.running[steps],
            count=self.count[steps],
            sum=self.sum[steps],
            factor=self.factor[steps],
        )

    def quantiles(self, q: float) -> Floats:
        """The quantile of all, as `histogram_quantiles.quantile` computes it; shape `[step, row]`."""
        if q != q or q < 0 or q > 1:
            return np.full(self.count.shape, q if q != q else np.copysign(np.inf, q))
        inside = self.running[:, :, -1]
        with np.errstate(all="ignore"):
            total = self.count / self.factor[:, None]
            # from below up to the rank, or from above down to it, as values without a bucket count as neither
            rank = q * total if q < 0.5 else inside - (1 - q) * total
            is_beyond = ~(inside >= rank if q < 0.5 else inside > rank)
            limit, is_open = np.where(is_beyond, inside, rank), np.logical_not(is_beyond | (q < 0.5))
            block = _first(self.running, limit, is_open)
            before = np.where(block > 0, _taken(self.running, np.maximum(block - 1, 0)), 0.0)
            steps, rows = np.indices(block.shape).reshape(2, -1)
            counts = self.counts.taken(steps, rows, block.ravel()).reshape(*block.shape, BLOCK)
            running = np.cumsum(counts, axis=2) + before[:, :, None]
            within = _first(running, limit, is_open)
            until = _taken(running, within)
            before = np.where(within > 0, _taken(running, np.maximum(within - 1, 0)), before)
            share = np.clip((rank - before) / (until - before), 0.0, 1.0)
            scale, place = 2.0**-self.schema, block * BLOCK + within
            index, sign = self.indices[place].astype(np.float64), self.signs[place]
            above, below = np.exp2((index - 1 + share) * scale), -np.exp2((index - share) * scale)
            values = np.where(sign > 0, above, np.where(sign < 0, below, 0.0))
        return np.where((inside > 0) & (total != 0), values, np.nan)


def _first(running: Floats, limit: Floats, is_open: Mask) -> Ints:
    """The first place at which running counts are above 0 and reach a limit, or exceed it; else the last place."""
    reached = (running > limit[:, :, None]) | (~is_open[:, :, None] & (running == limit[:, :, None]))
    reached &= running > 0
    reached[:, :, -1] = True
    return np.asarray(reached.argmax(2))


def _taken(values: Floats, places: Ints) -> Floats:
    return np.asarray(np.take_along_axis(values, places[:, :, None], 2)[:, :, 0])
