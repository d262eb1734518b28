"""What one batch says of one service in one second, grouped so that the state touches each counter once."""

from collections.abc import Iterable
from typing import Any

import msgspec

from analytics.records import SeriesTags
from analytics.state.cells import Cell
from analytics.state.endpoints import Usage

ERROR_STATUS = 500
MAX_LATENCY = 1e100


class Detail(msgspec.Struct, gc=False):
    """What the data of a `request` or `error` event may say to the statistics, of whatever kind it is."""

    status: Any = None
    latency: Any = None
    latency_ms: Any = None
    endpoint: Any = None


_read_details = msgspec.json.Decoder(list[Detail]).decode


class Gauge:
    """Values of one series, and the one of the latest time (of equals the greatest)."""

    __slots__ = ("last", "last_at", "values")

    def __init__(self, value: float, at: float) -> None:
        self.values = [value]
        self.last, self.last_at = value, at

    def add(self, value: float, at: float) -> None:
        """Add a value of the same batch: of equal times the later one counts."""
        self.values.append(value)
        if at >= self.last_at:
            self.last, self.last_at = value, at

    def merge(self, other: "Gauge") -> None:
        """Add the values of `other`."""
        self.values += other.values
        if (other.last_at, other.last) > (self.last_at, self.last):
            self.last, self.last_at = other.last, other.last_at

    def cell(self, *, sketched: bool) -> Cell:
        """As a cell."""
        cell = Cell.of(self.values, self.last_at, sketched=sketched)
        cell.last = self.last
        return cell


def _sum(cell: Cell | None, more: Cell) -> Cell:
    if cell is None:
        return more.copy()
    cell.merge(more)
    return cell


def _details(data: Iterable[msgspec.Raw]) -> list[Detail]:
    return _read_details(b"[" + b",".join(data) + b"]")


class Observations:
    """Sums and lists of what was observed of `service` at `at` (seconds since the epoch)."""

    __slots__ = (
        "at",
        "endpoints",
        "errors",
        "event_types",
        "gauges",
        "latencies",
        "mean_latencies",
        "requests",
        "service",
        "users",
    )

    def __init__(self, service: str, at: float) -> None:
        self.service = service
        self.at = at
        self.event_types: dict[str, int] = {}
        self.users: set[str] = set()
        self.requests: Cell | None = None
        self.errors: Cell | None = None
        self.latencies: list[float] = []
        self.mean_latencies: list[tuple[int, float]] = []
        self.endpoints: dict[str, Usage] = {}
        self.gauges: dict[tuple[str, SeriesTags], Gauge] = {}

    def requests_made(self, data: Iterable[msgspec.Raw]) -> None:
        """The data of `request` events: their status, latency (ms) and endpoint, each where it is usable."""
        latencies = self.latencies
        details, failed = _details(data), 0
        self.add_requests(Cell.tally(len(details), self.at))
        for detail in details:
            status, latency, endpoint = detail.status, detail.latency, detail.endpoint
            error = (status.__class__ is int or status.__class__ is float) and status >= ERROR_STATUS
            if error:
                failed += 1
            if latency is None:
                latency = detail.latency_ms
            timed = (latency.__class__ is float or latency.__class__ is int) and 0 <= latency <= MAX_LATENCY
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
            self.add_errors(Cell.tally(failed, self.at))

    def errors_occurred(self, data: Iterable[msgspec.Raw]) -> None:
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

    def merge(self, other: "Observations") -> None:
        """Add what was observed in the same second of the same service."""
        self.at = max(self.at, other.at)
        for event_type, count in other.event_types.items():
            self.event_types[event_type] = self.event_types.get(event_type, 0) + count
        self.users |= other.users
        if other.requests is not None:
            self.add_requests(other.requests)
        if other.errors is not None:
            self.add_errors(other.errors)
        self.latencies += other.latencies
        self.mean_latencies += other.mean_latencies
        for endpoint, usage in other.endpoints.items():
            self._usage(endpoint).add(usage)
        for series, gauge in other.gauges.items():
            if series in self.gauges:
                self.gauges[series].merge(gauge)
            else:
                self.gauges[series] = gauge

    def metric(self, name: str, value: float, at: float, tags: SeriesTags, endpoint: str | None) -> None:
        """One metric; `requests`, `errors` and `latency` count as such, and in their tagged series."""
        if name == "requests":
            self.add_requests(Cell.of([value], at))
            self._endpoint(endpoint, Usage(value))
        elif name == "errors":
            self.add_errors(Cell.of([value], at))
            self._endpoint(endpoint, Usage(0, value))
        elif name == "latency":
            self.latencies.append(value)
            self._endpoint(endpoint, Usage(0, 0, 1, value))
        if tags or name not in TRAFFIC:
            series = (name, tags)
            if series in self.gauges:
                self.gauges[series].add(value, at)
            else:
                self.gauges[series] = Gauge(value, at)

    def _endpoint(self, endpoint: Any, usage: Usage) -> None:
        if endpoint and type(endpoint) is str:
            self._usage(endpoint).add(usage)

    def _usage(self, endpoint: str) -> Usage:
        usage = self.endpoints.get(endpoint)
        if usage is None:
            usage = self.endpoints[endpoint] = Usage()
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
