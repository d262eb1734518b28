"""Functions of the numbers in a window before each step."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analytics.logql.nodes import RangeAggregation
from analytics.logql.vectors import Values

Times = NDArray[np.int64]
_SECOND = 1_000_000_000
_CALL = 1_000
"""Numbers whose aggregation takes as long as the call for it."""


AT_ONCE = 1_000_000
"""Numbers that are aggregated between two pauses."""


def over_time(
    node: RangeAggregation, steps: Times, times: Times, values: Values, rest: Callable[[], None] = lambda: None
) -> Values:
    """The value of a function at each step, of numbers in the order of time; NaN where its window has none.

    A window ends at its step, and begins after the time that is its length earlier.

    Args:
        rest: lets others run, or raises the error of a query whose time is up; called between many numbers.
    """
    ends = steps - node.offset
    lows = np.searchsorted(times, ends - node.window, "right")
    highs = np.searchsorted(times, ends, "right")
    seconds = node.window / _SECOND
    name = node.function
    if node.unwrap is None:
        totals = np.concatenate(([0.0], np.cumsum(values)))
        found = totals[highs] - totals[lows]
        if name in ("rate", "bytes_rate"):
            found = found / seconds
        counted: Values = np.where(highs > lows, found, np.nan)
        return counted
    reduce = _REDUCE.get(name) or _quantile(node.parameter or 0.0)
    result = np.full(len(steps), np.nan)
    done = 0
    for place in np.flatnonzero(highs > lows):
        done += int(highs[place] - lows[place]) + _CALL
        if done > AT_ONCE:
            done = 0
            rest()
        result[place] = reduce(values[lows[place] : highs[place]])
    return result / seconds if name in ("rate", "rate_counter") else result


def _quantile(share: float) -> Callable[[Values], float]:
    if share < 0:
        return lambda values: -np.inf
    if share > 1:
        return lambda values: np.inf
    return lambda values: float(np.quantile(values, share))


def _increase(values: Values) -> float:
    """How much a counter grew, whose value falls where it starts again."""
    steps = np.diff(values)
    return float(np.where(steps < 0, values[1:], steps).sum())


_REDUCE: dict[str, Callable[[Values], float]] = {
    "rate": lambda values: float(values.sum()),
    "rate_counter": _increase,
    "sum_over_time": lambda values: float(values.sum()),
    "avg_over_time": lambda values: float(values.mean()),
    "min_over_time": lambda values: float(values.min()),
    "max_over_time": lambda values: float(values.max()),
    "stdvar_over_time": lambda values: float(values.var()),
    "stddev_over_time": lambda values: float(values.std()),
    "first_over_time": lambda values: float(values[0]),
    "last_over_time": lambda values: float(values[-1]),
    "absent_over_time": lambda values: 1.0,
}
