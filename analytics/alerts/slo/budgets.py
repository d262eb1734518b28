"""The error budgets of all objectives, computed at most every few seconds."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict

from analytics.alerting import Alert
from analytics.alerts.slo.burning import GROUP_PREFIX
from analytics.alerts.slo.report import SloRow, Value, report
from analytics.alerts.slo.slo import slo_of
from analytics.clock import Clock, rfc3339
from analytics.resources import Resource

KEPT_SECONDS = 10.0
"""How long an answer is served again: each objective asks some questions about days of data."""


class SlosAnswer(TypedDict):
    """The answer of `/slos`."""

    slos: list[SloRow]
    count: int
    updated_at: str


class Budgets:
    """Computes the error budgets.

    Args:
        resources: the objectives, in the catalog.
        firing: the alerts that fire now.
        in_thread: calls a function beside the event loop, with what gives it the values of expressions.
    """

    def __init__(
        self,
        resources: Callable[[], Iterable[Resource]],
        firing: Callable[[], Iterable[Alert]],
        in_thread: Callable[[Callable[[Value], list[SloRow]]], list[SloRow]],
        clock: Clock,
    ) -> None:
        self._resources, self._firing, self._in_thread, self._clock = resources, firing, in_thread, clock
        self._kept: tuple[tuple[tuple[str, int], ...], float, SlosAnswer] | None = None

    def __call__(self) -> SlosAnswer:
        """All objectives by name, with their budgets as of a few seconds ago at most."""
        resources = sorted(self._resources(), key=lambda resource: resource.name)
        versions = tuple((resource.name, resource.version) for resource in resources)
        now = self._clock.wall()
        if self._kept is not None and self._kept[0] == versions and 0 <= now - self._kept[1] < KEPT_SECONDS:
            return self._kept[2]
        slos = [slo_of(resource.name, resource.body) for resource in resources]
        firing: dict[str, list[str]] = {}
        for alert in self._firing():
            if alert.key.group.startswith(GROUP_PREFIX):
                firing.setdefault(alert.key.group.removeprefix(GROUP_PREFIX), []).append(alert.key.rule)

        def rows(value: Value) -> list[SloRow]:
            return [report(slo, value, _once(firing.get(slo.name, ()))) for slo in slos]

        found: SlosAnswer = {
            "slos": self._in_thread(rows) if slos else [],
            "count": len(slos),
            "updated_at": rfc3339(now),
        }
        self._kept = versions, now, found
        return found


def _once(names: Sequence[str]) -> list[str]:
    return sorted(set(names))
