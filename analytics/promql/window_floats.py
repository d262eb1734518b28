"""Functions over ranges of floats: extremes, spread, quantiles, trends."""

import math
from collections.abc import Callable

import numpy as np

from analytics.promql import annotations as notes
from analytics.promql import kahan
from analytics.promql.block import Floats, Mask
from analytics.promql.errors import CannotEvaluate
from analytics.promql.windows import FloatFunction, Ranges, Result, SampleWindow, last_rows, of_floats

ColumnFunction = Callable[[SampleWindow, Floats, Floats], float]
"""From a window, seconds and values of one series to its result."""


def minimum(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Least value; NaN only if all are."""
    lowest: Floats = np.fmin.reduce(np.where(floats, values, np.nan), axis=0)
    return lowest


def maximum(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Greatest value; NaN only if all are."""
    greatest: Floats = np.fmax.reduce(np.where(floats, values, np.nan), axis=0)
    return greatest


def variance(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Population variance."""
    mean = kahan.means(values, floats)
    return kahan.means((values - mean) ** 2, floats)


def deviation(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Population standard deviation."""
    return np.sqrt(variance(window, values, floats))


def time_of_minimum(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """When the least value was observed last, in seconds."""
    return _time_of(window, values, floats, minimum(window, values, floats))


def time_of_maximum(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """When the greatest value was observed last, in seconds."""
    return _time_of(window, values, floats, maximum(window, values, floats))


def _time_of(window: SampleWindow, values: Floats, floats: Mask, wanted: Floats) -> Floats:
    same = floats & ((values == wanted) | np.isnan(wanted))
    return window.times[last_rows(same)] / 1000.0


def quantile_of(q: float, values: Floats) -> Floats:
    """Quantile of each column, interpolated linearly; NaN counts as the least value."""
    count = len(values)
    if not count or q != q:
        return np.full(values.shape[1:], np.nan)
    if q < 0 or q > 1:
        return np.full(values.shape[1:], math.copysign(math.inf, q))
    ordered = -np.sort(-values, axis=0)[::-1]
    rank = q * (count - 1)
    low = max(0, math.floor(rank))
    high = min(count - 1, low + 1)
    weight = rank - math.floor(rank)
    with np.errstate(all="ignore"):
        return np.asarray(ordered[low] * (1 - weight) + ordered[high] * weight)


_COLUMNS_AT_ONCE = 64
"""Series of a window that are computed one by one between two pauses."""


def by_column(function: ColumnFunction) -> FloatFunction:
    """A function of all series from one of a single series."""

    def applied(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
        result = np.full(values.shape[1], np.nan)
        seconds = window.times / 1000.0
        for place, column in enumerate(np.flatnonzero(floats.any(0)).tolist()):
            if place % _COLUMNS_AT_ONCE == 0:
                window.pause()
            mask = floats[:, column]
            result[column] = function(window, seconds[mask], values[mask, column])
        return result

    return applied


def quantile(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Quantile; the parameter says which."""
    if floats.all():
        return quantile_of(window.parameters[0], values)
    return by_column(lambda _, __, some: float(quantile_of(window.parameters[0], some[:, None])[0]))(
        window, values, floats
    )


def _median_deviation(window: SampleWindow, seconds: Floats, values: Floats) -> float:
    middle = quantile_of(0.5, values[:, None])
    return float(quantile_of(0.5, np.abs(values[:, None] - middle))[0])


median_deviation = by_column(_median_deviation)
"""Median of the distances from the median."""


def _line(seconds: Floats, values: Floats, origin: float) -> tuple[float, float]:
    """Slope and intercept at `origin` of the least squares' line."""
    first = values[0]
    if (values == first).all():
        return (math.nan, math.nan) if math.isinf(first) else (0.0, float(first))
    x = seconds - origin
    everywhere = np.ones((len(x), 4), bool)
    sum_x, sum_y, sum_xy, sum_xx = kahan.sums(np.stack([x, values, x * values, x * x], axis=1), everywhere).tolist()
    count = len(x)
    covariance, spread = sum_xy - sum_x * sum_y / count, sum_xx - sum_x * sum_x / count
    slope = covariance / spread if spread else math.nan
    return slope, sum_y / count - slope * sum_x / count


def _slope(window: SampleWindow, seconds: Floats, values: Floats) -> float:
    return _line(seconds, values, float(seconds[0]))[0] if len(values) > 1 else math.nan


def _predicted(window: SampleWindow, seconds: Floats, values: Floats) -> float:
    if len(values) < 2:
        return math.nan
    slope, intercept = _line(seconds, values, window.now / 1000.0)
    return slope * window.parameters[0] + intercept


slope, predicted = by_column(_slope), by_column(_predicted)
"""Slope of the least squares' line a second, and its value the parameter's seconds after now."""


def smoothed(window: SampleWindow, values: Floats, floats: Mask) -> Floats:
    """Holt's double exponential smoothing; the parameters are the smoothing and the trend factor.

    Raises:
        CannotEvaluate: a factor is not between 0 and 1.
    """
    for kind, factor in zip(("smoothing", "trend"), window.parameters, strict=True):
        if not 0 < factor < 1:
            letter = kind[0] + "f"
            raise CannotEvaluate(f"invalid {kind} factor. Expected: 0 < {letter} < 1, got: {factor:f}")
    return by_column(_smoothed)(window, values, floats)


def _smoothed(window: SampleWindow, seconds: Floats, values: Floats) -> float:
    if len(values) < 2:
        return math.nan
    smoothing, trending = window.parameters
    numbers = values.tolist()
    level, trend = numbers[0], numbers[1] - numbers[0]
    previous = 0.0
    for index, value in enumerate(numbers[1:]):
        if index:
            trend = trending * (level - previous) + (1 - trending) * trend
        previous, level = level, smoothing * value + (1 - smoothing) * (level + trend)
    return float(level)


FLOAT_FUNCTIONS: dict[str, tuple[FloatFunction, int]] = {
    "min_over_time": (minimum, 1),
    "max_over_time": (maximum, 1),
    "stddev_over_time": (deviation, 1),
    "stdvar_over_time": (variance, 1),
    "ts_of_min_over_time": (time_of_minimum, 1),
    "ts_of_max_over_time": (time_of_maximum, 1),
    "quantile_over_time": (quantile, 1),
    "mad_over_time": (median_deviation, 1),
    "deriv": (slope, 2),
    "predict_linear": (predicted, 2),
    "double_exponential_smoothing": (smoothed, 2),
}
"""Functions that ignore histograms, and how many floats each needs."""


def evaluate(name: str, ranges: Ranges) -> Result:
    """One of `FUNCTIONS` over all windows."""
    function, least = FLOAT_FUNCTIONS[name]
    return of_floats(function, ranges, least)


def check_quantile(q: Floats, annotations: notes.Annotations, at: int) -> None:
    """Warn about quantiles outside of 0 to 1."""
    for value in dict.fromkeys(q[~((q >= 0) & (q <= 1))].tolist()):
        annotations.warn(notes.bad_quantile(value), at)
