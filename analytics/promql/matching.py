"""Operators between two vectors: which series of one side belongs to which of the other."""

import numpy as np

from analytics.points import NAME_LABEL, Labels
from analytics.promql.block import Block, Indices, Mask, merged
from analytics.promql.context import Context
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Binary, Matching
from analytics.promql.operators import COMPARISONS, Operands, apply
from analytics.promql.quoting import quoted
from analytics.promql.series_labels import SeriesLabels

_MANY = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_GROUPED = "multiple matches for labels: grouping labels must ensure unique matches"


def match(node: Binary, left: Block, right: Block, context: Context) -> Block:
    """The operator on matching series.

    Raises:
        CannotEvaluate: a series has several partners where it may have one.
    """
    matching = node.matching
    if matching.fill_left is not None or matching.fill_right is not None:
        raise CannotEvaluate("the experimental modifiers fill, fill_left and fill_right are not supported")
    swapped = matching.many == "right"
    many, one = (right, left) if swapped else (left, right)
    many_groups, one_groups, _ = signatures(matching, many, one)
    many_columns, one_columns = _pairs(many_groups, one_groups)
    context.budget.charge(len(many_columns) * context.steps)
    _check_one_side(one, one_groups, matching, "left" if swapped else "right")
    first, second = many.taken(many_columns), one.taken(one_columns)
    present = first.present & second.present
    if not matching.many:
        _check_many_side(many_groups[many_columns], present)
    lefts, rights = (second, first) if swapped else (first, second)
    sides = Operands(lefts.values, rights.values, present, lefts.histograms, rights.histograms)
    outcome = apply(node.operator, node.as_bool, sides, context.annotations, node.at)
    keeps_name = node.operator in COMPARISONS and not node.as_bool
    series = _labels(matching, first.series, second.series)
    unnamed = first.unnamed if keeps_name else np.ones(len(series), bool)
    block = Block(series, outcome.values, outcome.present, outcome.histograms, unnamed)
    if not matching.many:
        return block if not matching.on and not matching.labels else merged(block)
    try:
        return merged(block)
    except CannotEvaluate:
        raise CannotEvaluate(_GROUPED) from None


def signatures(matching: Matching, left: Block, right: Block) -> tuple[Indices, Indices, int]:
    """For each series of both sides the number of its match group, and how many groups there are."""
    left_groups = left.series.grouped(matching.labels, not matching.on)
    right_groups = right.series.grouped(matching.labels, not matching.on)
    numbers = {row: number for number, row in enumerate(left_groups.series.rows)}
    translated = np.array([numbers.setdefault(row, len(numbers)) for row in right_groups.series.rows], np.int64)
    return left_groups.of_series, translated[right_groups.of_series], len(numbers)


def _pairs(many: Indices, one: Indices) -> tuple[Indices, Indices]:
    """All pairs of columns in the same group, in the order of the many side."""
    order = np.argsort(one, kind="stable")
    low = np.searchsorted(one[order], many, side="left")
    counts = np.searchsorted(one[order], many, side="right") - low
    firsts = np.repeat(np.arange(len(many)), counts)
    within = np.arange(len(firsts)) - np.repeat(np.cumsum(counts) - counts, counts)
    return firsts, order[np.repeat(low, counts) + within]


def _check_one_side(one: Block, groups: Indices, matching: Matching, side: str) -> None:
    """No two series of the side of one may share a group at a time."""
    counts = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    for group in np.flatnonzero(counts > 1).tolist():
        columns = np.flatnonzero(groups == group)
        twice = np.flatnonzero(one.present[:, columns].sum(1) > 1)
        if len(twice):
            first, second = columns[one.present[twice[0], columns]][:2].tolist()
            rows = one.series.rows
            chosen = dict(rows[first])
            shared = tuple(
                pair
                for pair in sorted(chosen.items())
                if (pair[0] in matching.labels) is matching.on and pair[0] != NAME_LABEL
            )
            raise CannotEvaluate(
                f"found duplicate series for the match group {_shown(shared)} on the {side} hand-side of the "
                f"operation: [{_shown(rows[second])}, {_shown(rows[first])}];many-to-many matching not allowed: "
                "matching labels must be unique on one side"
            )


def _check_many_side(groups: Indices, present: Mask) -> None:
    """No two pairs of a group may be present at a time, where one series has one partner."""
    counts = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    for group in np.flatnonzero(counts > 1).tolist():
        if (present[:, groups == group].sum(1) > 1).any():
            raise CannotEvaluate(_MANY)


def _labels(matching: Matching, many: SeriesLabels, one: SeriesLabels) -> SeriesLabels:
    if not matching.many:
        if not matching.on and not matching.labels:
            return many
        chosen = set(matching.labels)
        return SeriesLabels([tuple([p for p in row if (p[0] in chosen) is matching.on]) for row in many.rows])
    if not matching.include:
        return many
    taken_over = set(matching.include)
    rows: list[Labels] = []
    for row, other in zip(many.rows, one.rows, strict=True):
        kept = [pair for pair in row if pair[0] not in taken_over]
        rows.append(tuple(sorted(kept + [pair for pair in other if pair[0] in taken_over])))
    return SeriesLabels(rows)


def _shown(labels: Labels) -> str:
    name = dict(labels).get(NAME_LABEL, "")
    rest = ", ".join(f"{key}={quoted(value)}" for key, value in labels if key != NAME_LABEL)
    return f"{name}{{{rest}}}" if rest or not name else name
