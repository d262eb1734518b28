"""Summary of a range: its figures, its points over time, each service, the busiest endpoints and custom metrics."""

from typing import NamedTuple, TypedDict

from analytics.clock import HOUR_SECONDS, rfc3339_second
from analytics.query.figures import LatencyFigures, error_rate, latency_figures, number, rounded, traffic
from analytics.query.reader import Steps
from analytics.query.service_summaries import ServiceSummary, service_summaries
from analytics.query.span import Span, covering
from analytics.query.stats import count
from analytics.query.used_endpoints import UsedEndpoints, used_endpoints
from analytics.query.used_metrics import UsedMetric, used_metrics
from analytics.records import NO_TAGS
from analytics.state.distinct import Distinct
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.state import State

PAUSE = 60
"""Number of buckets that are read between two yields."""


class SummaryQuery(NamedTuple):
    """A query. Times in seconds since the epoch, `step` in seconds; None lets the query choose."""

    start: float | None = None
    end: float | None = None
    step: int | None = None
    service: str | None = None
    endpoints: int = 10


class RangeFigures(LatencyFigures):
    """Figures of a whole range; rates per second, `error_rate` in percent, None without requests."""

    requests: float
    errors: float
    error_rate: float | None
    requests_per_second: float | None
    max_latency_ms: float | None
    unique_users: int
    events: int


class RangePoint(LatencyFigures):
    """Figures of one bucket; `unique_users` is None where users are kept by the minute only."""

    timestamp: str
    requests: float
    errors: float
    unique_users: int | None


Summary = TypedDict(
    "Summary",
    {
        "service": str | None,
        "from": str,
        "to": str,
        "step": int,
        "since": str,
        "seconds": float,
        "figures": RangeFigures,
        "points": list[RangePoint],
        "services": dict[str, ServiceSummary],
        "endpoints": UsedEndpoints,
        "metrics": dict[str, UsedMetric],
    },
)
"""The answer of `/summary`; `step` and `seconds` in seconds."""


def summary(state: State, now: float, query: SummaryQuery) -> Steps[Summary]:
    """The summary of all services or of one, from `start` to `end` (default: the last hour).

    Raises:
        ValidationFailed: the range is empty.
    """
    end = now if query.end is None else query.end
    start = end - HOUR_SECONDS if query.start is None else query.start
    span = covering(state, now, start, end, query.step)
    points = yield from _points(state, span, query.service)
    services = yield from service_summaries(state, span, query.service)
    endpoints = yield from used_endpoints(state, span, query.service, query.endpoints)
    metrics: dict[str, UsedMetric] = {}
    if query.service is not None:
        metrics = yield from used_metrics(state, span, query.service)
    since = _since(state, now, span, query.service, points)
    seconds = max(0.0, min(span.end, now) - since)
    figures = _figures(state, span, query.service, seconds)
    return {
        "service": query.service,
        "from": rfc3339_second(span.start),
        "to": rfc3339_second(span.end),
        "step": span.step,
        "since": rfc3339_second(since),
        "seconds": round(seconds, 3),
        "figures": figures,
        "points": points,
        "services": services,
        "endpoints": endpoints,
        "metrics": metrics,
    }


def _points(state: State, span: Span, service: str | None) -> Steps[list[RangePoint]]:
    points: list[RangePoint] = []
    for index, at in enumerate(span.starts):
        if index % PAUSE == PAUSE - 1:
            yield
        requests, errors, latency = traffic(state.series, span.level, span.cells(state, at), service or EVERY_SERVICE)
        users = _users(state, range(at, at + span.step), span.level, service)
        points.append(
            {
                "timestamp": rfc3339_second(at),
                "requests": requests,
                "errors": errors,
                **latency_figures(latency),
                "unique_users": None if users is None else users.estimate,
            }
        )
    return points


def _users(state: State, seconds: range, level: Resolution, service: str | None) -> Distinct | None:
    """Distinct users; None where they are not kept as finely."""
    if level == Resolution.SECOND:
        return state.active_users.between(seconds) if service is None else None
    size = state.series.levels[level].size
    found = state.users.merged(level - 1, range(seconds.start, seconds.stop, size), [service or EVERY_SERVICE])
    return found.users if found else Distinct()


def _figures(state: State, span: Span, service: str | None, seconds: float) -> RangeFigures:
    cells = range(span.start, span.end, state.series.levels[span.level].size)
    requests, errors, latency = traffic(state.series, span.level, cells, service or EVERY_SERVICE)
    users = _users(state, range(span.start, span.end), span.level, service)
    if users is None:
        minutes = range(span.start // 60 * 60, span.end, 60)
        users = _users(state, minutes, Resolution.MINUTE, service) or Distinct()
    events = state.series.merged(span.level, cells, [(EVENTS_SERIES, service or EVERY_SERVICE, NO_TAGS)])
    return {
        "requests": requests,
        "errors": errors,
        "error_rate": error_rate(requests, errors) if requests else None,
        "requests_per_second": round(requests / seconds, 6) if seconds else None,
        **latency_figures(latency),
        "max_latency_ms": rounded(latency.max) if latency else None,
        "unique_users": users.estimate,
        "events": count(events),
    }


def _since(state: State, now: float, span: Span, service: str | None, points: list[RangePoint]) -> int:
    """Where averages begin: at the start, or if no request was counted before it, at the first one."""
    busy = (index for index, point in enumerate(points) if point["requests"])
    first = next(busy, 0)
    if first == 0 or _was_before(state, now, span.start, service):
        return span.start
    return span.start + first * span.step


def _was_before(state: State, now: float, start: int, service: str | None) -> bool:
    """Whether any request was counted before `start`, as finely as that is kept."""
    key = ("requests", service or EVERY_SERVICE, NO_TAGS)
    for level in reversed(Resolution):
        size, oldest = state.series.levels[level].size, state.series.oldest_at(level, now)
        for at in range(oldest // size * size, start // size * size, size):
            cell = state.series.cell(level, at, key)
            if cell is not None and number(cell.sum) > 0:
                return True
    return False
