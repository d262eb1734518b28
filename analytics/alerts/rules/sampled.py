"""Values of expressions as samples: labels without the name of the metric, and a number."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analytics.points import Labels
from analytics.promql.block import Block, Floats, Mask
from analytics.promql.errors import CannotEvaluate
from analytics.promql.operators import COMPARISONS
from analytics.promql.values import ScalarValue, Value


class Vector(NamedTuple):
    """The value of an expression at one time; arrays `[series]`. A number is a series without labels.

    Attributes:
        rows: labels without names.
    """

    rows: Sequence[Labels]
    values: Floats
    present: Mask

    def where(self, mask: Mask) -> Iterator[tuple[Labels, float]]:
        """Labels and values of some series."""
        for place in np.flatnonzero(mask).tolist():
            yield self.rows[place], float(self.values[place])

    def compares(self, operator: str, number: float) -> Mask:
        """Which series have a value that compares so with a number."""
        with np.errstate(invalid="ignore"):
            found: Mask = np.asarray(COMPARISONS[operator](self.values, number), bool) & self.present
        return found


def vector_of(value: Value) -> Vector:
    """The value as a vector; histograms count with their numbers of observations.

    Raises:
        CannotEvaluate: it is neither a vector nor a number.
    """
    if isinstance(value, ScalarValue):
        return Vector([()], value.values[:1], np.ones(1, bool))
    if not isinstance(value, Block):
        raise CannotEvaluate("the value of a rule must be an instant vector or a number")
    values = value.values[0]
    if value.histograms is not None:
        counts = [0.0 if each is None else each.count for each in value.histograms[0]]
        values = np.where(value.are_histograms[0], counts, values)
    return Vector(value.series.nameless.rows, values, value.present[0])


class Grouped:
    """Sums of a vector by the labels that are asked for."""

    def __init__(self, vector: Vector) -> None:
        self._rows = [(dict(labels), value) for labels, value in vector.where(vector.present)]
        self._sums: dict[tuple[str, ...], dict[tuple[str, ...], float]] = {}

    def sum(self, labels: Mapping[str, str]) -> float:
        """The sum over all series that have these labels."""
        names = tuple(sorted(labels))
        if names not in self._sums:
            sums = self._sums[names] = {}
            for row, value in self._rows:
                key = tuple(row.get(name, "") for name in names)
                sums[key] = sums.get(key, 0.0) + value
        return self._sums[names].get(tuple(labels[name] for name in names), 0.0)
