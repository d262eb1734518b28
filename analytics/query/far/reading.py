"""The interface of a database that older figures are read from."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from analytics.points import Labels
from analytics.state.resolution import Resolution


class FarQuery(NamedTuple):
    """Figures of one metric: buckets that start from `start` to before `end`, in seconds.

    `labels` has other labels that the series must have, all equal to these values. Fields are `increase` of counters,
    `sum`, `min`, `max`, `p50`, `p95` and `p99` of histograms and gauges, `last` of gauges, `count`, and `unique`.
    """

    level: Resolution
    metric: str
    labels: Mapping[str, str]
    fields: Sequence[str]
    start: int
    end: int


class FarSeries(NamedTuple):
    """One series: its labels, and its fields by the start of each bucket."""

    labels: Labels
    points: dict[int, dict[str, float]]


class CannotReadBack(Exception):
    """The database did not give an answer that can be used; the argument says why."""


class FarReading(Protocol):
    """A database from which older figures are read; `target` is its address for people."""

    target: str

    def read(self, query: FarQuery) -> list[FarSeries]:
        """The series.

        Raises:
            CannotReadBack: there is no answer.
        """
        ...


class LoopReading:
    """Reads in the event loop's thread, whichever thread asks: connections belong to it.

    Args:
        in_loop: calls a function in that thread.
    """

    def __init__(
        self, reading: FarReading, in_loop: Callable[[Callable[[], list[FarSeries]]], list[FarSeries]]
    ) -> None:
        self.target = reading.target
        self._reading, self._in_loop = reading, in_loop

    def read(self, query: FarQuery) -> list[FarSeries]:
        """See `FarReading`."""
        return self._in_loop(partial(self._reading.read, query))


class CellColumns(NamedTuple):
    """Cells of many series, ordered by series and start.

    Attributes:
        kinds, series: the kind and labels of each series.
        places: index of the series of each cell.
        starts: start of each cell, in seconds.
        figures: `count`, `total`, `min`, `max`, `last` and `last_at` of each cell; NaN for none.
        scales: of the sketches, for each cell.
        sketch_cells, sketch_keys, sketch_counts: rows of the sketches: index of the cell, key of the bucket of values
            as in `state.series.sketches`, and count.
        users: packed sketches of distinct users, by index of the cell.
    """

    kinds: Sequence[str]
    series: Sequence[Labels]
    places: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    starts: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    figures: Mapping[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]
    scales: "np.ndarray[tuple[int], np.dtype[np.int8]]"
    sketch_cells: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    sketch_keys: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    sketch_counts: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    users: Mapping[int, bytes]


@runtime_checkable
class MergingReading(FarReading, Protocol):
    """A database that returns older cells as they were in memory, so that they can be merged with those still there."""

    def oldest(self, level: Resolution) -> int | None:
        """Start of the oldest cell of a level; None without any.

        Raises:
            CannotReadBack: there is no answer.
        """
        ...

    def cells(
        self,
        level: Resolution,
        metric: str,
        labels: Mapping[str, str],
        start: int,
        end: int,
        *,
        has_sketches: bool = False,
    ) -> CellColumns:
        """The cells that start from one time to before another, of series that have these labels.

        Raises:
            CannotReadBack: there is no answer.
        """
        ...

    def merged(self, query: FarQuery, step: int) -> list[FarSeries]:
        """One series merged from all: its points are of steps, which are multiples of buckets; none without data.

        Raises:
            CannotReadBack: there is no answer.
        """
        ...
