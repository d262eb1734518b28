"""Rows: samples of all own metrics at one time, or what is left of those of a minute or an hour."""

from collections import deque

import numpy as np
from msgspec import Struct

from analytics.promql.block import Floats

_MINUTE, _HOUR = 60, 3600
SAMPLES_FOR, MINUTES_FOR, HOURS_FOR = 5 * _MINUTE, 4 * _HOUR, 24 * _HOUR
"""Seconds for which single samples, then minutes, then hours are kept: no less than queries need of each level."""


class Row(Struct, frozen=True):
    """Samples of one or more times.

    Attributes:
        at: of the last one, in seconds.
        samples: how many they are.
        counters: totals at the last one.
        gauges: `[count, sum, min, max, last]` by gauge; gauges without a value have count 0 and NaN.
    """

    at: float
    samples: int
    counters: Floats
    gauges: Floats


def sampled(at: float, counters: Floats, gauges: Floats) -> Row:
    """The row of one time; gauges without a value are NaN."""
    known = ~np.isnan(gauges)
    return Row(at, 1, counters, np.stack([known.astype(float), np.where(known, gauges, 0.0), gauges, gauges, gauges]))


class SampleRows:
    """Rows in the order of time: single samples, older ones merged by minute, and the oldest by hour."""

    def __init__(self) -> None:
        self._samples, self._minutes, self._hours = deque[Row](), deque[Row](), deque[Row]()

    def all(self) -> list[Row]:
        """All rows."""
        return [*self._hours, *self._minutes, *self._samples]

    def add(self, row: Row) -> Row | None:
        """Add the newest one; returns the newest of those that are dropped for it."""
        self._samples.append(row)
        while row.at - self._samples[0].at >= SAMPLES_FOR:
            _append(self._minutes, self._samples.popleft(), _MINUTE)
        while self._minutes and row.at - self._minutes[0].at >= MINUTES_FOR:
            _append(self._hours, self._minutes.popleft(), _HOUR)
        dropped = None
        while self._hours and row.at - self._hours[0].at >= HOURS_FOR:
            dropped = self._hours.popleft()
        return dropped


def _append(rows: deque[Row], row: Row, size: int) -> None:
    """Append a row, or merge it into the last one of the same minute or hour."""
    if rows and rows[-1].at // size == row.at // size:
        rows[-1] = _merged(rows[-1], row)
    else:
        rows.append(row)


def _merged(earlier: Row, later: Row) -> Row:
    before, after = _widened(earlier.gauges, later.gauges.shape[1]), later.gauges
    gauges = np.stack(
        [
            before[0] + after[0],
            before[1] + after[1],
            np.fmin(before[2], after[2]),
            np.fmax(before[3], after[3]),
            np.where(np.isnan(after[4]), before[4], after[4]),
        ]
    )
    return Row(later.at, earlier.samples + later.samples, later.counters, gauges)


def _widened(gauges: Floats, width: int) -> Floats:
    """The same for more gauges, which have no values."""
    missing = width - gauges.shape[1]
    if not missing:
        return gauges
    none = np.array([[0.0], [0.0], [np.nan], [np.nan], [np.nan]])
    return np.concatenate([gauges, np.repeat(none, missing, axis=1)], axis=1)
