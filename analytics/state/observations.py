"""What one batch says of one service in one second, grouped so that the state touches each counter once."""

from collections.abc import Mapping
from typing import Any

from analytics.records import SeriesTags
from analytics.state.endpoints import Usage

ERROR_STATUS = 500
MAX_LATENCY = 1e300


class Observations:
    """Sums and lists of what was observed of `service` at `at` (seconds since the epoch)."""

    __slots__ = (
        "at",
        "endpoints",
        "errors",
        "event_types",
        "gauges",
        "latencies",
        "mean_latency",
        "request_data",
        "requests",
        "service",
        "users",
    )

    def __init__(self, service: str, at: float) -> None:
        self.service = service
        self.at = at
        self.event_types: dict[str, int] = {}
        self.users: set[str] = set()
        self.request_data: list[dict[str, Any]] = []
        self.requests: float = 0
        self.errors: float = 0
        self.latencies: list[float] = []
        self.mean_latency: tuple[int, float] | None = None
        self.endpoints: dict[str, Usage] = {}
        self.gauges: dict[tuple[str, SeriesTags], list[float]] = {}

    def count_requests(self) -> None:
        """Count the `request` events gathered in `request_data`: status, latency (ms) and endpoint where usable."""
        endpoints: dict[str, list[Any]] = {}
        errors, latencies = 0, self.latencies
        for data in self.request_data:
            get = data.get
            status = get("status")
            error = status.__class__ is int and status >= ERROR_STATUS
            if error:
                errors += 1
            latency: Any = get("latency")
            if latency is None:
                latency = get("latency_ms")
            timed = (latency.__class__ is float or latency.__class__ is int) and 0 <= latency <= MAX_LATENCY
            if timed:
                latencies.append(latency)
            endpoint = get("endpoint")
            if endpoint.__class__ is str and endpoint:
                usage = endpoints.get(endpoint)
                if usage is None:
                    usage = endpoints[endpoint] = [0, 0, 0, 0.0]
                usage[0] += 1
                if error:
                    usage[1] += 1
                if timed:
                    usage[2] += 1
                    usage[3] += latency
        self.requests += len(self.request_data)
        self.errors += errors
        for endpoint, figures in endpoints.items():
            self._endpoint(endpoint, Usage(*figures))
        self.request_data.clear()

    def error(self, data: Mapping[str, Any]) -> None:
        """One `error` event, of an endpoint where `data` names one."""
        self.errors += 1
        self._endpoint(data.get("endpoint"), Usage(0, 1))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was observed."""
        return not (self.event_types or self.gauges or self.requests or self.errors or self.latencies)

    def metric(self, name: str, value: float, tags: SeriesTags, endpoint: str | None) -> None:
        """One metric; `requests`, `errors` and `latency` count as such, and in their tagged series."""
        if name == "requests":
            self.requests += value
            self._endpoint(endpoint, Usage(value))
        elif name == "errors":
            self.errors += value
            self._endpoint(endpoint, Usage(0, value))
        elif name == "latency":
            self.latencies.append(value)
            self._endpoint(endpoint, Usage(0, 0, 1, value))
        if tags or name not in TRAFFIC:
            self.gauges.setdefault((name, tags), []).append(value)

    def _endpoint(self, endpoint: Any, usage: Usage) -> None:
        if endpoint and type(endpoint) is str:
            self.endpoints[endpoint] = self.endpoints.get(endpoint, NOTHING).plus(usage)


NOTHING = Usage(0)
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
