"""Functions of dates: parts of a time in UTC, and the time of samples."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analytics.promql.block import Block, Floats, Indices
from analytics.promql.context import Context
from analytics.promql.functions_math import from_scalar
from analytics.promql.nodes import Call, Selector
from analytics.promql.ranges import newest_times

_FARTHEST = 2.0**53


def timestamp(node: Call, context: Context) -> Block:
    """When each sample was observed, in seconds; of a computed vector, the time of the step."""
    argument = node.arguments[0]
    if isinstance(argument, Selector):
        return newest_times(argument, context)
    block = context.vector(argument)
    values = np.broadcast_to((context.times / 1000.0)[:, None], block.values.shape)
    return Block(block.series, values, block.present).nameless()


def part_of_date(node: Call, context: Context) -> Block:
    """A part of the date that each value is in seconds; without an argument, of the step."""
    block = context.vector(node.arguments[0]) if node.arguments else from_scalar(context.times / 1000.0)
    context.budget.charge(block.values.size)
    known = np.abs(block.values) < _FARTHEST
    seconds = np.where(known, np.trunc(np.where(known, block.values, 0.0)), 0.0).astype(np.int64)
    values = np.where(known, _PARTS[node.name](seconds), np.nan)
    return Block(block.series, values, block.are_floats).nameless()


def _days(seconds: Indices) -> NDArray[np.datetime64]:
    return (seconds // 86400).astype("datetime64[D]")


def _within(seconds: Indices, unit: str) -> Floats:
    days = _days(seconds)
    passed: Floats = (days - days.astype(f"datetime64[{unit}]").astype("datetime64[D]")).astype(float)
    return passed + 1


def _days_in_month(seconds: Indices) -> Floats:
    month = _days(seconds).astype("datetime64[M]")
    length: Floats = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(float)
    return length


_PARTS: dict[str, Callable[[Indices], Floats]] = {
    "minute": lambda seconds: (seconds // 60 % 60).astype(float),
    "hour": lambda seconds: (seconds // 3600 % 24).astype(float),
    "day_of_week": lambda seconds: ((seconds // 86400 + 4) % 7).astype(float),
    "day_of_month": lambda seconds: _within(seconds, "M"),
    "day_of_year": lambda seconds: _within(seconds, "Y"),
    "days_in_month": _days_in_month,
    "month": lambda seconds: (_days(seconds).astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(float),
    "year": lambda seconds: (_days(seconds).astype("datetime64[Y]").astype(np.int64) + 1970).astype(float),
}

TIME_FUNCTIONS: dict[str, Callable[[Call, Context], Block]] = {
    "timestamp": timestamp,
    **dict.fromkeys(_PARTS, part_of_date),
}
