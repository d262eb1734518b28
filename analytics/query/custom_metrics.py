"""Custom metrics of one service, each over all its series and all kept time."""

from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from analytics.clock import DAY_SECONDS, rfc3339
from analytics.points import COUNTER, GAUGE, NAME_LABEL, POINT_KINDS
from analytics.query.figures import number, rounded
from analytics.state.observations import TRAFFIC
from analytics.state.resolution import Resolution
from analytics.state.series.matchers import equal
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.series.table import COUNT_COLUMN, INCREASE_COLUMN, SUM_COLUMN, Table
from analytics.state.state import State


class MetricSummary(TypedDict):
    """A custom metric of a service over all kept time; `sum` is the increase of a counter.

    Only gauges have a last, least and greatest value.
    """

    kind: str
    last: float | None
    avg: float | None
    min: float | None
    max: float | None
    sum: float
    count: int
    unit: str | None
    last_at: str


def ids_by_name(state: State, service: str) -> dict[str, list[int]]:
    """The ids of the series of each custom metric of a service, by its name, in order."""
    store = state.series_store
    found: dict[str, list[int]] = {}
    for each in store.select([equal(SERVICE_LABEL, service)]).tolist():
        name = dict(store.labels(each))[NAME_LABEL]
        if name not in TRAFFIC:
            found.setdefault(name, []).append(each)
    return dict(sorted(found.items()))


def custom_metrics(state: State, service: str) -> dict[str, MetricSummary]:
    """The custom metrics of a service by name."""
    store = state.series_store
    ids = store.select([equal(SERVICE_LABEL, service)])
    tables = {
        kind: store.window(kind, Resolution.DAY, state.oldest, state.time + DAY_SECONDS).overall(ids)
        for kind in POINT_KINDS
    }
    return {
        name: _summary(state, service, name, numbers, tables[store.kinds[name]])
        for name, numbers in ids_by_name(state, service).items()
    }


def _summary(state: State, service: str, name: str, numbers: list[int], table: Table | None) -> MetricSummary:
    store = state.series_store
    kind = store.kinds[name]
    figures: dict[str, npt.NDArray[Any]] = {}
    if table is not None:
        rows = np.flatnonzero(np.isin(table.keys, numbers))
        figures = {column.name: each[rows] for column, each in zip(table.layout, table.columns, strict=True)}
    latest = max((store.lives[each] for each in numbers), key=lambda life: (life.newest, life.last))
    has_any = COUNT_COLUMN in figures and len(figures[COUNT_COLUMN]) > 0
    count = int(figures[COUNT_COLUMN].sum()) if has_any else 0
    total = float(figures[INCREASE_COLUMN if kind == COUNTER else SUM_COLUMN].sum()) if has_any else 0.0
    is_gauge = kind == GAUGE and has_any
    return {
        "kind": kind,
        "last": number(latest.last) if is_gauge else None,
        "avg": rounded(total / count) if count else None,
        "min": number(float(figures["min"].min())) if is_gauge else None,
        "max": number(float(figures["max"].max())) if is_gauge else None,
        "sum": number(total),
        "count": count,
        "unit": state.units.get((name, service)),
        "last_at": rfc3339(latest.newest),
    }
