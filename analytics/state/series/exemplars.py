"""The newest exemplars of typed series."""

from bisect import insort
from collections.abc import Mapping

from analytics.points import Exemplar

MOST_OF_SERIES = 10
"""Exemplars of one series; a newer one replaces the oldest."""
MOST_EXEMPLARS = 10_000
"""Exemplars of all series. Beyond it, the series that got none for the longest time loses its oldest one."""


class Exemplars:
    """Exemplars by id of series, those of a series by their time."""

    def __init__(self) -> None:
        self._found: dict[int, list[Exemplar]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Number of exemplars."""
        return self._count

    def add(self, number: int, exemplar: Exemplar) -> None:
        """Add an exemplar, whose time is known, unless the series has it already."""
        held = self._found.pop(number, [])
        self._found[number] = held  # the last one got the newest
        if exemplar in held:
            return
        insort(held, exemplar, key=_time)
        self._count += 1
        if len(held) > MOST_OF_SERIES:
            del held[0]
            self._count -= 1
        elif self._count > MOST_EXEMPLARS:
            self._drop()

    def of(self, number: int) -> list[Exemplar]:
        """Those of a series, oldest first."""
        return self._found.get(number, [])

    def forget(self, number: int) -> None:
        """Forget those of a series."""
        self._count -= len(self._found.pop(number, ()))

    def dump(self) -> Mapping[int, list[Exemplar]]:
        """All exemplars, for `restore`."""
        return self._found

    def restore(self, found: dict[int, list[Exemplar]]) -> None:
        """Replace the content by a dump."""
        self._found, self._count = found, sum(map(len, found.values()))

    def _drop(self) -> None:
        number, held = next(iter(self._found.items()))
        del held[0]
        if not held:
            del self._found[number]
        self._count -= 1


def _time(exemplar: Exemplar) -> float:
    return exemplar.at or 0.0
