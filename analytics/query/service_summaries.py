"""Figures of each service in a range, with its requests and errors over time."""

from itertools import islice
from typing import NamedTuple, TypedDict

from analytics.query.figures import error_rate, number, rounded
from analytics.query.reader import Steps
from analytics.query.span import Span
from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.state import State

TOGETHER = 200
"""Number of services that are read between two yields."""


class ServiceSummary(TypedDict):
    """A service in a range; `requests_by_bucket` and `errors_by_bucket` have one number for each bucket."""

    requests: float
    errors: float
    error_rate: float | None
    mean_latency_ms: float | None
    p95_latency_ms: float | None
    requests_by_bucket: list[float]
    errors_by_bucket: list[float]


class _Held(NamedTuple):
    """The figures of one service found so far; a cell or none in `latency`."""

    requests: list[float]
    errors: list[float]
    latency: list[Cell]


def service_summaries(state: State, span: Span, service: str | None) -> Steps[dict[str, ServiceSummary]]:
    """The summaries by name of all services, or of one if it is known."""
    names = sorted(each.name for each in state.services.all() if service in (None, each.name))
    found: dict[str, ServiceSummary] = {}
    left = iter(names)
    while group := list(islice(left, TOGETHER)):
        held = {name: _Held([], [], []) for name in group}
        for at in span.starts:
            _add(state, span, at, held)
            yield
        found.update((name, _summary(each)) for name, each in held.items())
    return found


def _add(state: State, span: Span, at: int, held: dict[str, _Held]) -> None:
    """Add the bucket that starts at `at`."""
    tables = [table for cell in span.cells(state, at) for table in state.series.tables(span.level, cell)]
    for name, each in held.items():
        for series, column in (("requests", each.requests), ("errors", each.errors)):
            key = (series, name, NO_TAGS)
            column.append(number(sum(table[key].sum for table in tables if key in table)))
        key = ("latency", name, NO_TAGS)
        for table in tables:
            cell = table.get(key)
            if cell is None:
                continue
            if each.latency:
                each.latency[0].merge(cell)
            else:
                each.latency.append(cell.copy())


def _summary(held: _Held) -> ServiceSummary:
    requests, errors = sum(held.requests), sum(held.errors)
    latency = held.latency[0] if held.latency else None
    return {
        "requests": number(requests),
        "errors": number(errors),
        "error_rate": error_rate(requests, errors) if requests else None,
        "mean_latency_ms": rounded(latency.mean) if latency else None,
        "p95_latency_ms": rounded(latency.percentiles(0.95)[0]) if latency else None,
        "requests_by_bucket": held.requests,
        "errors_by_bucket": held.errors,
    }
