"""Functions of histograms, native and classic ones."""

import math
from collections.abc import Callable

import numpy as np

from analytics.points import NAME_LABEL, Labels
from analytics.promql import annotations as notes
from analytics.promql import classic_buckets, histogram_quantiles
from analytics.promql.block import Block, Floats, joined
from analytics.promql.classic_buckets import Cumulative
from analytics.promql.context import Context
from analytics.promql.functions_labels import quantile_label
from analytics.promql.histogram import NativeHistogram
from analytics.promql.nodes import Call, Node
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.text import parsed_float
from analytics.promql.window_floats import check_quantile

NativeFunction = Callable[[NativeHistogram, int, str], float]
"""From a histogram, the step's index and the metric's name to a value."""
ClassicFunction = Callable[[Cumulative, int, str], float]


def quantile(node: Call, context: Context) -> Block:
    """`histogram_quantile(q, vector)`."""
    q = context.scalar(node.arguments[0])
    check_quantile(q, context.annotations, node.arguments[0].at)
    return _quantile(q, context.vector(node.arguments[1]), node.arguments[1], context)


def quantiles(node: Call, context: Context) -> Block:
    """`histogram_quantiles(vector, label, q…)`: several at once, told apart by a label."""
    block, label = context.vector(node.arguments[0]), context.text(node.arguments[1])
    blocks = []
    for argument in node.arguments[2:]:
        q = context.scalar(argument)
        check_quantile(q, context.annotations, argument.at)
        found = _quantile(q, block, node.arguments[0], context)
        text = quantile_label(float(q[0])) if len(q) else ""
        rows = [tuple(sorted({**dict(row), label: text}.items())) for row in found.series.rows]
        blocks.append(Block(SeriesLabels(rows), found.values, found.present, None, found.unnamed))
    return joined(blocks, context.steps)


def fraction(node: Call, context: Context) -> Block:
    """`histogram_fraction(lower, upper, vector)`."""
    lower, upper = context.scalar(node.arguments[0]).tolist(), context.scalar(node.arguments[1]).tolist()
    argument = node.arguments[2]

    def native(histogram: NativeHistogram, step: int, name: str) -> float:
        if histogram.sum != histogram.sum and histogram.count:
            context.annotations.inform(notes.nan_fraction(name), argument.at)
        return histogram_quantiles.fraction(lower[step], upper[step], histogram)

    def classic(buckets: Cumulative, step: int, name: str) -> float:
        return classic_buckets.fraction(lower[step], upper[step], buckets)

    return _both_kinds(context.vector(argument), argument, context, native, classic)


def _quantile(q: Floats, block: Block, argument: Node, context: Context) -> Block:
    if block.dense:
        return _dense_quantile(q, block, context)
    asked = q.tolist()

    def native(histogram: NativeHistogram, step: int, name: str) -> float:
        value, distorted = histogram_quantiles.quantile(asked[step], histogram)
        if distorted:
            text = notes.nan_result(name) if value != value else notes.nan_skew(name)
            context.annotations.inform(text, argument.at)
        return value

    def classic(buckets: Cumulative, step: int, name: str) -> float:
        value, forced = classic_buckets.quantile(asked[step], buckets)
        if forced:
            context.annotations.inform(notes.forced_monotonicity(name), argument.at)
        return value

    return _both_kinds(block, argument, context, native, classic)


def _dense_quantile(q: Floats, block: Block, context: Context) -> Block:
    values = np.full(block.present.shape, np.nan)
    for each in block.dense:
        context.budget.pause()
        different = dict.fromkeys(q.tolist())
        for value in different:
            steps = np.flatnonzero((q == value) | (np.isnan(q) & (value != value)))
            some = each if len(different) == 1 else each.of_steps(steps)
            values[np.ix_(steps, each.columns)] = some.quantiles(value)
    return Block(block.series, values, block.present).nameless()


def _both_kinds(
    block: Block, argument: Node, context: Context, native: NativeFunction, classic: ClassicFunction
) -> Block:
    """A function of native histograms, and of classic ones with the same labels apart from `le`."""
    columns: dict[Labels, int] = {}
    natives: list[tuple[int, int]] = []
    classics: dict[int, list[tuple[float, int]]] = {}
    floats, histograms = block.are_floats, block.are_histograms
    context.budget.charge(block.present.size)
    for column, row in enumerate(block.series.rows):
        if histograms[:, column].any():
            natives.append((columns.setdefault(row, len(columns)), column))
        if floats[:, column].any():
            labels = dict(row)
            try:
                bound = parsed_float(labels.get("le", ""))
            except ValueError:
                name = labels.get(NAME_LABEL, "")
                context.annotations.warn(notes.bad_bucket_label(labels.get("le", ""), name), argument.at)
                continue
            key = tuple([pair for pair in row if pair[0] != "le"])
            classics.setdefault(columns.setdefault(key, len(columns)), []).append((bound, column))
    values = np.full((context.steps, len(columns)), np.nan)
    present = np.zeros(values.shape, bool)
    rows = list(columns)
    for target, members in classics.items():
        members.sort()
        name = dict(rows[target]).get(NAME_LABEL, "")
        indices = [column for _, column in members]
        some, mask = block.values[:, indices].tolist(), floats[:, indices].tolist()
        for step in range(context.steps):
            cumulative = [
                (bound, count)
                for (bound, _), count, there in zip(members, some[step], mask[step], strict=True)
                if there
            ]
            if cumulative:
                values[step, target] = classic(cumulative, step, name)
                present[step, target] = True
        context.budget.pause()
    for target, column in natives:
        assert block.histograms is not None
        name = dict(rows[target]).get(NAME_LABEL, "")
        for step in np.flatnonzero(histograms[:, column]).tolist():
            if present[step, target]:
                context.annotations.warn(notes.mixed_classic_and_native(name), argument.at)
                present[step, target] = False
                continue
            values[step, target] = native(block.histograms[step, column], step, name)
            present[step, target] = True
        context.budget.pause()
    return Block(SeriesLabels(rows), values, present).nameless()


def of_native(node: Call, context: Context) -> Block:
    """A figure of each native histogram; floats are ignored."""
    block = context.vector(node.arguments[0])
    figure, there = _FIGURES[node.name], block.are_histograms
    values = np.full(there.shape, np.nan)
    if block.histograms is not None:
        for step, column in np.argwhere(there).tolist():
            values[step, column] = figure(block.histograms[step, column])
    return Block(block.series, values, there).nameless()


_FIGURES: dict[str, Callable[[NativeHistogram], float]] = {
    "histogram_count": lambda histogram: histogram.count,
    "histogram_sum": lambda histogram: histogram.sum,
    "histogram_avg": lambda histogram: histogram.sum / histogram.count if histogram.count else math.nan,
    "histogram_stdvar": histogram_quantiles.variance,
    "histogram_stddev": lambda histogram: math.sqrt(histogram_quantiles.variance(histogram)),
}

HISTOGRAM_FUNCTIONS: dict[str, Callable[[Call, Context], Block]] = {
    "histogram_quantile": quantile,
    "histogram_quantiles": quantiles,
    "histogram_fraction": fraction,
    **dict.fromkeys(_FIGURES, of_native),
}
