"""The busiest endpoints of a range.

They are counted in the same buckets as everything else. Directories of older versions have the usage before by day
(UTC) only: a range that begins before is answered by its whole days, and the answer says so.
"""

from heapq import nsmallest
from itertools import chain
from typing import TypedDict

import numpy as np

from analytics.clock import DAY_SECONDS, rfc3339_second
from analytics.points import COUNTER, NAME_LABEL
from analytics.query.figures import error_rate, number, rounded
from analytics.query.reader import Steps
from analytics.query.span import Span
from analytics.state.endpoint_series import ENDPOINT_LABEL, REQUESTS, figures, labels_of_endpoint
from analytics.state.series.matchers import equal
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.state import State
from analytics.state.sums import Key, Total

Used = tuple[float, float, float, float]
"""Requests, errors, the sum of latencies in ms, and the number of them, in the order of `FAMILIES`."""
_AT_ONCE = 20
"""Buckets that are read between two pauses."""


class UsedEndpoint(TypedDict):
    """An endpoint; `error_rate` in percent, latency in ms, both None if unknown."""

    service: str
    endpoint: str
    requests: float
    errors: float
    error_rate: float | None
    mean_latency_ms: float | None


UsedEndpoints = TypedDict("UsedEndpoints", {"from": str, "to": str, "step": int, "rows": list[UsedEndpoint]})
"""The busiest endpoints, the busiest first, and what they are counted over."""


def used_endpoints(state: State, span: Span, service: str | None, limit: int) -> Steps[UsedEndpoints]:
    """The `limit` endpoints with the most requests in a range, of all services or of one."""
    start, end, step = span.start, span.end, span.step
    if start >= state.endpoint_series.since:
        busiest = yield from _by_buckets(state, span, service, limit)
    else:
        step = DAY_SECONDS
        start, end = start // step * step, -(-end // step) * step
        busiest = yield from _by_days(state, range(start // step, end // step), service, limit)
    return {
        "from": rfc3339_second(start),
        "to": rfc3339_second(max(start, end)),
        "step": step,
        "rows": [_row(key, used) for key, used in busiest],
    }


def _by_buckets(state: State, span: Span, service: str | None, limit: int) -> Steps[list[tuple[Key, Used]]]:
    """Usage in the buckets of a span, the newest first: pending usage becomes part of them."""
    store = state.endpoint_series.store
    size = store.levels[span.level].size
    ids = store.select([] if service is None else [equal(SERVICE_LABEL, service)])
    sums = np.zeros(int(ids.max(initial=-1)) + 1)
    pending: dict[Key, Total] = {}
    end = span.end
    while end > span.start:
        start = max(span.start, end - _AT_ONCE * size)
        table = store.window(COUNTER, span.level, start, end).overall(ids)
        if table is not None:
            sums[table.keys] += table.column("increase")
        for (at, _), usage in state.endpoints.pending.items():
            for key in usage if start <= at < end else ():
                if service in (None, key[0]):
                    pending.setdefault(key, Total()).add(usage[key])
        end = start
        yield
    busy: dict[Key, float] = {key: total.requests for key, total in pending.items()}
    for each in np.flatnonzero(sums).tolist():
        labels = dict(store.labels(each))  # empty if it was retired meanwhile
        if labels.get(NAME_LABEL) == REQUESTS:
            key = labels[SERVICE_LABEL], labels[ENDPOINT_LABEL]
            busy[key] = busy.get(key, 0.0) + float(sums[each])
    busiest = _busiest(busy, limit)

    def used(key: Key) -> Used:
        numbers = [store.ids.get(labels, -1) for labels in labels_of_endpoint(key)]
        counted = [float(sums[each]) if 0 <= each < len(sums) else 0.0 for each in numbers]
        more = figures(pending.get(key, Total()))
        return tuple(map(sum, zip(counted, more, strict=True)))  # type: ignore[return-value]

    return [(key, used(key)) for key in busiest]


def _by_days(state: State, days: range, service: str | None, limit: int) -> Steps[list[tuple[Key, Used]]]:
    """Usage on days, numbered since the epoch."""
    totals: dict[Key, Total] = {}
    for tables in state.endpoints.in_days(days):
        for key, usage in chain.from_iterable(table.items() for table in tables):
            if service is None or key[0] == service:
                totals.setdefault(key, Total()).add(usage)
        yield
    busiest = _busiest({key: total.requests for key, total in totals.items()}, limit)
    return [(key, figures(totals[key])) for key in busiest]


def _busiest(requests: dict[Key, float], limit: int) -> list[Key]:
    """The endpoints with the most requests; equals are ordered by name."""
    return nsmallest(limit, (key for key in requests if requests[key] > 0), key=lambda key: (-requests[key], key))


def _row(key: Key, used: Used) -> UsedEndpoint:
    requests, errors, milliseconds, timed = used
    return {
        "service": key[0],
        "endpoint": key[1],
        "requests": number(requests),
        "errors": number(errors),
        "error_rate": error_rate(requests, errors) if requests else None,
        "mean_latency_ms": rounded(milliseconds / timed) if timed else None,
    }
