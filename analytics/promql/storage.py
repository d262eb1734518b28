"""The storage protocol of the engine: it answers selectors, and, if it can, functions over ranges by itself."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from analytics.points import Labels
from analytics.promql.annotations import Annotations
from analytics.promql.block import Block, Floats, Mask, Objects, Times, not_none
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher
from analytics.promql.nodes import Selector
from analytics.promql.series_labels import SeriesLabels


class Samples(Struct):
    """Raw samples of several series on one time axis.

    Attributes:
        times: milliseconds, ascending; shape `[point]`.
        values: floats, shape `[point, series]`.
        present: where there is a float or a histogram.
        histograms: an object array with None where there is none; None if there are none at all.
        stale: where a series ended; None if none did.
        unnamed: for each series, whether its name is dropped from the answer.
    """

    series: SeriesLabels
    times: Times
    values: Floats
    present: Mask
    unnamed: Mask
    histograms: Objects | None = None
    stale: Mask | None = None

    @property
    def are_floats(self) -> Mask:
        """Where there is a float."""
        return self.present if self.histograms is None else self.present & ~not_none(self.histograms)


class Grouping(Struct, frozen=True):
    """An aggregation that the result of a function is given to at once, which the storage may do by itself."""

    operator: str
    labels: tuple[str, ...]
    without: bool


class Asked(Struct, frozen=True):
    """The times and samples for which a selector or a function over its range is evaluated.

    Attributes:
        times: milliseconds at which it is evaluated, after `offset` and `@`, ascending.
        steps: milliseconds of the steps themselves.
        lookback: milliseconds for which a sample is valid, for instant vectors.
        parameter: further arguments of the function, one value a step each.
        grouping: the aggregation around it, if there is one.
    """

    selector: Selector
    times: Times
    steps: Times
    lookback: int
    budget: Budget
    annotations: Annotations
    parameters: tuple[Floats, ...] = ()
    grouping: Grouping | None = None


class SeriesStorage(Protocol):
    """Where series are kept. All windows are left-open: `(time - range, time]`."""

    def instant(self, asked: Asked) -> Block:
        """The newest sample of each series at each time, not older than the lookback."""
        ...

    def over(self, function: str, asked: Asked) -> tuple[Block, bool] | None:
        """A function of the samples in the selector's range before each time, and whether the grouping was applied.

        None if the storage cannot do better than computing it from `samples`. Series without a result are left out
        or not present.
        """
        ...

    def samples(self, asked: Asked, start: int, end: int) -> Samples:
        """The samples in `(start, end]`, in milliseconds."""
        ...

    def labels(self, matchers: Sequence[LabelMatcher], start: int, end: int, budget: Budget) -> list[Labels]:
        """Series with data between two times in milliseconds, both included."""
        ...


def no_samples() -> Samples:
    """Samples of no series."""
    none = np.zeros((0, 0))
    return Samples(SeriesLabels([]), np.zeros(0, np.int64), none, none.astype(bool), np.zeros(0, bool))
