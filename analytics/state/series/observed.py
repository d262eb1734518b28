"""Observations of typed series in the order of the log, before they are in tables."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.points import ExponentialHistogram
from analytics.state.rollup import Level
from analytics.state.series.ids import IdArray
from analytics.state.series.table import Floats


class ObservationArrays(NamedTuple):
    """Observations in the order of the log, as arrays; see `Observed`."""

    ids: IdArray
    values: Floats
    ats: Floats
    histograms: list[ExponentialHistogram | None]

    def at(self, places: npt.NDArray[np.intp]) -> "ObservationArrays":
        """Those at some indexes."""
        histograms = [self.histograms[place] for place in places.tolist()] if self.histograms else []
        return ObservationArrays(self.ids[places], self.values[places], self.ats[places], histograms)

    def observed(self) -> "Observed":
        """The same as lists."""
        return Observed(self.ids.tolist(), self.values.tolist(), self.ats.tolist(), self.histograms)


class SingleValues:
    """Single values of histograms with their times, by id of series; those of each are in the order of the log."""

    def __init__(self) -> None:
        self.by_id: dict[int, tuple[list[float], list[float]]] = {}

    def add(self, number: int, values: list[float], ats: list[float]) -> None:
        """Add the values of a series, which has none yet, and their times in seconds since the epoch."""
        self.by_id[number] = values, ats

    def observed(self) -> "Observed":
        """The same, series by series."""
        found = Observed.none()
        for number, (values, ats) in self.by_id.items():
            found.ids.extend([number] * len(values))
            found.values.extend(values)
            found.ats.extend(ats)
        found.histograms.extend([None] * len(found.ids))
        return found


class Observed(NamedTuple):
    """Observations in the order of the log: ids of series, values, and times in seconds since the epoch.

    A value is the increase of a counter, the value of a gauge, or the sum of a histogram in `histograms`, where
    None stands for a single value.
    """

    ids: list[int]
    values: list[float]
    ats: list[float]
    histograms: list[ExponentialHistogram | None]

    @classmethod
    def none(cls) -> "Observed":
        return cls([], [], [], [])

    def extend(self, other: "Observed") -> None:
        """Add others, which are later in the log."""
        self.ids.extend(other.ids)
        self.values.extend(other.values)
        self.ats.extend(other.ats)
        self.histograms.extend(other.histograms)

    def arrays(self) -> ObservationArrays:
        """The same as arrays."""
        ids = np.array(self.ids, np.int32)
        return ObservationArrays(ids, np.array(self.values, float), np.array(self.ats, float), self.histograms)


def by_start(observed: ObservationArrays, level: Level) -> Iterator[tuple[int, ObservationArrays]]:
    """The observations of each bucket, by the start of it, oldest first."""
    starts = np.floor_divide(observed.ats, level.size).astype(np.int64) * level.size
    if starts[0] == starts[-1] and (starts == starts[0]).all():
        yield int(starts[0]), observed
        return
    order = np.argsort(starts, kind="stable")
    firsts = np.flatnonzero(np.diff(starts[order], prepend=starts[order[0]] - 1))
    for places in np.split(order, firsts[1:]):
        yield int(starts[places[0]]), observed.at(places)
