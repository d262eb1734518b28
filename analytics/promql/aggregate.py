"""Aggregations over series: sums, means, extremes, counts, spread."""

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from analytics.promql import annotations as notes
from analytics.promql import kahan
from analytics.promql.block import Block, Floats, Indices, Mask, Objects, no_objects
from analytics.promql.context import Context
from analytics.promql.histogram import NativeHistogram
from analytics.promql.histogram_sums import Mixed, mean, total
from analytics.promql.nodes import Aggregate
from analytics.promql.series_labels import SeriesGroups, SeriesLabels

_AT_ONCE = 1 << 18
"""Values that are aggregated between two pauses."""
_GROWS = 16.0
"""Sums of magnitudes up to so many times the sum itself lose no digit that matters without compensation."""


def aggregate(node: Aggregate, block: Block, context: Context) -> Block:
    """One value for each group of series at each step; computed for some steps at a time, so that others can run."""
    width = max(1, len(block.series))
    size = max(1, _AT_ONCE // width)
    if context.steps <= size or block.histograms is not None:
        return _aggregate(node, block, context)
    parts = []
    for start in range(0, context.steps, size):
        steps = slice(start, start + size)
        some = Block(block.series, block.values[steps], block.present[steps], None, block.unnamed)
        parts.append(_aggregate(node, some, replace(context, times=context.times[steps])))
    values, present = np.concatenate([each.values for each in parts]), np.concatenate([each.present for each in parts])
    return Block(parts[0].series, values, present, None, parts[0].unnamed)


def _aggregate(node: Aggregate, block: Block, context: Context) -> Block:
    groups = block.series.grouped(node.labels, node.without)
    if not len(groups.series):
        return Block(groups.series, np.zeros((context.steps, 0)), np.zeros((context.steps, 0), bool))
    context.budget.pause()
    ordered = _Ordered(block, groups)
    unnamed = np.full(len(groups.series), block.unnamed.all())
    if not block.unnamed.all() and block.unnamed.any():
        np.logical_or.at(unnamed, groups.of_series, block.unnamed)
    if node.operator in ("count", "group"):
        counts = ordered.count(ordered.block.present)
        values = counts if node.operator == "count" else np.ones_like(counts)
        return Block(groups.series, values, counts > 0, None, unnamed)
    floats = ordered.block.are_floats
    if node.operator not in ("sum", "avg"):
        if block.histograms is not None and (ordered.block.present & ~floats).any():
            context.annotations.inform(notes.ignored_in_aggregation(node.operator), node.expression.at)
        with np.errstate(all="ignore"):
            return Block(
                groups.series, _FLOATS[node.operator](ordered, floats), ordered.count(floats) > 0, None, unnamed
            )
    with np.errstate(all="ignore"):
        counts = ordered.count(floats)
        values = ordered.sums(floats) if node.operator == "sum" else ordered.means(floats)
    if block.histograms is None:
        return Block(groups.series, values, counts > 0, None, unnamed)
    histograms, present = _histograms(node, ordered, counts > 0, context)
    return Block(groups.series, values, present, histograms, unnamed)


class _Ordered:
    """A block with its series ordered by group, so that a group is a slice."""

    def __init__(self, block: Block, groups: SeriesGroups) -> None:
        order, self.starts, self.sizes = groups.order
        self.is_full = block.histograms is None and bool(block.present.all())
        self.block = block if order is None else _without_labels(block, order, is_full=self.is_full)

    def count(self, mask: Mask) -> Floats:
        """How many of a group's series are in the mask."""
        if self.is_full:
            return np.repeat(self.sizes.astype(np.float64)[None], len(mask), axis=0)
        return np.add.reduceat(mask, self.starts, axis=1, dtype=np.float64)

    def sums(self, floats: Mask) -> Floats:
        """Sums, with compensation where values of both signs nearly cancel out."""
        values = self.block.values if floats.all() else np.where(floats, self.block.values, 0.0)
        result = np.add.reduceat(values, self.starts, axis=1)
        magnitudes = np.add.reduceat(np.abs(values), self.starts, axis=1)
        doubtful = ~(magnitudes <= _GROWS * np.abs(result)) | ~np.isfinite(result)
        doubtful &= magnitudes != 0
        return self._carefully(kahan.sums, result, doubtful, floats)

    def means(self, floats: Mask) -> Floats:
        """Means, likewise."""
        counts = self.count(floats)
        values = self.block.values if floats.all() else np.where(floats, self.block.values, 0.0)
        added = np.add.reduceat(values, self.starts, axis=1)
        magnitudes = np.add.reduceat(np.abs(values), self.starts, axis=1)
        doubtful = ~(magnitudes <= _GROWS * np.abs(added)) | ~np.isfinite(added)
        doubtful &= magnitudes != 0
        return self._carefully(kahan.means, added / counts, doubtful, floats)

    def _carefully(
        self, function: Callable[[Floats, Mask], Floats], result: Floats, where: Mask, floats: Mask
    ) -> Floats:
        for group in np.flatnonzero(where.any(0)).tolist():
            steps = np.flatnonzero(where[:, group])
            columns = slice(self.starts[group], self.starts[group] + self.sizes[group])
            result[steps, group] = function(self.block.values[steps, columns].T, floats[steps, columns].T)
        return result

    def least(self, floats: Mask) -> Floats:
        """Least values; NaN only if all are."""
        return np.fmin.reduceat(self._or_nan(floats), self.starts, axis=1)

    def greatest(self, floats: Mask) -> Floats:
        """Greatest values; NaN only if all are."""
        return np.fmax.reduceat(self._or_nan(floats), self.starts, axis=1)

    def _or_nan(self, floats: Mask) -> Floats:
        return self.block.values if self.is_full else np.where(floats, self.block.values, np.nan)

    def variances(self, floats: Mask) -> Floats:
        """Population variances, from distances to the least value: exactly 0 where all are equal."""
        counts = self.count(floats)
        distances = np.where(floats, self.block.values - np.repeat(self.least(floats), self.sizes, axis=1), 0.0)
        middle = np.repeat(np.add.reduceat(distances, self.starts, axis=1) / counts, self.sizes, axis=1)
        squares = np.where(floats, (distances - middle) ** 2, 0.0)
        return np.add.reduceat(squares, self.starts, axis=1) / counts

    def deviations(self, floats: Mask) -> Floats:
        """Population standard deviations."""
        return np.sqrt(self.variances(floats))


_FLOATS: dict[str, Callable[[_Ordered, Mask], Floats]] = {
    "min": _Ordered.least,
    "max": _Ordered.greatest,
    "stddev": _Ordered.deviations,
    "stdvar": _Ordered.variances,
}


def _without_labels(block: Block, order: Indices, *, is_full: bool) -> Block:
    histograms = None if block.histograms is None else block.histograms[:, order]
    unlabelled = SeriesLabels([()] * len(order))
    present = block.present if is_full else block.present.take(order, axis=1)
    return Block(unlabelled, block.values.take(order, axis=1), present, histograms, block.unnamed[order])


def _histograms(node: Aggregate, ordered: _Ordered, has_floats: Mask, context: Context) -> tuple[Objects, Mask]:
    present, result = has_floats.copy(), no_objects(has_floats.shape)
    block, at = ordered.block, node.expression.at
    assert block.histograms is not None
    are_histograms = block.are_histograms
    for group, (start, size) in enumerate(zip(ordered.starts.tolist(), ordered.sizes.tolist(), strict=True)):
        columns = slice(start, start + size)
        for step in np.flatnonzero(are_histograms[:, columns].any(1)).tolist():
            context.budget.charge(size)
            if has_floats[step, group]:
                context.annotations.warn(notes.MIXED_IN_AGGREGATION, at)
                present[step, group] = False
                continue
            found: list[NativeHistogram] = list(block.histograms[step, columns][are_histograms[step, columns]].tolist())
            try:
                outcome = total(found) if node.operator == "sum" else mean(found)
            except Mixed:
                context.annotations.warn(notes.mixed_schemas(""), at)
                continue
            if outcome.collides:
                context.annotations.warn(notes.reset_collision("aggregation"), at)
            if outcome.reconciled:
                context.annotations.inform(notes.reconciled_bounds("aggregation"), at)
            result[step, group] = outcome.histogram
            present[step, group] = True
    return result, present
