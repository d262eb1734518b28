"""Aggregations that choose or order: `topk`, `bottomk`, `limitk`, `quantile`, `count_values`."""

import math
from collections.abc import Iterator

import numpy as np

from analytics.points import Labels
from analytics.promql import annotations as notes
from analytics.promql.block import Block, Floats, Indices, Mask, empty
from analytics.promql.context import Context
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Aggregate, Node
from analytics.promql.quoting import quoted
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.text import plain
from analytics.promql.window_floats import check_quantile, quantile_of

CHOOSING = {"topk", "bottomk", "limitk"}


def choose(node: Aggregate, block: Block, context: Context) -> Block:
    """The k greatest, least, or first series of each group, with all their labels."""
    assert node.parameter is not None
    limits = _counts(context.scalar(node.parameter))
    if node.operator != "limitk":
        _note_ignored(node, block, context)
        block = block.floats_only()
    groups = block.series.grouped(node.labels, node.without)
    present = np.zeros(block.present.shape, bool)
    order: list[int] = []
    for columns in _columns(groups.of_series, len(groups.series)):
        context.budget.charge(len(columns) * context.steps)
        ranks = _ranks(node.operator, block.values[:, columns], block.present[:, columns])
        places = np.empty_like(ranks)
        np.put_along_axis(places, ranks, np.arange(len(columns))[None, :].repeat(len(ranks), 0), axis=1)
        present[:, columns] = block.present[:, columns] & (places < limits[:, None])
        order += columns[ranks[0]].tolist() if len(ranks) else columns.tolist()
    chosen = Block(block.series, block.values, present, block.histograms, block.unnamed)
    is_used: list[bool] = np.asarray(present.any(0)).tolist()
    kept = [column for column in order if is_used[column]]
    return chosen.taken(np.array(kept, np.int64))


def quantiles(node: Aggregate, block: Block, context: Context) -> Block:
    """A quantile of each group."""
    assert node.parameter is not None
    q = context.scalar(node.parameter)
    check_quantile(q, context.annotations, node.parameter.at)
    _note_ignored(node, block, context)
    floats = block.are_floats
    groups = block.series.grouped(node.labels, node.without)
    values = np.full((context.steps, len(groups.series)), np.nan)
    present = np.zeros(values.shape, bool)
    unnamed = np.zeros(len(groups.series), bool)
    for group, columns in enumerate(_columns(groups.of_series, len(groups.series))):
        context.budget.charge(len(columns) * context.steps)
        mask, some = floats[:, columns], block.values[:, columns]
        unnamed[group] = block.unnamed[columns].any()
        present[:, group] = mask.any(1)
        if mask.all() and len(q) and (q == q[0]).all():
            values[:, group] = quantile_of(float(q[0]), some.T)
            continue
        for step in np.flatnonzero(present[:, group]).tolist():
            values[step, group] = quantile_of(float(q[step]), some[step, mask[step], None])[0]
    return Block(groups.series, values, present, None, unnamed)


def count_values(node: Aggregate, block: Block, context: Context) -> Block:
    """How many series of each group have the same value, which becomes a label."""
    label = _label(node.parameter, context)
    groups = block.series.grouped(node.labels, node.without)
    counts: dict[Labels, Floats] = {}
    unnamed: dict[Labels, bool] = {}
    for column, group in enumerate(groups.of_series.tolist()):
        context.budget.charge(context.steps)
        shared = dict(groups.series.rows[group])
        for step in np.flatnonzero(block.present[:, column]).tolist():
            histogram = None if block.histograms is None else block.histograms[step, column]
            text = plain(float(block.values[step, column])) if histogram is None else str(histogram)
            key = tuple(sorted({**shared, label: text}.items()))
            if key not in counts:
                context.budget.charge(context.steps)
                counts[key] = np.zeros(context.steps)
            counts[key][step] += 1
            unnamed[key] = unnamed.get(key, False) or bool(block.unnamed[column])
    if not counts:
        return empty(context.steps)
    values = np.stack(list(counts.values()), axis=1)
    return Block(SeriesLabels(list(counts)), values, values > 0, None, np.array(list(unnamed.values()), bool))


def _label(node: Node | None, context: Context) -> str:
    assert node is not None
    label = context.text(node)
    if not label:
        raise CannotEvaluate(f"invalid label name {quoted(label)}")
    return label


def _note_ignored(node: Aggregate, block: Block, context: Context) -> None:
    if block.histograms is not None and block.are_histograms.any():
        context.annotations.inform(notes.ignored_in_aggregation(node.operator), node.expression.at)


def _counts(values: Floats) -> Floats:
    for value in values.tolist():
        if not -(2.0**63) <= value < 2.0**63:
            what = "NaN" if math.isnan(value) else plain(value)
            raise CannotEvaluate(f"Scalar value {what} overflows int64")
    return np.trunc(values)


def _columns(of_series: Indices, count: int) -> Iterator[Indices]:
    order = np.argsort(of_series, kind="stable")
    ends = np.cumsum(np.bincount(of_series, minlength=count)) if count else np.zeros(0, np.int64)
    start = 0
    for end in ends.tolist():
        yield order[start:end]
        start = end


def _ranks(operator: str, values: Floats, present: Mask) -> Indices:
    """For each step the columns from the first to the last rank; NaN after all numbers, absent ones at the end."""
    kind = np.where(present, np.isnan(values), 2)
    if operator == "limitk":
        return np.argsort(~present, axis=1, kind="stable")
    key = np.where(kind == 0, -values if operator == "topk" else values, 0.0)
    return np.lexsort((key, kind), axis=1)
