"""What one batch says of one service in one second, grouped so that the state touches each counter once."""

from collections.abc import Mapping
from math import inf
from typing import Any

from analytics.records import SeriesTags
from analytics.state.endpoints import Usage

ERROR_STATUS = 500


class Observations:
    """Sums and lists of what was observed of `service` at `at` (seconds since the epoch)."""

    __slots__ = (
        "at",
        "endpoints",
        "errors",
        "event_types",
        "gauges",
        "latencies",
        "requests",
        "service",
        "users",
    )

    def __init__(self, service: str, at: float) -> None:
        self.service = service
        self.at = at
        self.event_types: dict[str, int] = {}
        self.users: set[str] = set()
        self.requests: float = 0
        self.errors: float = 0
        self.latencies: list[float] = []
        self.endpoints: dict[str, Usage] = {}
        self.gauges: dict[tuple[str, SeriesTags], list[float]] = {}

    def request(self, data: Mapping[str, Any]) -> None:
        """One `request` event: its status, latency (ms) and endpoint where `data` has them in a usable form."""
        self.requests += 1
        status = data.get("status")
        error = 1 if type(status) is int and status >= ERROR_STATUS else 0
        self.errors += error
        latency: Any = data.get("latency")
        if latency is None:
            latency = data.get("latency_ms")
        timed = (type(latency) is float or type(latency) is int) and 0 <= latency < inf
        if timed:
            self.latencies.append(latency)
        endpoint = data.get("endpoint")
        if endpoint and type(endpoint) is str:
            count, errors, latencies, milliseconds = self.endpoints.get(endpoint, NOTHING)
            self.endpoints[endpoint] = Usage(
                count + 1,
                errors + error,
                latencies + timed,
                milliseconds + latency if timed else milliseconds,
            )

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
