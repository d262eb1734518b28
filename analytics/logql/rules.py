"""LogQL in rules: an expression is a node beside those of PromQL, so that rules treat both alike."""

import re
from collections.abc import Iterator
from typing import Literal

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import (
    LabelReplace,
    LogNumber,
    LogOperation,
    LogSelection,
    MetricExpression,
    RangeAggregation,
    VectorAggregation,
)
from analytics.logql.parse import COMPARING
from analytics.logql.parse import parse as parse_logql
from analytics.points import NAME_LABEL
from analytics.promql.compared import comparison, holds_on_little, longest_range, nodes_of
from analytics.promql.errors import BadQuery
from analytics.promql.nodes import Binary, Node, NumberNode, Selector
from analytics.promql.parse import parse as parse_promql

Language = Literal["promql", "logql"]
PROMQL: Language = "promql"
LOGQL: Language = "logql"
_SECOND = 1_000_000_000
_HAS_STAGES = re.compile(r"\}\s*(\||!=|!~|!>)\s*\S").search
_WHOLE, _LEFT = 0, 1


class LogExpression(Node):
    """A metric query of LogQL."""

    expression: MetricExpression


def parse_rule(text: str, language: str | None = None) -> Node:
    """The expression of a rule.

    Without a language it is LogQL if it is no PromQL, or if it has a range of a selector that names no metric, as in
    `rate({app="shop"}[5m])`.

    Raises:
        BadQuery: it is not valid.
    """
    if language == LOGQL:
        return _log_expression(text)
    try:
        found = parse_promql(text)
    except BadQuery:
        if language == PROMQL or not _seems_logql(text):
            raise
        return _log_expression(text)
    if language is None and any(_has_no_name(each) for each in nodes_of(found)):
        try:
            return _log_expression(text)
        except BadQuery:
            return found
    return found


def compared_with_number(node: Node) -> Binary | None:
    """The comparison that an expression is, of series on its left with a number on its right; None for another one."""
    if not isinstance(node, LogExpression):
        return comparison(node)
    match node.expression:
        case LogOperation(operator=operator, left=left, right=LogNumber(value=value), is_bool=False):
            if operator in COMPARING and not isinstance(left, LogNumber):
                return Binary(_WHOLE, operator, LogExpression(_LEFT, left), NumberNode(_WHOLE, value))
    return None


def may_hold_on_little(node: Node) -> bool:
    """Whether an expression may have a value because there are few data, or few lines."""
    return holds_on_little(node) or any(
        each.operator in ("<", "<=", "==", "unless") or isinstance(each.left, LogNumber)
        if isinstance(each, LogOperation)
        else isinstance(each, RangeAggregation) and each.function == "absent_over_time"
        for each in _parts_in(node)
    )


def longest_look_back(node: Node) -> float:
    """Seconds that an expression looks back."""
    windows = [each.window / _SECOND for each in _parts_in(node) if isinstance(each, RangeAggregation)]
    return max(longest_range(node), *windows, 0.0)


def has_logql(node: Node) -> bool:
    """Whether an expression is LogQL, or has some in it."""
    return any(isinstance(each, LogExpression) for each in nodes_of(node))


def _log_expression(text: str) -> LogExpression:
    try:
        found = parse_logql(text)
    except BadLogQuery as error:
        raise BadQuery(f"as LogQL: {error.message}") from None
    if isinstance(found, LogSelection):
        raise BadQuery('as LogQL: a rule needs a number, such as `count_over_time({service_name="shop"} |= "x" [5m])`')
    return LogExpression(_WHOLE, found)


def _seems_logql(text: str) -> bool:
    """Whether a text that is no PromQL is LogQL, or is meant to be."""
    if _HAS_STAGES(text):
        return True
    try:
        parse_logql(text)
    except BadLogQuery:
        return False
    return True


def _has_no_name(node: Node) -> bool:
    return isinstance(node, Selector) and node.range > 0 and all(each.name != NAME_LABEL for each in node.matchers)


def _parts_in(node: Node) -> Iterator[MetricExpression]:
    """All parts of the LogQL in an expression."""
    for each in nodes_of(node):
        if isinstance(each, LogExpression):
            yield from _parts(each.expression)


def _parts(expression: MetricExpression) -> Iterator[MetricExpression]:
    yield expression
    if isinstance(expression, LogOperation):
        yield from _parts(expression.left)
        yield from _parts(expression.right)
    elif isinstance(expression, VectorAggregation | LabelReplace):
        yield from _parts(expression.inner)
