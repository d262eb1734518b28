"""Functions of single floats, and of the step itself."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from analytics.promql.block import Block, Floats
from analytics.promql.context import Context
from analytics.promql.nodes import Call
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.values import ScalarValue, Value

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "deg": np.degrees,
    "rad": np.radians,
    "sgn": np.sign,
}


def elementwise(node: Call, context: Context) -> Block:
    """A function of each float; histograms and names are dropped."""
    block = context.vector(node.arguments[0])
    context.budget.charge(block.values.size)
    with np.errstate(all="ignore"):
        values = ELEMENTWISE[node.name](block.values)
    return Block(block.series, values, block.are_floats).nameless()


def rounded(node: Call, context: Context) -> Block:
    """To the nearest multiple of the second argument, halves upwards."""
    block = context.vector(node.arguments[0])
    context.budget.charge(block.values.size)
    to = context.scalar(node.arguments[1])[:, None] if len(node.arguments) > 1 else np.ones((context.steps, 1))
    with np.errstate(all="ignore"):
        inverse = 1.0 / to
        values = np.floor(block.values * inverse + 0.5) / inverse
    return Block(block.series, values, block.are_floats).nameless()


def clamp(node: Call, context: Context) -> Block:
    """Between two limits; nothing where the lower is above the upper one."""
    low, high = context.scalar(node.arguments[1]), context.scalar(node.arguments[2])
    block = _clamped(node, context, low, high)
    return Block(block.series, block.values, block.present & ~(high < low)[:, None], None, block.unnamed)


def clamp_min(node: Call, context: Context) -> Block:
    """Not below a limit."""
    return _clamped(node, context, context.scalar(node.arguments[1]), None)


def clamp_max(node: Call, context: Context) -> Block:
    """Not above a limit."""
    return _clamped(node, context, None, context.scalar(node.arguments[1]))


def _clamped(node: Call, context: Context, low: Floats | None, high: Floats | None) -> Block:
    block = context.vector(node.arguments[0])
    context.budget.charge(block.values.size)
    values = block.values
    if high is not None:
        values = np.minimum(values, high[:, None])
    if low is not None:
        values = np.maximum(values, low[:, None])
    return Block(block.series, values, block.are_floats).nameless()


def vector(node: Call, context: Context) -> Block:
    """A scalar as a vector without labels."""
    return from_scalar(context.scalar(node.arguments[0]))


def from_scalar(values: Floats) -> Block:
    """One series without labels."""
    return Block(SeriesLabels([()]), np.array(values, float)[:, None], np.ones((len(values), 1), bool))


def scalar(node: Call, context: Context) -> ScalarValue:
    """The only float of a vector; NaN where there is none or several."""
    block = context.vector(node.arguments[0])
    floats = block.are_floats
    if not floats.shape[1]:
        return ScalarValue(np.full(context.steps, np.nan))
    values = block.values[np.arange(context.steps), floats.argmax(1)]
    return ScalarValue(np.where(floats.sum(1) == 1, values, np.nan))


def time(node: Call, context: Context) -> ScalarValue:
    """Seconds of the step."""
    return ScalarValue(context.times / 1000.0)


def pi(node: Call, context: Context) -> ScalarValue:
    """The number pi."""
    return _constant(math.pi, context)


def start(node: Call, context: Context) -> ScalarValue:
    """Seconds of the query's first step."""
    return _constant(context.start / 1000.0, context)


def end(node: Call, context: Context) -> ScalarValue:
    """Seconds of the query's last step."""
    return _constant(context.end / 1000.0, context)


def extent(node: Call, context: Context) -> ScalarValue:
    """Seconds from the query's first to its last step."""
    return _constant((context.end - context.start) / 1000.0, context)


def step(node: Call, context: Context) -> ScalarValue:
    """Seconds between two steps."""
    return _constant(context.step / 1000.0, context)


def least(node: Call, context: Context) -> ScalarValue:
    """The lesser scalar; NaN if one is."""
    return ScalarValue(np.minimum(context.scalar(node.arguments[0]), context.scalar(node.arguments[1])))


def greatest(node: Call, context: Context) -> ScalarValue:
    """The greater scalar; NaN if one is."""
    return ScalarValue(np.maximum(context.scalar(node.arguments[0]), context.scalar(node.arguments[1])))


def _constant(value: float, context: Context) -> ScalarValue:
    return ScalarValue(np.full(context.steps, value))


MATH_FUNCTIONS: dict[str, Callable[[Call, Context], Value]] = {
    **dict.fromkeys(ELEMENTWISE, elementwise),
    "round": rounded,
    "clamp": clamp,
    "clamp_min": clamp_min,
    "clamp_max": clamp_max,
    "vector": vector,
    "scalar": scalar,
    "time": time,
    "pi": pi,
    "start": start,
    "end": end,
    "range": extent,
    "step": step,
    "min_of": least,
    "max_of": greatest,
}
