"""Custom metrics of one service in a range."""

from typing import TypedDict

import numpy as np

from analytics.points import COUNTER, GAUGE
from analytics.query.custom_metrics import ids_by_name
from analytics.query.figures import number, rounded
from analytics.query.reader import Steps
from analytics.query.span import Span
from analytics.state.series.ids import IdArray
from analytics.state.series.table import (
    COUNT_COLUMN,
    INCREASE_COLUMN,
    LAST,
    LAST_AT_COLUMN,
    MAX,
    MIN,
    SUM_COLUMN,
    Floats,
)
from analytics.state.series.window import Window
from analytics.state.state import State


class UsedMetric(TypedDict):
    """A metric in a range; `averages` has one number for each bucket, None where nothing was recorded.

    Only gauges have a last, least and greatest value.
    """

    last: float | None
    avg: float | None
    min: float | None
    max: float | None
    count: int
    unit: str | None
    averages: list[float | None]


def used_metrics(state: State, span: Span, service: str) -> Steps[dict[str, UsedMetric]]:
    """The metrics by name that the service ever sent; without data in the range all figures are None."""
    store = state.series_store
    found: dict[str, UsedMetric] = {}
    for name, numbers in ids_by_name(state, service).items():
        kind = store.kinds.get(name)
        if kind is not None:
            window = store.window(kind, span.level, span.start, span.end)
            found[name] = _metric(window, np.array(numbers, np.int32), kind, len(span.starts))
            found[name]["unit"] = state.units.get((name, service))
        yield
    return found


def _metric(window: Window, ids: IdArray, kind: str, steps: int) -> UsedMetric:
    """The figures of all `ids` together; `steps` is the number of buckets of the answer."""
    counts, sums = (
        each.values for each in window.matrices(ids, COUNT_COLUMN, INCREASE_COLUMN if kind == COUNTER else SUM_COLUMN)
    )
    count, total = float(counts.sum()), float(sums.sum())
    is_gauge = kind == GAUGE and count > 0
    low, high, last = _extremes(window, ids) if is_gauge else (None, None, None)
    return {
        "last": last,
        "avg": rounded(total / count) if count else None,
        "min": low,
        "max": high,
        "count": int(count),
        "unit": None,
        "averages": [
            rounded(part / of) if of else None
            for part, of in zip(_by_step(sums, steps), _by_step(counts, steps), strict=True)
        ],
    }


def _by_step(figures: Floats, steps: int) -> list[float]:
    """The sum of each of `steps` equal parts of the rows."""
    sums: list[float] = figures.reshape(steps, -1).sum(axis=1).tolist() if steps else []
    return sums


def _extremes(window: Window, ids: IdArray) -> tuple[float, float, float]:
    """Minimum, maximum and latest value of gauges that have any."""
    low, high, last, last_at = window.matrices(ids, MIN, MAX, LAST, LAST_AT_COLUMN)
    present = low.present
    latest = np.argmax(np.where(present, last_at.values, -np.inf))
    return (
        number(float(low.values[present].min())),
        number(float(high.values[present].max())),
        number(float(last.values.ravel()[latest])),
    )
