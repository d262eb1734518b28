"""Functions of labels and order: `label_replace`, `label_join`, `sort…`, `absent…`."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from analytics.points import NAME_LABEL, Labels
from analytics.promql import annotations as notes
from analytics.promql.block import Block, merged
from analytics.promql.context import Context
from analytics.promql.errors import CannotEvaluate
from analytics.promql.matchers import EQUAL, charge_match, compiled
from analytics.promql.nodes import Call, Node, Selector
from analytics.promql.ranges import call as range_call
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.text import float_text

_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
_DIGITS = re.compile(r"(\d+)")
_LONGEST_VALUE = 10_000
"""Characters of a label that a function makes."""
_CHARACTERS = 8
"""Characters that cost as much as a sample."""


def label_replace(node: Call, context: Context) -> Block:
    """Sets a label from the match of a regular expression with another one."""
    target, replacement, source, pattern = [context.text(each) for each in node.arguments[1:]]
    try:
        expression = compiled(pattern)
    except Exception as error:
        raise CannotEvaluate(f"invalid regular expression in label_replace(): {pattern}") from error
    if not target:
        raise CannotEvaluate(f"invalid destination label name in label_replace(): {target}")
    known: dict[str, str | None] = {}
    cost = sum(1 for _ in _REFERENCE.finditer(replacement)) + len(replacement) // _CHARACTERS

    def changed(labels: Labels) -> Labels:
        values = dict(labels)
        text = values.get(source, "")
        if text not in known:
            context.budget.charge(cost + len(text) // _CHARACTERS)
            charge_match(context.budget, expression, text)
            found = expression.fullmatch(text)
            known[text] = None if found is None else _expanded(replacement, found, context)
        value = known[text]
        return labels if value is None else _with_label(values, target, value)

    return _relabelled(context.vector(node.arguments[0]), target, changed)


def label_join(node: Call, context: Context) -> Block:
    """Sets a label to the values of others, with a separator between them."""
    target, separator, *sources = [context.text(each) for each in node.arguments[1:]]
    if not target:
        raise CannotEvaluate(f"invalid destination label name in label_join(): {target}")

    def changed(labels: Labels) -> Labels:
        values = dict(labels)
        context.budget.charge(len(sources))
        parts = [values.get(source, "") for source in sources]
        length = sum(map(len, parts)) + len(separator) * (len(parts) - 1)
        _checked(length, context)
        return _with_label(values, target, separator.join(parts))

    return _relabelled(context.vector(node.arguments[0]), target, changed)


def _checked(length: int, context: Context) -> None:
    """Charge the characters of a new value.

    Raises:
        CannotEvaluate: they are too many.
    """
    if length > _LONGEST_VALUE:
        raise CannotEvaluate(f"a label would have {length:,} characters, more than {_LONGEST_VALUE:,}")
    context.budget.charge(length // _CHARACTERS)


def _with_label(values: dict[str, str], name: str, value: str) -> Labels:
    if value:
        return tuple(sorted({**values, name: value}.items()))
    return tuple(sorted((key, each) for key, each in values.items() if key != name))


def _relabelled(block: Block, target: str, change: Callable[[Labels], Labels]) -> Block:
    unnamed = np.zeros(len(block.series), bool) if target == NAME_LABEL else block.unnamed
    series = SeriesLabels([change(row) for row in block.series.rows])
    return merged(Block(series, block.values, block.present, block.histograms, unnamed))


def _expanded(replacement: str, found: "re.Match[str]", context: Context) -> str:
    length = 0

    def group(reference: "re.Match[str]") -> str:
        nonlocal length
        text = _group(reference, found)
        length += len(text)
        if length > _LONGEST_VALUE:
            _checked(length, context)
        return text

    value = _REFERENCE.sub(group, replacement)
    _checked(len(value), context)
    return value


def _group(reference: "re.Match[str]", found: "re.Match[str]") -> str:
    if reference[1]:
        return "$"
    name = reference[2] or reference[3]
    try:
        return found.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError):
        return ""


def sort(node: Call, context: Context) -> Block:
    """Floats in ascending or descending order, NaN last. Has an effect on instant queries only."""
    block = context.vector(node.arguments[0]).floats_only()
    if context.step or context.steps != 1:
        context.annotations.warn(notes.INEFFECTIVE_SORT, node.at)
        return block
    columns = np.flatnonzero(block.present[0])
    values = block.values[0, columns]
    key = -values if node.name == "sort_desc" else values
    return block.taken(columns[np.lexsort((key, np.isnan(values)))])


def sort_by_label(node: Call, context: Context) -> Block:
    """In the natural order of some labels' values: `a2` comes before `a10`."""
    block = context.vector(node.arguments[0])
    if context.step or context.steps != 1:
        context.annotations.warn(notes.INEFFECTIVE_SORT, node.at)
        return block
    names = [context.text(each) for each in node.arguments[1:]]
    rows = block.series.rows

    def key(column: int) -> tuple[Sequence[object], Labels]:
        values = dict(rows[column])
        return [_natural(values.get(name, "")) for name in names], rows[column]

    order = sorted(range(len(rows)), key=key, reverse=node.name == "sort_by_label_desc")
    return block.taken(np.array(order, np.int64))


def _natural(text: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in _DIGITS.split(text) if part]


def absent(node: Call, context: Context) -> Block:
    """1 where a vector has no sample, with the labels that its selector asks for."""
    return _absent(node.arguments[0], context.vector(node.arguments[0]), context)


def absent_over_time(node: Call, context: Context) -> Block:
    """1 where a range has no sample."""
    counted = Call(node.at, "present_over_time", node.arguments)
    return _absent(node.arguments[0], range_call(counted, context)[0], context)


def _absent(argument: Node, block: Block, context: Context) -> Block:
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in argument.matchers if isinstance(argument, Selector) else ():
        if matcher.name == NAME_LABEL:
            continue
        if matcher.operator == EQUAL and matcher.name not in seen:
            labels[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    row = tuple(sorted((name, value) for name, value in labels.items() if value))
    present = ~np.asarray(block.present.any(1))[:, None]
    return Block(SeriesLabels([row]), np.ones((context.steps, 1)), present)


LABEL_FUNCTIONS: dict[str, Callable[[Call, Context], Block]] = {
    "label_replace": label_replace,
    "label_join": label_join,
    "sort": sort,
    "sort_desc": sort,
    "sort_by_label": sort_by_label,
    "sort_by_label_desc": sort_by_label,
    "absent": absent,
    "absent_over_time": absent_over_time,
}


def quantile_label(q: float) -> str:
    """A quantile as the value of a label, as OpenMetrics writes it: always with a point or an exponent."""
    text = float_text(q)
    return text if any(sign in text for sign in ".eNI") else f"{text}.0"
