"""A service level objective: what share of requests has to be good, over which window."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from analytics.promql.over_window import over
from analytics.promql.quoting import quoted
from analytics.schemas.slo import DEFAULT_WINDOW


class Slo(NamedTuple):
    """An objective.

    Attributes:
        objective: share of good requests that is promised, from 0 to 1.
        window: such as `30d`.
        service: empty for all services.
        good, bad, total: expressions of counters; empty where the errors or the latency of services are meant.
        latency_ms: longest latency of a good request; None for an objective on errors.
        labels: added to the alerts.
    """

    name: str
    objective: float
    window: str
    service: str = ""
    endpoint: str = ""
    good: str = ""
    bad: str = ""
    total: str = ""
    latency_ms: float | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    runbook: str = ""
    description: str = ""
    has_alerts: bool = True

    @property
    def allowed(self) -> float:
        """Share of bad requests that is allowed, from 0 to 1."""
        return 1.0 - self.objective

    def total_over(self, window: str) -> str:
        """The expression of all requests in a window. Raises `BadQuery`."""
        if self.latency_ms is not None:
            return f"histogram_count(sum(increase({self._latencies()}[{window}])))"
        return over(self.total or f"sum({self._traffic('requests_total')})", window)

    def ratio_over(self, window: str) -> str:
        """The expression of the share of bad requests in a window, from 0 to 1; without requests it has no value.

        Raises:
            BadQuery: an expression is not valid.
        """
        if self.latency_ms is not None:
            return f"1 - histogram_fraction(0, {self.latency_ms:g}, sum(increase({self._latencies()}[{window}])))"
        total = self.total_over(window)
        if self.good:
            return f"clamp_min(1 - (({over(self.good, window)}) or ({total}) * 0) / ({total}), 0)"
        bad = over(self.bad or f"sum({self._traffic('errors_total')})", window)
        return f"clamp_max((({bad}) or ({total}) * 0) / ({total}), 1)"

    def _traffic(self, name: str) -> str:
        prefix = "endpoint_" if self.endpoint else ""
        return f"{prefix}{name}{self._matchers()}"

    def _latencies(self) -> str:
        return self._traffic("latency_milliseconds")

    def _matchers(self) -> str:
        pairs = [("service", self.service), ("endpoint", self.endpoint)]
        found = ",".join(f"{label}={quoted(value)}" for label, value in pairs if value)
        return f"{{{found}}}" if found else ""


def slo_of(name: str, body: Mapping[str, Any]) -> Slo:
    """The objective in a resource's body, which the schema has checked."""
    return Slo(
        name,
        body["objective"] / 100,
        body.get("window") or DEFAULT_WINDOW,
        body.get("service") or "",
        body.get("endpoint") or "",
        body.get("good") or "",
        body.get("bad") or "",
        body.get("total") or "",
        body.get("latency_ms"),
        body.get("labels") or {},
        body.get("annotations") or {},
        body.get("runbook") or "",
        body.get("description") or "",
        body.get("alerts", True),
    )
