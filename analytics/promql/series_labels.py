"""The labels of the series of a vector, and what is derived from them: groups, order, JSON."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics.points import NAME_LABEL, Labels

Indices = NDArray[np.int64]
_MOST_GROUPINGS = 8
"""Groupings of the same series that are kept."""
_encode = msgspec.json.encode


class GroupOrder(NamedTuple):
    """Series ordered by group, so that each group is a slice.

    Attributes:
        series: their indices; None if they are in this order already.
        starts, sizes: of the groups.
    """

    series: Indices | None
    starts: Indices
    sizes: Indices


class SeriesGroups:
    """Series by some of their labels: for each series the index of its group, and the labels of the groups."""

    __slots__ = ("_order", "of_series", "series")

    def __init__(self, of_series: Indices, series: "SeriesLabels") -> None:
        self.of_series, self.series = of_series, series
        self._order: GroupOrder | None = None

    @property
    def order(self) -> GroupOrder:
        """The series in the order of the groups."""
        if self._order is None:
            order = np.argsort(self.of_series, kind="stable")
            sizes = np.bincount(self.of_series, minlength=len(self.series))
            starts = np.cumsum(sizes) - sizes
            is_ordered = bool((order[1:] > order[:-1]).all())
            self._order = GroupOrder(None if is_ordered else order, starts, sizes)
        return self._order


class SeriesLabels:
    """The labels of a block's series.

    What is derived from them is kept, so that a storage that keeps them saves its computation. All of it depends on the
    labels alone, so several threads may ask at the same time.
    """

    __slots__ = ("_are_unique", "_encoded", "_groups", "_nameless", "_order", "rows")

    def __init__(self, rows: Sequence[Labels]) -> None:
        self.rows = rows
        self._groups: dict[tuple[tuple[str, ...], bool], SeriesGroups] = {}
        self._nameless: SeriesLabels | None = None
        self._order: Indices | None = None
        self._encoded: list[bytes] | None = None
        self._are_unique: bool | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def taken(self, indices: Iterable[int]) -> "SeriesLabels":
        """Some of them."""
        rows = self.rows
        return SeriesLabels([rows[index] for index in indices])

    @property
    def nameless(self) -> "SeriesLabels":
        """The same without names."""
        if self._nameless is None:
            self._nameless = SeriesLabels([without_name(row) for row in self.rows])
        return self._nameless

    @property
    def are_unique(self) -> bool:
        """Whether no two series have the same labels."""
        if self._are_unique is None:
            self._are_unique = len(set(self.rows)) == len(self.rows)
        return self._are_unique

    def ordered(self, columns: Indices) -> Indices:
        """These columns, ascending ones, in the order of their labels."""
        rows = self.rows
        if self._order is None:
            # as text: nested tuples are compared five times as long, and nothing else can run meanwhile
            found = sorted(columns.tolist(), key=lambda column: "\0".join(chain.from_iterable(rows[column])))
            if len(columns) < len(rows):
                return np.array(found, np.int64)
            self._order = np.array(found, np.int64)
        if len(columns) == len(rows):
            return self._order
        is_wanted = np.zeros(len(rows), bool)
        is_wanted[columns] = True
        return self._order[is_wanted[self._order]]

    def encoded(self, columns: Sequence[int]) -> list[bytes]:
        """The labels of these columns as JSON objects."""
        rows, known = self.rows, self._encoded
        if known is None:
            known = self._encoded = [b""] * len(rows)
        for column in columns:
            if not known[column]:
                known[column] = _encode(dict(rows[column]))
        return [known[column] for column in columns]

    def grouped(self, labels: tuple[str, ...], without: bool) -> SeriesGroups:
        """The series by these labels, or by all others except the name."""
        key = (labels, without)
        found = self._groups.get(key)
        if found is None:
            found = self._grouped(labels, without)
            if len(self._groups) >= _MOST_GROUPINGS:
                self._groups = {}
            self._groups[key] = found
        return found

    def _grouped(self, labels: tuple[str, ...], without: bool) -> SeriesGroups:
        index: dict[Labels, int] = {}
        groups = np.empty(len(self.rows), np.int64)
        if self.rows and not labels and not without:
            groups[:] = 0
            return SeriesGroups(groups, SeriesLabels([()]))
        chosen = {*labels, NAME_LABEL} if without else set(labels)
        for place, row in enumerate(self.rows):
            key = tuple([pair for pair in row if (pair[0] in chosen) is not without])
            groups[place] = index.setdefault(key, len(index))
        return SeriesGroups(groups, SeriesLabels(list(index)))


def without_name(labels: Labels) -> Labels:
    """Labels without the name."""
    return tuple([pair for pair in labels if pair[0] != NAME_LABEL])
