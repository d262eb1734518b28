"""Values of typed series over time: all series of one metric that have certain labels, added up."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.errors import NotFound, ValidationFailed
from analytics.points import COUNTER, GAUGE, HISTOGRAM, NAME_LABEL
from analytics.query.reader import Steps
from analytics.records import SeriesTags
from analytics.state.observations import TRAFFIC
from analytics.state.quantiles import INITIAL_SCALE
from analytics.state.series.ids import IdArray
from analytics.state.series.matchers import equal
from analytics.state.series.sketches import coarser, quantiles
from analytics.state.series.store import SERVICE_LABEL, SeriesStore
from analytics.state.series.window import Distributions, Matrix, Window
from analytics.state.state import State

PERCENTILE_AGGREGATES = ("p50", "p95", "p99")
CELLS = 20_000
"""Number of figures that are read between two yields: about a millisecond."""
BUCKETS = 100
"""Number of buckets that are read between two yields, at most."""
NOT_KEPT = {COUNTER: ("min", "max", "last", *PERCENTILE_AGGREGATES), HISTOGRAM: ("min", "max", "last"), GAUGE: ()}
"""Aggregates that the series of a kind do not have."""


class TypedQuery(NamedTuple):
    """Which series: those of a metric, of one service or all, that have all the tags."""

    name: str
    service: str | None
    tags: SeriesTags


def selected(store: SeriesStore, query: TypedQuery) -> IdArray:
    """The ids of the series."""
    labels = [(NAME_LABEL, query.name), *query.tags]
    if query.service is not None:
        labels.append((SERVICE_LABEL, query.service))
    return store.select([equal(name, value) for name, value in labels])


def wants_percentiles(state: State, now: float, name: str, agg: str) -> bool:
    """Whether percentiles of a gauge are asked that are not kept by hours and days yet."""
    store = state.series_store
    return agg in PERCENTILE_AGGREGATES and store.kind_of(name) == GAUGE and not store.keeps_percentiles(name)


def values_of(state: State, query: TypedQuery, agg: str, level: int, starts: range) -> Steps[list[float | None]]:
    """One value for each step, None without observations; `rate` is the sum.

    Args:
        level: of the buckets to read.
        starts: start of each step, in seconds since the epoch; a step is a multiple of the buckets.

    Raises:
        NotFound: there is no such series, and it is not one of traffic.
        ValidationFailed: series of this kind do not have the aggregate.
    """
    store = state.series_store
    kind = store.kind_of(query.name)
    if kind is None or not len(selected(store, query)):
        if query.name in TRAFFIC:  # known, but none has these tags
            return [None] * len(starts)
        raise NotFound(
            f"There is no metric named {query.name!r} with that service and those tags.", code="unknown_series"
        )
    if agg in NOT_KEPT[kind]:
        message = f"{agg} is not kept for a {kind}."
        raise ValidationFailed(f"agg: {message}", fields={"agg": [message]})
    per_step = starts.step // store.levels[level].size
    found: list[float | None] = []
    while len(found) < len(starts):
        yield
        ids = selected(store, query)
        most = min(BUCKETS, max(1, CELLS // max(1, len(ids)))) // per_step or 1
        part = starts[len(found) : len(found) + most]
        window = store.window(kind, level, part.start, part.stop)
        found += _aggregated(window, ids, kind, agg, per_step)
    return found


def _aggregated(window: Window, ids: IdArray, kind: str, agg: str, per_step: int) -> list[float | None]:
    if agg in PERCENTILE_AGGREGATES:
        return _percentiles(window, ids, kind, int(agg[1:]) / 100, per_step)
    total = "increase" if kind == COUNTER else "sum"
    wanted = {"rate": (total,), "sum": (total,), "avg": (total, "count"), "last": ("last", "last_at")}
    columns = wanted.get(agg, (agg,))
    matrices = [_by_step(matrix, per_step) for matrix in window.matrices(ids, *columns)]
    values, present = matrices[0]
    if agg == "min":
        figures = np.where(present, values, np.inf).min(axis=1, initial=np.inf)
    elif agg == "max":
        figures = np.where(present, values, -np.inf).max(axis=1, initial=-np.inf)
    elif agg == "last":
        ats = np.where(present, matrices[1].values, -np.inf)
        is_last = ats == ats.max(axis=1, initial=-np.inf)[:, np.newaxis]
        figures = np.where(present & is_last, values, -np.inf).max(axis=1, initial=-np.inf)
    else:
        figures = values.sum(axis=1)
        if agg == "avg":
            with np.errstate(invalid="ignore", divide="ignore"):
                figures = figures / matrices[1].values.sum(axis=1)
    there = np.asarray(present.any(axis=1)).tolist()
    return [value if is_there else None for value, is_there in zip(figures.tolist(), there, strict=True)]


def _by_step(matrix: Matrix, per_step: int) -> Matrix:
    """`[step, figure]`: the buckets and series of each step in one row."""
    steps = len(matrix.values) // per_step
    return Matrix(matrix.values.reshape(steps, -1), matrix.present.reshape(steps, -1))


def _percentiles(window: Window, ids: IdArray, kind: str, share: float, per_step: int) -> list[float | None]:
    """The percentile of each step, within the least and greatest value if those are known."""
    rows = window.distributions(ids)
    steps = rows.buckets // per_step
    bounds = np.searchsorted(steps, np.arange(len(window.starts) // per_step + 1))
    found = [_percentile(rows, low, high, share) for low, high in pairwise(bounds.tolist())]
    if kind != GAUGE:
        return found
    least, greatest = (_by_step(matrix, per_step) for matrix in window.matrices(ids, "min", "max"))
    low = np.where(least.present, least.values, np.inf).min(axis=1, initial=np.inf).tolist()
    high = np.where(greatest.present, greatest.values, -np.inf).max(axis=1, initial=-np.inf).tolist()
    return [
        None if value is None else min(max(value, bottom), top)
        for value, bottom, top in zip(found, low, high, strict=True)
    ]


def _percentile(rows: Distributions, low: int, high: int, share: float) -> float | None:
    keys, scales = rows.keys[low:high], rows.scales[low:high]
    scale = int(scales.min(initial=INITIAL_SCALE))
    if scale < scales.max(initial=scale):
        keys = keys.copy()
        for each in np.unique(scales).tolist():
            chosen: npt.NDArray[np.bool_] = scales == each
            keys[chosen] = coarser(keys[chosen], each - scale)
    return quantiles(keys, rows.counts[low:high], scale, (share,))[0]
