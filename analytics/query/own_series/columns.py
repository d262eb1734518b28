"""Columns: which place in a row of samples each series of the own metrics has."""

from collections.abc import Iterable
from math import inf

import numpy as np

from analytics.own_metrics.family import Family, Histograms
from analytics.points import COUNTER, GAUGE, NAME_LABEL, Labels, labels_of
from analytics.promql.block import Floats
from analytics.query.exposition.own import PREFIX

MOST_SERIES = 5_000
"""Series of each kind: a histogram has 19."""
Descriptions = dict[str, list[dict[str, str]]]


class Columns:
    """Series by kind, in the order of their appearance. Histograms are the counters of their classic buckets."""

    def __init__(self) -> None:
        self.labels: dict[str, list[Labels]] = {COUNTER: [], GAUGE: []}
        self.rejected = 0
        """How often a metric found no place, because there are as many series as allowed."""
        self.described: Descriptions = {}
        """Type, help and unit by name, in the shape of Prometheus' `/api/v1/metadata`."""
        self._places: dict[tuple[str, tuple[str, ...]], int] = {}

    def filled(self, families: Iterable[Family | Histograms], counters: Floats) -> tuple[Floats, Floats]:
        """The values of counters and gauges, by place.

        Args:
            counters: the values before, which counters keep that are not reported.
        """
        counted: dict[int, float] = {}
        measured: dict[int, float] = {}
        for family in families:
            if isinstance(family, Histograms):
                for values, histogram in family.values.items():
                    buckets = histogram.buckets()
                    place = self._place(family, values, [_shown(bound) for bound, _ in buckets])
                    if place is not None:
                        numbers = [*(number for _, number in buckets), histogram.sum, buckets[-1][1]]
                        counted.update(enumerate(map(float, numbers), start=place))
                continue
            found = counted if family.kind == COUNTER else measured
            for values, value in family.values.items():
                place = self._place(family, values, [])
                if place is not None:
                    found[place] = float(value)
        return _row(self.labels[COUNTER], counted, counters), _row(self.labels[GAUGE], measured, np.zeros(0))

    def _place(self, family: Family | Histograms, values: tuple[str, ...], bounds: list[str]) -> int | None:
        """The first place of a metric's series; None if there is none left."""
        key = (family.name, values)
        place = self._places.get(key)
        if place is not None:
            return place
        is_histogram, kind = isinstance(family, Histograms), family.kind if isinstance(family, Family) else COUNTER
        name = PREFIX + family.name + ("_total" if kind == COUNTER and not is_histogram else "")
        labels = self.labels[kind]
        if len(labels) + len(bounds) + 2 > MOST_SERIES:
            self.rejected += 1
            return None
        self.described[name] = [{"type": "histogram" if is_histogram else kind, "help": family.about, "unit": ""}]
        pairs = list(zip(family.labels, values, strict=True))
        self._places[key] = place = len(labels)
        if is_histogram:
            labels += [labels_of([*pairs, (NAME_LABEL, f"{name}_bucket"), ("le", bound)]) for bound in bounds]
            labels += [labels_of([*pairs, (NAME_LABEL, f"{name}_{part}")]) for part in ("sum", "count")]
        else:
            labels.append(labels_of([*pairs, (NAME_LABEL, name)]))
        return place


def _row(labels: list[Labels], found: dict[int, float], before: Floats) -> Floats:
    """Values by place; of those not found the ones before, or NaN."""
    row = np.full(len(labels), np.nan)
    row[: len(before)] = before
    row[list(found)] = list(found.values())
    return row


def _shown(bound: float) -> str:
    """A bound as the text format writes it."""
    return "+Inf" if bound == inf else repr(bound)
