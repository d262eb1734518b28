"""What one batch says of one service in one second, grouped so that the state touches each counter once."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from analytics.records import SeriesTags
from analytics.state.cells import Cell
from analytics.state.exact import UNIT_BITS, exact_sum, in_units
from analytics.state.sums import Total, Usage

ERROR_STATUS = 500
MAX_LATENCY = 1e100
NUMERIC = re.compile(r"\s*\d{1,15}(\.\d{0,15})?\s*", re.ASCII)
"""Text that is read as a number."""


class Detail(msgspec.Struct, gc=False):
    """The fields in the data of a `request` or `error` event that feed the statistics; each may hold anything.

    `status`, `latency` and `latency_ms` may be numbers, or text that holds one, as the JSON logs of nginx have it.
    """

    status: Any = None
    latency: Any = None
    latency_ms: Any = None
    endpoint: Any = None


_read_details = msgspec.json.Decoder(list[Detail]).decode


class Gauge:
    """Values of one series, their sum in each request, and the one of the latest time (of equals the greatest)."""

    __slots__ = ("last", "last_at", "sums", "values")

    def __init__(self, values: list[float], last: float, at: float) -> None:
        self.values = values
        self.sums: list[float] = []
        self.last, self.last_at = last, at

    def add(self, values: list[float], last: float, at: float) -> None:
        """Add values of the same batch: of equal times the later one counts."""
        self.values += values
        if at >= self.last_at:
            self.last, self.last_at = last, at

    def merge(self, other: "Gauge") -> None:
        """Add the values of `other`."""
        self.values += other.values
        self.sums += other.sums
        if (other.last_at, other.last) > (self.last_at, self.last):
            self.last, self.last_at = other.last, other.last_at

    def cell(self, *, sketched: bool) -> Cell:
        """As a cell."""
        cell = Cell.of(self.values, self.last_at, exact_sum(self.sums), sketched=sketched)
        cell.last = self.last
        return cell


def _number_in(value: Any) -> float | None:
    """`value`, if it is a number, or text that holds one."""
    if value.__class__ is str:
        return float(value) if NUMERIC.fullmatch(value) else None
    return value if value.__class__ is int or value.__class__ is float else None


def _whole(value: float) -> float:
    """A count as an integer where it is one, and else as a multiple of 2**-80: the unit of exact sums."""
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
    """Sums and lists of what was observed of `service` at `at` (seconds since the epoch).

    `shown_at` is the same, or when it was recorded where that is earlier: what lies ahead counts as now in windows.
    """

    __slots__ = (
        "at",
        "endpoints",
        "errors",
        "event_types",
        "gauges",
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

    def __init__(self, service: str, at: float, shown_at: float | None = None) -> None:
        self.service = service
        self.at = at
        self.shown_at = at if shown_at is None else shown_at
        self.event_types: dict[str, int] = {}
        self.users: set[str] = set()
        self.requests: Cell | None = None
        self.errors: Cell | None = None
        self.latencies: list[float] = []
        self.latency_sum = 0
        self.latest = (at, 0.0)
        """When the latest latency was observed, and the greatest that was then."""
        self.mean_latencies: list[tuple[int, float, float]] = []
        """Of heartbeats: how many requests, their mean latency, and when it was reported."""
        self.usage: dict[str, Usage] = {}
        self.endpoints: dict[str, Total] = {}
        self.gauges: dict[tuple[str, SeriesTags], Gauge] = {}

    def add_request_events(self, data: Iterable[msgspec.Raw]) -> list[int]:
        """Observe the status, latency (ms) and endpoint of `request` events by their data, each where it is usable.

        Returns the indexes of those that failed.
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
        """The data of `error` events: their endpoint, where it is usable."""
        details = _details(data)
        self.add_errors(Cell.tally(len(details), self.at))
        for detail in details:
            self._endpoint(detail.endpoint, Usage(0, 1))

    def add_requests(self, cell: Cell) -> None:
        """Requests: so many, adding up to so much."""
        self.requests = _sum(self.requests, cell)

    def add_errors(self, cell: Cell) -> None:
        """Errors: so many, adding up to so much."""
        self.errors = _sum(self.errors, cell)

    def close(self) -> None:
        """Add up what one request says; from here on all sums are exact, in whatever order requests are merged."""
        if self.latencies:
            self.latency_sum = in_units(sum(self.latencies))
            self.latest = (self.at, self.latencies[-1])
        for gauge in self.gauges.values():
            gauge.sums = [sum(gauge.values)]
        self.endpoints = {endpoint: Total.of(usage) for endpoint, usage in self.usage.items()}
        self.usage = {}

    def merge(self, other: "Observations") -> None:
        """Add what was observed in the same second of the same service; both are closed."""
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
        for series, gauge in other.gauges.items():
            if series in self.gauges:
                self.gauges[series].merge(gauge)
            else:
                self.gauges[series] = gauge

    def add_metrics(
        self, name: str, values: list[float], last: float, last_at: float, tags: SeriesTags, endpoint: str | None
    ) -> None:
        """Observe values of one series, of which `last` was measured last, at `last_at`.

        `requests`, `errors` and `latency` count as such, and in their tagged series.
        """
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
        if tags or name not in TRAFFIC:
            series = (name, tags)
            if series in self.gauges:
                self.gauges[series].add(values, last, last_at)
            else:
                self.gauges[series] = Gauge(values, last, last_at)

    def _endpoint(self, endpoint: Any, usage: Usage) -> None:
        if endpoint and type(endpoint) is str:
            self._usage(endpoint).add(usage)

    def _usage(self, endpoint: str) -> Usage:
        usage = self.usage.get(endpoint)
        if usage is None:
            usage = self.usage[endpoint] = Usage()
        return usage


TRAFFIC = ("requests", "errors", "latency")
"""The metrics that every service has under the same meaning."""
EVENTS = "events"
"""The series that counts events; no metric may take its name."""
EVENT_TYPE = "type"
"""The tag of that series."""
OTHER = "other"
"""The event type under which those beyond the limit are counted."""
EVERY_SERVICE = ""
"""The service of series that add up all services."""
