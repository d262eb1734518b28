"""Counters: their windows' increases are exact, and rates are these by the seconds of the window."""

from collections.abc import Callable

import numpy as np

from analytics.promql.block import Floats, Mask
from analytics.query.cells import windows
from analytics.query.cells.axis import Places
from analytics.query.cells.figures import Figures

Result = tuple[Floats, Mask]
"""Values and presence, `[step, series]`."""


def increase(figures: Figures, places: Places) -> Result:
    """The increase in the window."""
    return windows.sums(figures.columns["increase"], places), _present(figures, places)


def rate(figures: Figures, places: Places) -> Result:
    """The increase in the window, a second."""
    values, present = increase(figures, places)
    return values / places.seconds[:, None], present


def count(figures: Figures, places: Places) -> Result:
    """How many values were observed in the window."""
    return windows.sums(figures.count, places), windows.anywhere(figures.present, places)


def presence(figures: Figures, places: Places) -> Result:
    """1 where the counter is known."""
    present = _present(figures, places)
    return np.ones(present.shape), present


def latest(figures: Figures, places: Places) -> Result:
    """The running total at the end of the window."""
    return running(figures)[places.last], _present(figures, places)


def running(figures: Figures) -> Floats:
    """The running total before each bucket and at the end; shape `[bucket + 1, series]`."""
    return np.maximum(figures.totals - windows.remaining(figures.columns["increase"]), 0.0)


def _present(figures: Figures, places: Places) -> Mask:
    if not figures.lasting:
        return windows.anywhere(figures.present, places)
    known = np.logical_or.accumulate(figures.present, axis=0)
    before = figures.totals - windows.remaining(figures.columns["increase"])[0] > 0
    present: Mask = known[places.last - 1] | before
    return present


COUNTER_FUNCTIONS: dict[str, Callable[[Figures, Places], Result]] = {
    "increase": increase,
    "rate": rate,
    "count_over_time": count,
    "present_over_time": presence,
    "last_over_time": latest,
}
"""Functions that buckets answer exactly."""
