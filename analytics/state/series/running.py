"""Running histograms: the distribution of each series of kind histogram since ever, for cumulative answers."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

from analytics.state.series.dense import DenseSketch
from analytics.state.series.observed import Observed


class RunningHistogram(NamedTuple):
    """All observations of a series: their sum, in the order of the log, and their distribution."""

    sum: float
    sketch: DenseSketch


class RunningHistograms:
    """Running histograms by id of series. They never fall while the series lives, whatever expires."""

    def __init__(self) -> None:
        self._found: dict[int, RunningHistogram] = {}

    def get(self, number: int) -> RunningHistogram | None:
        """The histogram of a series, not to be changed; None without observations."""
        return self._found.get(number)

    def observe(self, observed: Observed) -> None:
        """Add observations of histograms."""
        singles: dict[int, list[float]] = {}
        for number, value, histogram in zip(observed.ids, observed.values, observed.histograms, strict=True):
            if histogram is None:
                singles.setdefault(number, []).append(value)
                continue
            before = self._of(number)
            before.sketch.merge(histogram)
            self._found[number] = RunningHistogram(before.sum + value, before.sketch)
        for number, values in singles.items():
            self.add(number, values)

    def add(self, number: int, values: Sequence[float]) -> None:
        """Add single values of a series."""
        before = self._of(number)
        before.sketch.add(values)
        self._found[number] = RunningHistogram(reduce(add, values, before.sum), before.sketch)

    def forget(self, number: int) -> None:
        """Forget a series."""
        self._found.pop(number, None)

    def dump(self) -> dict[int, tuple[float, bytes]]:
        """Sums and packed distributions by id, for `restore`."""
        return {number: (each.sum, each.sketch.pack()) for number, each in sorted(self._found.items())}

    def restore(self, stored: Mapping[int, tuple[float, bytes]]) -> None:
        """Replace the content by a dump."""
        self._found = {
            number: RunningHistogram(total, DenseSketch.unpack(packed)) for number, (total, packed) in stored.items()
        }

    def _of(self, number: int) -> RunningHistogram:
        found = self._found.get(number)
        return RunningHistogram(0.0, DenseSketch()) if found is None else found
