"""Ids of series: labels interned as small integers, with an index from labels to ids.

An id that was removed is used again, so arrays by id stay as small as the number of series at a time.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from analytics.points import Labels
from analytics.state.series.matchers import Matcher

IdArray = npt.NDArray[np.int32]
"""Ids of series."""

_Pair = tuple[str, str]


class SeriesIds:
    """Interned labels of series.

    Example:
        >>> ids = SeriesIds()
        >>> number = ids.add((("__name__", "cpu"), ("host", "a")))
        >>> ids.labels(number)
        (('__name__', 'cpu'), ('host', 'a'))
    """

    def __init__(self) -> None:
        self._ids: dict[Labels, int] = {}
        self.get = self._ids.get
        """The id of these labels, or None."""
        self._labels: list[Labels] = []
        self._free: list[int] = []
        self._pairs: dict[_Pair, _Pair] = {}
        self._index: dict[str, dict[str, set[int]]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, labels: Labels) -> bool:
        return labels in self._ids

    def __iter__(self) -> Iterator[int]:
        """The ids in use, ascending."""
        return (number for number, labels in enumerate(self._labels) if labels)

    @property
    def size(self) -> int:
        """All ids are less than this."""
        return len(self._labels)

    @property
    def taken(self) -> int:
        """Number of ids that no new series can have: those in use, and the retired ones that are not free yet."""
        return len(self._labels) - len(self._free)

    def labels(self, number: int) -> Labels:
        """The labels of an id; empty if it is not in use."""
        return self._labels[number]

    def add(self, labels: Labels) -> int:
        """The id of these labels, which are interned if they are new."""
        known = self._ids.get(labels)
        if known is not None:
            return known
        labels = tuple(self._pairs.setdefault(pair, pair) for pair in labels)
        if self._free:
            number = self._free.pop()
            self._labels[number] = labels
        else:
            number = len(self._labels)
            self._labels.append(labels)
        self._ids[labels] = number
        for name, value in labels:
            self._index.setdefault(name, {}).setdefault(value, set()).add(number)
        return number

    def retire(self, number: int) -> None:
        """Forget the labels of an id, which is not used again before `free`."""
        labels, self._labels[number] = self._labels[number], ()
        del self._ids[labels]
        for pair in labels:
            name, value = pair
            values = self._index[name]
            values[value].discard(number)
            if not values[value]:
                del values[value], self._pairs[pair]
                if not values:
                    del self._index[name]

    def free(self, numbers: Iterable[int]) -> None:
        """Let retired ids be used again: no figures of theirs are left."""
        self._free += numbers

    def select(self, matchers: Iterable[Matcher]) -> IdArray:
        """The ids, ascending, of the series that fulfil all matchers."""
        found: set[int] | None = None
        for matcher in sorted(matchers, key=lambda matcher: matcher.value is None):
            found = self._matching(matcher, found)
        every = self._ids.values() if found is None else found
        return np.array(sorted(every), np.int32)

    def has(self, label: str, value: str) -> bool:
        """Whether any series has this value of a label."""
        return value in self._index.get(label, ())

    def count(self, label: str, value: str) -> int:
        """The number of series with this value of a label."""
        return len(self._index.get(label, {}).get(value, ()))

    def names(self) -> list[str]:
        """The names of all labels, in order."""
        return sorted(self._index)

    def values(self, label: str) -> list[str]:
        """The values of a label in all series, in order."""
        return sorted(self._index.get(label, ()))

    def all_values(self, label: str) -> list[str]:
        """The values of a label in all series, in any order."""
        return list(self._index.get(label, ()))

    def counts(self, label: str) -> dict[str, int]:
        """The number of series by value of a label, in the order of values."""
        return {value: len(numbers) for value, numbers in sorted(self._index.get(label, {}).items())}

    def restore(self, labels: list[Labels], free: list[int]) -> None:
        """Replace the content by labels by id; those of ids that are not in use are empty."""
        self._ids.clear()
        self._pairs.clear()
        self._index.clear()
        self._labels, self._free = [], []
        for each in labels:
            if each:
                self.add(each)
            else:
                self._labels.append(())
        self._free = list(free)

    def dump(self) -> tuple[list[Labels], list[int]]:
        """Labels by id, and the free ids in the order in which they are not used again, for `restore`."""
        return list(self._labels), list(self._free)

    def _matching(self, matcher: Matcher, within: set[int] | None) -> set[int]:
        values = self._index.get(matcher.label, {})
        if matcher.value is not None:
            found = values.get(matcher.value, set())
            return found if within is None else within & found
        if matcher.matches(""):
            rejected: set[int] = set().union(*(ids for value, ids in values.items() if not matcher.matches(value)))
            return (set(self._ids.values()) if within is None else within) - rejected
        accepted: set[int] = set().union(*(ids for value, ids in values.items() if matcher.matches(value)))
        return accepted if within is None else within & accepted
