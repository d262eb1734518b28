"""Metric family: one own metric with its values, as its source reports it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from analytics.own_metrics.histogram import Histogram

Kind = Literal["counter", "gauge"]


class Family(NamedTuple):
    """A counter or gauge, in the terms of Prometheus.

    Attributes:
        name: without the prefix `analytics_`, and without the `_total` of a counter.
        about: the HELP line.
        values: by the values of `labels`, in their order; a metric without labels has one value, by the empty tuple.
    """

    name: str
    kind: Kind
    about: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()


class Histograms(NamedTuple):
    """A metric whose values are histograms; its fields are those of `Family`."""

    name: str
    about: str
    values: Mapping[tuple[str, ...], Histogram]
    labels: tuple[str, ...] = ()


Source = Callable[[], Iterable[Family | Histograms]]
"""Reports the metrics of one part of the service as of now."""


def gauge(name: str, about: str, value: float) -> Family:
    """A gauge without labels."""
    return Family(name, "gauge", about, {(): value})


def by_label(name: str, kind: Kind, about: str, label: str, values: Mapping[str, float]) -> Family:
    """A metric with one label; `values` are by its value."""
    return Family(name, kind, about, {(key,): value for key, value in values.items()}, (label,))
