"""Observations of one service in one second of a batch, grouped so that the state updates each counter once."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from analytics.spans import SPAN_FAILED, NewSpan
from analytics.state.cells import Cell
from analytics.state.exact import UNIT_BITS, in_units
from analytics.state.sums import Total, Usage

ERROR_STATUS = 500
MAX_LATENCY = 1e100
NUMERIC = re.compile(r"\s*\d{1,15}(\.\d{0,15})?\s*", re.ASCII)
"""Text that counts as a number."""


class Detail(msgspec.Struct, gc=False):
    """Fields in the data of `request` and `error` events that feed the statistics; each may hold any JSON.

    `status`, `latency` and `latency_ms` may be numbers or numeric text, as in the JSON logs of nginx.
    """

    status: Any = None
    latency: Any = None
    latency_ms: Any = None
    endpoint: Any = None


_read_details = msgspec.json.Decoder(list[Detail]).decode


def _number_in(value: Any) -> float | None:
    """The number, also from numeric text; None otherwise."""
    if value.__class__ is str:
        return float(value) if NUMERIC.fullmatch(value) else None
    return value if value.__class__ is int or value.__class__ is float else None


def _whole(value: float) -> float:
    """A count as an int if it is whole, else truncated to a multiple of 2**-80, the unit of exact sums."""
    whole = int(value)
    return whole if whole == value else in_units(value) / (1 << UNIT_BITS)


def _sum(cell: Cell | None, more: Cell) -> Cell:
    if cell is None:
        return more.copy()
    cell.merge(more)
    return cell


def _details(data: Iterable[msgspec.Raw]) -> list[Detail]:
    return _read_details(b"[" + b",".join(data) + b"]")


class Observations:
    """The observations of `service` at `at` (seconds since the epoch).

    `shown_at` is the time at which sliding windows count it: `at`, or the time of recording if that is earlier.
    `is_from_spans` tells that its requests are spans.
    """

    __slots__ = (
        "at",
        "endpoints",
        "errors",
        "event_types",
        "is_from_spans",
        "latencies",
        "latency_sum",
        "latest",
        "mean_latencies",
        "requests",
        "service",
        "shown_at",
        "usage",
        "users",
    )

    def __init__(self, service: str, at: float, shown_at: float | None = None, *, is_from_spans: bool = False) -> None:
        self.service, self.is_from_spans = service, is_from_spans
        self.at = at
        self.shown_at = at if shown_at is None else shown_at
        self.event_types: dict[str, int] = {}
        self.users: set[str] = set()
        self.requests: Cell | None = None
        self.errors: Cell | None = None
        self.latencies: list[float] = []
        self.latency_sum = 0
        self.latest = (at, 0.0)
        """Time of the latest latency, and the greatest latency at that time."""
        self.mean_latencies: list[tuple[int, float, float]] = []
        """From heartbeats: number of requests, their mean latency (ms), and the time of the report."""
        self.usage: dict[str, Usage] = {}
        self.endpoints: dict[str, Total] = {}

    def add_request_events(self, data: Iterable[msgspec.Raw]) -> list[int]:
        """Add `request` events by their data: status, latency (ms) and endpoint, each if usable.

        Returns:
            The indexes of the failed requests.
        """
        latencies = self.latencies
        details = _details(data)
        failed: list[int] = []
        self.add_requests(Cell.tally(len(details), self.at))
        for index, detail in enumerate(details):
            status, latency, endpoint = detail.status, detail.latency, detail.endpoint
            if status.__class__ is not int:
                status = _number_in(status)
            error = status is not None and status >= ERROR_STATUS
            if error:
                failed.append(index)
            if latency.__class__ is not float:
                latency = _number_in(detail.latency_ms if latency is None else latency)
            timed = latency is not None and 0 <= latency <= MAX_LATENCY
            if timed:
                latencies.append(latency)
            if endpoint.__class__ is str and endpoint:
                usage = self._usage(endpoint)
                usage.requests += 1
                if error:
                    usage.errors += 1
                if timed:
                    usage.timed += 1
                    usage.milliseconds += latency
        if failed:
            self.add_errors(Cell.tally(len(failed), self.at))
        return failed

    def add_error_events(self, data: Iterable[msgspec.Raw]) -> None:
        """Add `error` events by their data: endpoint, if usable."""
        details = _details(data)
        self.add_errors(Cell.tally(len(details), self.at))
        for detail in details:
            self._endpoint(detail.endpoint, Usage(0, 1))

    def add_request_spans(self, spans: Sequence[NewSpan]) -> None:
        """Add spans that are requests: status, duration, endpoint and user."""
        failed, latencies = 0, [max(0, span.end - span.start) / 1e6 for span in spans]
        for span, latency in zip(spans, latencies, strict=True):
            usage = self._usage(span.endpoint or span.name)
            usage.requests += 1
            usage.timed += 1
            usage.milliseconds += latency
            if span.status == SPAN_FAILED:
                usage.errors += 1
                failed += 1
        self.latencies += latencies
        self.users.update([span.user_id for span in spans if span.user_id])
        self.add_requests(Cell.tally(len(spans), self.at))
        if failed:
            self.add_errors(Cell.tally(failed, self.at))

    def add_requests(self, cell: Cell) -> None:
        """Add a cell of requests."""
        self.requests = _sum(self.requests, cell)

    def add_errors(self, cell: Cell) -> None:
        """Add a cell of errors."""
        self.errors = _sum(self.errors, cell)

    def close(self) -> None:
        """Finish the sums of one request; they are exact from here on, in whatever order requests are merged."""
        if self.latencies:
            self.latency_sum = in_units(sum(self.latencies))
            self.latest = (self.at, self.latencies[-1])
        self.endpoints = {endpoint: Total.of(usage) for endpoint, usage in self.usage.items()}
        self.usage = {}

    def merge(self, other: "Observations") -> None:
        """Add closed observations of the same service and second to these closed ones."""
        self.at = max(self.at, other.at)
        self.shown_at = max(self.shown_at, other.shown_at)
        for event_type, count in other.event_types.items():
            self.event_types[event_type] = self.event_types.get(event_type, 0) + count
        self.users |= other.users
        if other.requests is not None:
            self.add_requests(other.requests)
        if other.errors is not None:
            self.add_errors(other.errors)
        if other.latencies:
            self.latest = max(self.latest, other.latest) if self.latencies else other.latest
        self.latencies += other.latencies
        self.latency_sum += other.latency_sum
        self.mean_latencies += other.mean_latencies
        for endpoint, total in other.endpoints.items():
            if endpoint in self.endpoints:
                self.endpoints[endpoint].add(total)
            else:
                self.endpoints[endpoint] = total

    def add_metrics(self, name: str, values: list[float], last_at: float, endpoint: str | None) -> None:
        """Add values of `requests`, `errors` or `latency`, the latest measured at `last_at`."""
        if name == "requests":
            counts = list(map(_whole, values))
            self.add_requests(Cell.of(counts, last_at))
            self._endpoint(endpoint, Usage(sum(counts)))
        elif name == "errors":
            counts = list(map(_whole, values))
            self.add_errors(Cell.of(counts, last_at))
            self._endpoint(endpoint, Usage(0, sum(counts)))
        elif name == "latency":
            self.latencies += values
            self._endpoint(endpoint, Usage(0, 0, len(values), sum(values)))

    def _endpoint(self, endpoint: Any, usage: Usage) -> None:
        if endpoint and type(endpoint) is str:
            self._usage(endpoint).add(usage)

    def _usage(self, endpoint: str) -> Usage:
        usage = self.usage.get(endpoint)
        if usage is None:
            usage = self.usage[endpoint] = Usage()
        return usage


TRAFFIC = ("requests", "errors", "latency")
"""Metrics with the same meaning for every service."""
EVENTS_SERIES = "events"
"""Series that counts events; reserved, metrics cannot use the name."""
EVENT_TYPE = "type"
"""Tag of the `events` series."""
OTHER = "other"
"""Event type that counts the types beyond the limit."""
EVERY_SERVICE = ""
"""Service of the series that aggregate all services."""
