"""Claims: room that is held for records that wait to be written, so that others cannot take it meanwhile."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from analytics.state.delta import SeriesKey


class Claim(NamedTuple):
    """Room that is held for records that are not written yet: services and series, each as often as it is claimed."""

    services: Sequence[str] = ()
    series: Sequence[SeriesKey] = ()


NOTHING = Claim()


class Claims:
    """Names that are not known yet and for which room is held, with the number of claims on each."""

    def __init__(self) -> None:
        self._held: Counter[object] = Counter()

    def hold(self, names: Iterable[object]) -> None:
        """Claim each of `names` once more."""
        self._held.update(names)

    def release(self, names: Iterable[object]) -> None:
        """Give one claim on each of `names` back, where there is one."""
        for name in names:
            if self._held[name] > 1:
                self._held[name] -= 1
            else:
                del self._held[name]

    def clear(self) -> None:
        self._held.clear()

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def __len__(self) -> int:
        return len(self._held)
