"""Evaluates nodes: looks up what each kind is done by."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analytics.promql import functions_histogram, functions_labels, functions_math, functions_time, ranges
from analytics.promql.aggregate import aggregate
from analytics.promql.aggregate_ranked import CHOOSING, choose, count_values, quantiles
from analytics.promql.binary import binary
from analytics.promql.block import Block
from analytics.promql.context import Context
from analytics.promql.errors import BadQuery
from analytics.promql.nodes import Aggregate, Binary, Call, Negation, Node, NumberNode, Selector, StringNode, Subquery
from analytics.promql.storage import Grouping
from analytics.promql.values import ScalarValue, TextValue, Value

_FUNCTIONS: dict[str, Callable[[Call, Context], Value]] = {
    **functions_math.MATH_FUNCTIONS,
    **functions_time.TIME_FUNCTIONS,
    **functions_labels.LABEL_FUNCTIONS,
    **functions_histogram.HISTOGRAM_FUNCTIONS,
}


def evaluate(node: Node, context: Context) -> Value:
    """The value of an expression at all steps."""
    return _EVALUATORS[type(node)](node, context)


def _number(node: NumberNode, context: Context) -> Value:
    return ScalarValue(np.full(context.steps, node.value))


def _string(node: StringNode, context: Context) -> Value:
    return TextValue(node.value)


def _range(node: Selector | Subquery, context: Context) -> Value:
    if isinstance(node, Selector) and not node.range:
        return ranges.instant(node, context)
    return ranges.samples_of(node, context, context.at(node))


def _call(node: Call, context: Context) -> Value:
    if node.name in ranges.RANGE_FUNCTIONS:
        return ranges.call(node, context)[0]
    if node.name not in _FUNCTIONS:
        raise BadQuery(f'invalid parameter "query": the function {node.name} is not supported')
    return _FUNCTIONS[node.name](node, context)


def _aggregate(node: Aggregate, context: Context) -> Value:
    inner = node.expression
    if isinstance(inner, Call) and inner.name in ranges.RANGE_FUNCTIONS and node.parameter is None:
        grouping = Grouping(node.operator, node.labels, node.without)
        block, is_grouped = ranges.call(inner, context, grouping)
        return block if is_grouped else aggregate(node, block, context)
    block = context.vector(inner)
    if node.operator in CHOOSING:
        return choose(node, block, context)
    if node.operator == "quantile":
        return quantiles(node, block, context)
    if node.operator == "count_values":
        return count_values(node, block, context)
    return aggregate(node, block, context)


def _negation(node: Negation, context: Context) -> Value:
    value = context.evaluate(node.expression, context)
    if isinstance(value, ScalarValue):
        return ScalarValue(-value.values)
    assert isinstance(value, Block)
    context.budget.charge(value.values.size)
    histograms = value.histograms
    if histograms is not None:
        negated = np.array([None if each is None else each.scaled(-1.0) for each in histograms.ravel()], object)
        histograms = negated.reshape(histograms.shape)
    return Block(value.series, -value.values, value.present, histograms).nameless()


_EVALUATORS: dict[type[Node], Callable[[Any, Context], Value]] = {
    NumberNode: _number,
    StringNode: _string,
    Selector: _range,
    Subquery: _range,
    Call: _call,
    Aggregate: _aggregate,
    Negation: _negation,
    Binary: binary,
}
