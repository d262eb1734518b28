"""Cardinality: which names, labels and services make how many typed series."""

from collections.abc import Mapping
from typing import TypedDict

from analytics.points import NAME_LABEL
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.state import State


class NameCount(TypedDict):
    """A metric, its kind, and the number of its series."""

    name: str
    kind: str
    series: int


class LabelCount(TypedDict):
    """A label: how many values it has, and how many series have it."""

    label: str
    values: int
    series: int


class ServiceSeriesCount(TypedDict):
    """A service, None for series without one, and the number of its series."""

    service: str | None
    series: int


class Cardinality(TypedDict):
    """The answer of `/stats/cardinality`; the lists begin with the greatest counts.

    `series` are typed ones; `limited_series` counts what the limit counts, which are event types, too. `evicted` is how
    many silent series made room for new ones.
    """

    series: int
    limited_series: int
    max_series: int
    max_series_per_name: int
    evicted: int
    by_name: list[NameCount]
    by_label: list[LabelCount]
    by_service: list[ServiceSeriesCount]


def cardinality(state: State, now: float, limit: int) -> Cardinality:
    """The names, labels and services with the most series, up to `limit` of each."""
    store = state.series_store
    labels = {label: store.ids.counts(label) for label in store.ids.names() if label != NAME_LABEL}
    sums = {label: sum(counts.values()) for label, counts in labels.items()}
    by_service: dict[str | None, int] = dict(store.ids.counts(SERVICE_LABEL).items())
    without = len(store) - sum(by_service.values())
    if without:
        by_service[None] = without
    return {
        "series": len(store),
        "limited_series": len(state.limits),
        "max_series": state.limits.max_series,
        "max_series_per_name": min(state.max_series_per_name, state.limits.max_series),
        "evicted": store.evicted,
        "by_name": [
            {"name": name, "kind": store.kinds[name], "series": count}
            for name, count in _most(store.ids.counts(NAME_LABEL), limit)
        ],
        "by_label": [
            {"label": label, "values": len(labels[label]), "series": count} for label, count in _most(sums, limit)
        ],
        "by_service": [{"service": service, "series": count} for service, count in _most_services(by_service, limit)],
    }


def _most(counts: Mapping[str, int], limit: int) -> list[tuple[str, int]]:
    """The greatest counts first; equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _most_services(counts: Mapping[str | None, int], limit: int) -> list[tuple[str | None, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0] or ""))[:limit]
