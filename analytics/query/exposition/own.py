"""Families of the service's own metrics, all with the prefix `analytics_`."""

from collections.abc import Iterable

from analytics.own_metrics.family import Family, Histograms
from analytics.query.exposition.family import Classic, MetricFamily, Slices, labelled
from analytics.query.own_series.families import state_families
from analytics.state.state import State

PREFIX = "analytics_"


def reported(families: Iterable[Family | Histograms]) -> Slices:
    """Reports of the other parts of the service about themselves."""
    for family in families:
        if isinstance(family, Histograms):
            values = {labels: _classic(each.buckets(), each.sum) for labels, each in family.values.items()}
            yield labelled(MetricFamily(PREFIX + family.name, "histogram", family.about), family.labels, values)
        else:
            yield labelled(MetricFamily(PREFIX + family.name, family.kind, family.about), family.labels, family.values)


def counted(state: State, now: float, connections: int) -> Slices:
    """The metrics of the service itself that the state has."""
    yield from reported(state_families(state, now, connections))


def _classic(buckets: list[tuple[float, int]], total: float) -> Classic:
    *finite, (_, count) = buckets
    return Classic(count, total, finite)
