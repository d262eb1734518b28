"""Sketches of many series in one bucket of time: exponential histograms in columns, merged exactly.

The buckets are those of `state.quantiles`: bucket `i` at scale `s` holds the values in (base**i, base**(i+1)] with
base = 2**(2**-s). A row is the count of one bucket of one series. Scale 6 is the finest kept. A series is coarser where
its sender's histogram was, where it needed more than `MAX_BUCKETS`, or with age: see `Buckets`.

Source: opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from analytics.points import ExponentialHistogram
from analytics.state.quantiles import GREATEST, INITIAL_SCALE, MAX_BUCKETS, SMALLEST
from analytics.state.series.packing import UnpackedRows, packed, unpacked, unpacked_rows
from analytics.state.series.table import ADD, COUNT_COLUMN, Column, Floats, Table

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
_LAYOUT = (Column(COUNT_COLUMN, "f8", ADD),)
INDEX_OFFSET = 1 << 18
"""Added to the index of a bucket, so that it is positive."""
_KEY_OFFSET, _KEY_BITS, _LOW_BITS = 1 << 19, 20, (1 << 20) - 1


class Rows(NamedTuple):
    """Rows, ordered by owner and key: id of the series, key of the bucket, number of values, and scale."""

    owners: Int32s
    keys: Int32s
    counts: Floats
    scales: Int8s


def keys_of(values: Floats) -> Int32s:
    """The keys of the buckets of finite values at scale 6. Keys have the order of values; that of zero is 0."""
    magnitudes = np.abs(values)
    is_zero = magnitudes <= SMALLEST
    magnitudes[is_zero] = 1.0
    indexes = np.ceil(np.log2(magnitudes) * 2**INITIAL_SCALE) - 1 + INDEX_OFFSET
    keys: Int32s = (np.copysign(indexes, values) * ~is_zero).astype(np.int32)
    return keys


def lower_bounds(keys: Int32s, scale: int = INITIAL_SCALE) -> Floats:
    """The bounds with the least magnitude of the buckets with these keys."""
    return _bounds(keys, scale, 0)


def middles(keys: Int32s, scale: int = INITIAL_SCALE) -> Floats:
    """The values of the buckets with the least relative error: the harmonic means of their bounds."""
    factor = 2 / (1 + 2.0 ** -(2.0**-scale))
    with np.errstate(over="ignore"):
        found: Floats = np.clip(lower_bounds(keys, scale) * factor, -GREATEST, GREATEST)
        return found


def coarser(keys: Int32s, steps: int) -> Int32s:
    """The keys of the same values at a scale that is less by `steps`."""
    indexes = ((np.abs(keys) - INDEX_OFFSET) >> steps) + INDEX_OFFSET
    result: Int32s = np.sign(keys) * indexes
    return result


def quantiles(keys: Int32s, counts: Floats, scale: int, shares: Sequence[float]) -> list[float | None]:
    """Quantiles at `shares` (0-1) by nearest rank; each None without values. A key may come more than once."""
    order = np.argsort(keys, kind="stable")
    seen = np.cumsum(counts[order])
    if not len(seen) or seen[-1] <= 0:
        return [None] * len(shares)
    ranks = np.ceil(np.array(shares) * seen[-1])
    places = np.minimum(np.searchsorted(seen, np.maximum(ranks, 1)), len(seen) - 1)
    return [float(value) for value in middles(keys[order][places], scale)]


class Sketches:
    """Sketches by id of series. Adding makes others; `compact` saves memory and changes nothing else.

    Attributes:
        finest: the scale of all series but those that are coarser.
    """

    __slots__ = ("_packed", "_scales", "_table", "finest")

    def __init__(
        self, table: Table | None, scales: Mapping[int, int], packed_rows: bytes = b"", finest: int = INITIAL_SCALE
    ) -> None:
        self._table, self._packed = table, packed_rows
        self._scales, self.finest = scales, finest

    @classmethod
    def of_values(cls, ids: Int32s, values: Floats) -> Self:
        """Sketches of single values."""
        keys = row_keys(ids, keys_of(values))
        return cls(Table.of_sums(_LAYOUT, keys, [np.ones(len(keys))]), {})

    @classmethod
    def of_histograms(cls, histograms: Iterable[tuple[int, ExponentialHistogram]]) -> "Sketches":
        """Sketches of histograms by id; an id may come more than once."""
        by_scale: dict[int, list[tuple[int, int, float]]] = {}
        for number, histogram in histograms:
            rows = by_scale.setdefault(min(histogram.scale, INITIAL_SCALE), [])
            shift = max(0, histogram.scale - INITIAL_SCALE)
            for sign, buckets in ((1, histogram.positive), (-1, histogram.negative)):
                rows += [(number, sign * _key(index >> shift), count) for index, count in buckets.items() if count]
            if histogram.zero_count:
                rows.append((number, 0, histogram.zero_count))
        total: Sketches | None = None
        for scale, rows in sorted(by_scale.items(), reverse=True):
            owners, keys, counts = np.array(rows, np.float64).reshape(-1, 3).T
            table = Table.of_sums(_LAYOUT, row_keys(owners.astype(np.int32), keys.astype(np.int32)), [counts])
            numbers = dict.fromkeys(map(int, np.unique(owners)), scale) if scale < INITIAL_SCALE else {}
            more = cls(table, numbers)
            total = more if total is None else total.merged(more)
        return (total or cls(Table(_LAYOUT, np.zeros(0, np.int64), [np.zeros(0)]), {}))._bounded()

    def merged(self, other: "Sketches") -> "Sketches":
        """The sum of both."""
        finest = min(self.finest, other.finest)
        if not self._scales and not other._scales and self.finest == other.finest:
            return Sketches(self._load().merged(other._load()), {}, finest=finest)._bounded()
        both = self._scales.keys() | other._scales.keys()
        found = {number: min(self._scale(number), other._scale(number), finest) for number in sorted(both)}
        scales = {number: scale for number, scale in found.items() if scale < finest}
        table = self._at_scales(finest, scales).merged(other._at_scales(finest, scales))
        return Sketches(table, scales, finest=finest)._bounded()

    def coarser(self, finest: int) -> "Sketches":
        """The same values at scale `finest`, or at their own where that is less."""
        scales = {number: scale for number, scale in self._scales.items() if scale < finest}
        return Sketches(self._at_scales(finest, scales), scales, finest=finest)

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Sketches":
        """The sketches of the series for which `chosen`, by id, is true; ids beyond it are left out."""
        table = self._load()
        owners = table.keys >> _KEY_BITS
        kept = table.where((owners < len(chosen)) & chosen.take(owners, mode="clip") if len(chosen) else owners < 0)
        scales = {number: scale for number, scale in self._scales.items() if number < len(chosen) and chosen[number]}
        return Sketches(kept, scales, finest=self.finest)

    @staticmethod
    def rows_of(several: Sequence["Sketches"]) -> tuple[Rows, list[int]]:
        """All rows of several, one after the other, and how many each has."""
        parts: list[UnpackedRows] = []
        for is_packed, group in groupby([(each._table, each) for each in several], key=lambda pair: pair[0] is None):
            if is_packed:
                parts.append(unpacked_rows([each._packed for _, each in group]))
                continue
            for table, _ in group:
                assert table is not None
                owners, lows = (table.keys >> _KEY_BITS).astype(np.int32), (table.keys & _LOW_BITS).astype(np.int32)
                parts.append(UnpackedRows(owners, lows, table.column(COUNT_COLUMN), [len(owners)]))
        lengths = [length for part in parts for length in part.lengths]
        if not parts:
            none = np.zeros(0, np.int32)
            return Rows(none, none, np.zeros(0), np.zeros(0, np.int8)), lengths
        owners, keys, counts = (np.concatenate([part[place] for part in parts]) for place in range(3))
        keys -= _KEY_OFFSET
        scales = np.repeat(np.array([each.finest for each in several], np.int8), lengths)
        for each, end, length in zip(several, accumulate(lengths), lengths, strict=True):
            for number, scale in each._scales.items():
                rows = slice(end - length, end)
                scales[rows][owners[rows] == number] = scale
        return Rows(owners, keys, counts, scales), lengths

    def compact(self) -> None:
        """Pack the rows; reading unpacks them for the reader alone."""
        if self._table is not None:
            self._packed = packed(self._table.keys, self._table.column(COUNT_COLUMN))
            self._table = None

    def dump(self) -> tuple[bytes, dict[int, int], int]:
        """The packed rows, the scales of coarser series, and that of all others, for `restore`."""
        table = self._table
        rows = self._packed if table is None else packed(table.keys, table.column(COUNT_COLUMN))
        return rows, dict(self._scales), self.finest

    @classmethod
    def restore(cls, packed_rows: bytes, scales: dict[int, int], finest: int = INITIAL_SCALE) -> Self:
        """The sketches that `dump` packed."""
        return cls(None, scales, packed_rows, finest)

    def _load(self) -> Table:
        table = self._table
        if table is None:
            keys, counts = unpacked(self._packed)
            table = Table(_LAYOUT, keys, [counts])
        return table

    def _scale(self, number: int) -> int:
        return self._scales.get(number, self.finest)

    def _at_scales(self, finest: int, scales: Mapping[int, int]) -> Table:
        """The rows at other scales, which are not finer than their own."""
        table = self._load()
        steps = _scales_of(table, self.finest, self._scales) - _scales_of(table, finest, scales)
        return _coarsened(table, steps) if steps.any() else table

    def _bounded(self) -> "Sketches":
        """Half the resolution of series with more than `MAX_BUCKETS`, until they have no more."""
        table, scales = self._load(), self._scales
        while len(table) > MAX_BUCKETS:
            owners, sizes = np.unique(table.keys >> _KEY_BITS, return_counts=True)
            wide = owners[sizes > MAX_BUCKETS]
            if not len(wide):
                break
            table = _coarsened(table, np.isin(table.keys >> _KEY_BITS, wide).astype(np.int8))
            scales = {**scales, **{number: scales.get(number, self.finest) - 1 for number in wide.tolist()}}
        return self if scales is self._scales else Sketches(table, scales, finest=self.finest)


def _scales_of(table: Table, finest: int, scales: Mapping[int, int]) -> Int8s:
    """The scale of each row."""
    found = np.full(len(table), finest, np.int8)
    for number, scale in scales.items():
        first, end = np.searchsorted(table.keys, [number << _KEY_BITS, (number + 1) << _KEY_BITS])
        found[first:end] = scale
    return found


def _coarsened(table: Table, steps: Int8s) -> Table:
    """The rows, each at a scale that is less by its `steps`."""
    keys = table.keys.copy()
    for each in np.unique(steps[steps > 0]).tolist():
        chosen = steps == each
        owners = (keys[chosen] >> _KEY_BITS).astype(np.int32)
        fine = ((keys[chosen] & ((1 << _KEY_BITS) - 1)) - _KEY_OFFSET).astype(np.int32)
        keys[chosen] = row_keys(owners, coarser(fine, each))
    return Table.of_sums(_LAYOUT, keys, table.columns)


def row_keys(owners: Int32s, keys: Int32s) -> npt.NDArray[np.int64]:
    """The keys of rows: those of one series follow each other, in the order of their buckets."""
    return (owners.astype(np.int64) << _KEY_BITS) + (keys + _KEY_OFFSET)


def _key(index: int) -> int:
    return max(1, min(index + INDEX_OFFSET, 2 * INDEX_OFFSET - 1))


def _bounds(keys: Int32s, scale: int, more: int) -> Floats:
    indexes = np.abs(keys) - INDEX_OFFSET + more
    with np.errstate(over="ignore"):
        magnitudes = np.minimum(2.0 ** (indexes * 2.0**-scale), GREATEST)
    return np.sign(keys) * magnitudes
