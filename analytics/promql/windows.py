"""Functions over ranges of samples: one window at a time, all series of a window at once."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from analytics.points import NAME_LABEL
from analytics.promql import annotations as notes
from analytics.promql.annotations import Annotations
from analytics.promql.block import Block, Floats, Mask, Objects, Times, no_objects
from analytics.promql.budget import Budget
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Samples


class SampleWindow(Struct, frozen=True):
    """The samples of one window, and what a function may need besides.

    Attributes:
        times: milliseconds, shape `[point]`.
        values, floats: shape `[point, series]`; `floats` is where there is a float.
        histograms: None if there are none at all.
        present: where there is a float or a histogram.
        start, end: of the window in milliseconds; it is open at its start.
        now: the time of the step, which differs from `end` by the offset.
        parameters: of the function.
        pause: lets others run.
    """

    times: Times
    values: Floats
    floats: Mask
    present: Mask
    histograms: Objects | None
    start: int
    end: int
    now: int
    parameters: tuple[float, ...]
    pause: Callable[[], None]


class Ranges(Struct, frozen=True):
    """The windows of all steps over the same samples.

    Attributes:
        ends: milliseconds, the ends of the windows.
        steps: milliseconds, the times of the steps.
        length: milliseconds of a window.
        at: where in the query the range stands, for annotations.
    """

    samples: Samples
    ends: Times
    steps: Times
    length: int
    parameters: tuple[Floats, ...]
    budget: Budget
    annotations: Annotations
    at: int

    def each(self) -> Iterator[tuple[int, SampleWindow]]:
        """Each step's index and window."""
        samples = self.samples
        low = np.searchsorted(samples.times, self.ends - self.length, side="right").tolist()
        high = np.searchsorted(samples.times, self.ends, side="right").tolist()
        floats, width = samples.are_floats, len(samples.series)
        for step, (first, last) in enumerate(zip(low, high, strict=True)):
            self.budget.charge((last - first) * width)
            end = int(self.ends[step])
            yield (
                step,
                SampleWindow(
                    samples.times[first:last],
                    samples.values[first:last],
                    floats[first:last],
                    samples.present[first:last],
                    None if samples.histograms is None else samples.histograms[first:last],
                    end - self.length,
                    end,
                    int(self.steps[step]),
                    tuple(float(each[step]) for each in self.parameters),
                    self.budget.pause,
                ),
            )

    def name(self, series: int) -> str:
        """Name of a series' metric."""
        return dict(self.samples.series.rows[series]).get(NAME_LABEL, "")

    def warn(self, text: Callable[[str], str], series: int) -> None:
        """Add a warning about one series."""
        self.annotations.warn(text(self.name(series)), self.at)

    def inform(self, text: Callable[[str], str], series: int) -> None:
        """Add an info about one series."""
        self.annotations.inform(text(self.name(series)), self.at)


class Result(NamedTuple):
    """Arrays `[step, series]` for the results of a function."""

    values: Floats
    present: Mask
    histograms: Objects

    def block(self, series: SeriesLabels, unnamed: Mask) -> Block:
        """The results as a block."""
        has_histograms = any(each is not None for each in self.histograms.ravel().tolist())
        return Block(series, self.values, self.present, self.histograms if has_histograms else None, unnamed)


def new_result(ranges: Ranges) -> Result:
    """An empty result."""
    shape = (len(ranges.ends), len(ranges.samples.series))
    return Result(np.full(shape, np.nan), np.zeros(shape, bool), no_objects(shape))


FloatFunction = Callable[[SampleWindow, Floats, Mask], Floats]
"""From a window, its floats and where there is one, to a value for each series that has enough of them."""


def of_floats(function: FloatFunction, ranges: Ranges, least: int) -> Result:
    """A function that ignores histograms and needs `least` floats."""
    result = new_result(ranges)
    for step, window in ranges.each():
        enough = window.floats.sum(0) >= least
        if ranges.samples.histograms is not None:
            mixed = window.floats.any(0) & (window.present & ~window.floats).any(0)
            for series in np.flatnonzero(mixed).tolist():
                ranges.inform(notes.ignored_in_range, series)
        if enough.any():
            with np.errstate(all="ignore"):
                result.values[step] = function(window, window.values, window.floats)
            result.present[step] = enough
    return result


def first_rows(present: Mask) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Row of the first present value in each column; 0 if there is none."""
    return np.asarray(present.argmax(0), np.int64)


def last_rows(present: Mask) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Row of the last present value in each column; the last row if there is none."""
    return np.asarray(len(present) - 1 - present[::-1].argmax(0), np.int64)
