"""Gauges: counts, sums, extremes and last values of windows are exact."""

from collections.abc import Callable

import numpy as np

from analytics.promql.block import Floats, Indices, Mask
from analytics.query.cells import windows
from analytics.query.cells.axis import Places
from analytics.query.cells.counters import Result, count
from analytics.query.cells.figures import Figures


def latest(figures: Figures, places: Places) -> Result:
    """The last value of the window, unless the series ended since."""
    values, present, rows = _newest(figures, places)
    if figures.momentary:
        present = present & (rows == (places.last - 1)[:, None])
    if figures.ended.any():
        seen = windows.taken(figures.columns["last_at"], rows, places)
        ends = figures.axis.edges[places.last][:, None]
        present = present & ~((seen < figures.ended) & (figures.ended <= ends))
    return values, present


def latest_time(figures: Figures, places: Places) -> Result:
    """When the last value of the window was observed, in seconds."""
    rows, _ = windows.newest(figures.present, places)
    _, present = latest(figures, places)
    return windows.taken(figures.columns["last_at"], rows, places), present


def last(figures: Figures, places: Places) -> Result:
    """The last value of the window."""
    return _newest(figures, places)[:2]


def _newest(figures: Figures, places: Places) -> tuple[Floats, Mask, Indices]:
    """The last value of the window, whether there is one, and the rows of the buckets that have them."""
    if figures.present.all():
        rows = places.last - 1
        shape = (len(rows), figures.present.shape[1])
        return figures.columns["last"][rows], np.ones(shape, bool), np.broadcast_to(rows[:, None], shape)
    newest, present = windows.newest(figures.present, places)
    return windows.taken(figures.columns["last"], newest, places), present, newest


def presence(figures: Figures, places: Places) -> Result:
    """1 where there is any."""
    present = windows.anywhere(figures.present, places)
    return np.ones(present.shape), present


def total(figures: Figures, places: Places) -> Result:
    """Sum of the values."""
    return windows.sums(figures.columns["sum"], places), windows.anywhere(figures.present, places)


def mean(figures: Figures, places: Places) -> Result:
    """Mean of the values."""
    values, present = total(figures, places)
    with np.errstate(all="ignore"):
        return values / windows.sums(figures.count, places), present


def least(figures: Figures, places: Places) -> Result:
    """Least value."""
    return _extreme(figures, places, "min", np.fmin)


def greatest(figures: Figures, places: Places) -> Result:
    """Greatest value."""
    return _extreme(figures, places, "max", np.fmax)


def _extreme(figures: Figures, places: Places, column: str, function: np.ufunc) -> Result:
    values = np.where(figures.present, figures.columns[column], np.nan)
    return windows.reduced(values, places, function), windows.anywhere(figures.present, places)


GAUGE_FUNCTIONS: dict[str, tuple[Callable[[Figures, Places], Result], tuple[str, ...]]] = {
    "count_over_time": (count, ("count",)),
    "present_over_time": (presence, ()),
    "sum_over_time": (total, ("sum",)),
    "avg_over_time": (mean, ("sum", "count")),
    "min_over_time": (least, ("min",)),
    "max_over_time": (greatest, ("max",)),
    "last_over_time": (last, ("last",)),
}
"""Functions that buckets answer exactly, and the columns that each needs."""
