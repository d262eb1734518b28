"""Binary operators between scalars and vectors, and set operators."""

import numpy as np

from analytics.promql.block import Block, Indices, Mask, joined
from analytics.promql.context import Context
from analytics.promql.matching import match, signatures
from analytics.promql.nodes import Binary, Matching
from analytics.promql.operators import ARITHMETIC, COMPARISONS, SETS, Operands, OperatorOutcome, apply
from analytics.promql.values import ScalarValue, Value


def binary(node: Binary, context: Context) -> Value:
    """The operator's result."""
    left, right = context.evaluate(node.left, context), context.evaluate(node.right, context)
    context.budget.pause()
    if isinstance(left, ScalarValue) and isinstance(right, ScalarValue):
        function = COMPARISONS.get(node.operator) or ARITHMETIC[node.operator]
        with np.errstate(all="ignore"):
            return ScalarValue(np.asarray(function(left.values, right.values), float))
    if isinstance(left, Block) and isinstance(right, Block):
        if node.operator in SETS:
            return _set_operation(node.operator, node.matching, left, right, context)
        return match(node, left, right, context)
    if isinstance(left, Block) and isinstance(right, ScalarValue):
        context.budget.charge(left.values.size)
        ones = np.broadcast_to(right.values[:, None], left.values.shape)
        sides = Operands(left.values, ones, left.present, left.histograms, None)
        return _kept(node, left, apply(node.operator, node.as_bool, sides, context.annotations, node.at))
    assert isinstance(left, ScalarValue)
    assert isinstance(right, Block)
    context.budget.charge(right.values.size)
    ones = np.broadcast_to(left.values[:, None], right.values.shape)
    sides = Operands(ones, right.values, right.present, None, right.histograms)
    outcome = apply(node.operator, node.as_bool, sides, context.annotations, node.at)
    if node.operator in COMPARISONS and not node.as_bool:
        outcome = OperatorOutcome(right.values, outcome.present, None)
    return _kept(node, right, outcome)


def _kept(node: Binary, vector: Block, outcome: OperatorOutcome) -> Block:
    """The outcome with the labels of the vector, whose name only a filter keeps."""
    is_filter = node.operator in COMPARISONS and not node.as_bool
    block = Block(vector.series, outcome.values, outcome.present, outcome.histograms, vector.unnamed)
    return block if is_filter else block.nameless()


def _set_operation(operator: str, matching: Matching, left: Block, right: Block, context: Context) -> Block:
    left_groups, right_groups, count = signatures(matching, left, right)
    if operator == "or":
        taken = _any(left.present, left_groups, count)
        rest = Block(
            right.series, right.values, right.present & ~taken[:, right_groups], right.histograms, right.unnamed
        )
        used = np.flatnonzero(rest.present.any(0))
        return joined([left, rest.taken(used)], context.steps)
    other = _any(right.present, right_groups, count)[:, left_groups]
    present = left.present & (other if operator == "and" else ~other)
    return Block(left.series, left.values, present, left.histograms, left.unnamed)


def _any(present: Mask, groups: Indices, count: int) -> Mask:
    result = np.zeros((len(present), count), bool)
    if not present.shape[1]:
        return result
    order = np.argsort(groups, kind="stable")
    used, starts = np.unique(groups[order], return_index=True)
    result[:, used] = np.logical_or.reduceat(present[:, order], starts, axis=1)
    return result
