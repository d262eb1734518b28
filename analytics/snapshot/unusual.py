"""Watches for services whose figures are unusual, every few seconds, and reports them as own metrics."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from analytics.clock import HOUR_SECONDS
from analytics.own_metrics.family import Family, by_label
from analytics.query.unusual import (
    NO_USUAL,
    Baseline,
    Recent,
    Unusual,
    baseline_end,
    baseline_of,
    errors_of,
    latency_of,
    recent_figures,
    usual,
)
from analytics.query.usual import FEWEST_ERRORS, RECENT
from analytics.state.state import State

EVERY_SECONDS = 5
USUAL_SECONDS = 60
"""How often the usual figures of all traffic are computed."""
BASELINES_AT_ONCE = 20
"""How many baselines are read at once: each has a day of figures."""
TROUBLES = ("down", "unhealthy", "stale", "degraded")


class _Baseline(NamedTuple):
    baseline: Baseline
    until: float


class UnusualServices:
    """Services whose errors or latency are well beyond the usual, as of a few seconds ago at most.

    Attributes:
        services: what is unusual about each.
        usual: usual figures of all traffic.
    """

    def __init__(self) -> None:
        self.services: dict[str, Unusual] = {}
        self.usual = NO_USUAL
        self._baselines: dict[str, _Baseline] = {}
        self._seen: dict[str, Unusual] = {}
        self._looked_at = self._usual_at = -1

    def look(self, state: State, now: float) -> None:
        """Look at the state as of `now` (seconds since the epoch), unless that was done a moment ago."""
        if int(now) // EVERY_SECONDS == self._looked_at:
            return
        self._looked_at = int(now) // EVERY_SECONDS
        recent = recent_figures(state, now)
        self._baselines = {name: known for name, known in self._baselines.items() if name in recent}
        self._refresh(state, now, recent)
        self.services = dict(self._unusual(state, now, recent))
        self._seen = {name: self.services.get(name, _NOTHING) for name in {*self._seen, *self.services} & recent.keys()}
        if int(now) // USUAL_SECONDS != self._usual_at:
            self._usual_at = int(now) // USUAL_SECONDS
            self.usual = usual(state, now, self._troubled_since(state, now))

    def families(self) -> Iterable[Family]:
        """Unusual figures by service; 0 for those that were unusual before."""
        errors = {name: each["errors"] for name, each in self._seen.items()}
        latencies = {name: each["latency"] for name, each in self._seen.items()}
        shares = {name: 0.0 if each is None else each["share"] or 1.0 for name, each in errors.items()}
        times = {name: 0.0 if each is None else each["now_ms"] for name, each in latencies.items()}
        about = "while it is well beyond the usual; 0 when it is no longer"
        yield by_label("unusual_errors_ratio", "gauge", f"Share of errors {about}", "service", shares)
        yield by_label("unusual_latency_milliseconds", "gauge", f"Average latency {about}", "service", times)

    def _unusual(self, state: State, now: float, recent: dict[str, Recent]) -> Iterable[tuple[str, Unusual]]:
        for name, figures in recent.items():
            known = self._baselines.get(name)
            if known is None:
                continue
            errors = latency = None
            if figures.errors >= FEWEST_ERRORS:
                errors = errors_of(state, now, name, known.baseline)
            if figures.may_be_slow(known.baseline.expected):
                latency = latency_of(state, now, name, known.baseline)
            if errors or latency:
                yield name, {"errors": errors, "latency": latency}

    def _refresh(self, state: State, now: float, recent: dict[str, Recent]) -> None:
        """Read the baselines that are due, those of services with errors first."""
        due = [name for name in recent if name not in self._baselines or self._baselines[name].until <= now]
        due.sort(key=lambda name: -recent[name].errors)
        for place, name in enumerate(due):
            if place >= BASELINES_AT_ONCE and recent[name].errors < FEWEST_ERRORS:
                break
            baseline = baseline_of(state, now, name)
            until = (
                baseline_end(now) + HOUR_SECONDS + (RECENT + 1) * 60
                if baseline.latency is not None
                else now + USUAL_SECONDS
            )
            self._baselines[name] = _Baseline(baseline, until)

    def _troubled_since(self, state: State, now: float) -> Iterable[float]:
        for service in state.services.all():
            status, since = service.health(now)
            if status in TROUBLES:
                yield since
        for each in self.services.values():
            if each["errors"] and each["errors"]["since"]:
                yield datetime.fromisoformat(each["errors"]["since"]).timestamp()


_NOTHING: Unusual = {"errors": None, "latency": None}
