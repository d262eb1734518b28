"""Runs LogQL over a few lines."""

from collections.abc import Iterable
from typing import Any

from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.entry import LogEntry
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse
from analytics.logql.pipeline import pipeline
from analytics.logql.vectors import Vector
from analytics.query.records.log_source import RecordLogSource
from tests.query.records.memory_source import NANOSECONDS, MemorySource, line

__all__ = ["LINES", "budget", "line", "lines", "passed", "value", "values"]

LINES = [
    line(10, "GET /a took 10ms", resource={"app": "shop", "k8s.pod.name": "p1"}),
    line(20, "GET /b took 20ms", resource={"app": "shop", "k8s.pod.name": "p2"}),
    line(30, "POST /a failed", severity=17, resource={"app": "shop", "k8s.pod.name": "p1"}),
    line(40, '{"status":500,"path":"/a","took":"1.5s","size":"2kB"}', service="api", trace_id="ab" * 16),
    line(50, '{"status":200,"path":"/b","took":"250ms","size":"1kB"}', service="api"),
    line(60, 'level=warn msg="slow one" n=3 took=2s', service="worker", severity=13),
]


def budget(**limits: Any) -> LogBudget:
    """A budget whose clock stands still."""
    return LogBudget(LogLimits(**limits), lambda: None, lambda: 0.0)


def passed(stages: str, text: str, **labels: str) -> LogEntry | None:
    """A line after the stages of a query; None if it is not kept."""
    found = parse("{} " + stages)
    assert isinstance(found, LogSelection)
    entry = LogEntry.of(1_700_000_000 * NANOSECONDS, text, {"app": "shop", **labels}, {})
    return entry if pipeline(found.stages)(entry) else None


def lines(query: str, given: Iterable[dict[str, Any]] = LINES) -> list[str]:
    """The texts of the lines that a query finds, oldest first."""
    from analytics.logql.select import selected

    found = parse(query)
    assert isinstance(found, LogSelection)
    source = RecordLogSource(MemorySource(given))
    entries = selected(source, found, 0, 1_000 * NANOSECONDS, budget(), limit=100, is_ascending=True)
    return [entry.line for entry in entries]


def values(
    query: str, given: Iterable[dict[str, Any]] = LINES, start: float = 60, end: float | None = None, step: float = 60
) -> Vector | float:
    """The series of a metric query."""
    found = parse(query)
    assert not isinstance(found, LogSelection)
    steps = Steps(*(round(at * NANOSECONDS) for at in (start, start if end is None else end, step)))
    return MetricQuery(RecordLogSource(MemorySource(given)), steps, budget()).value(found)


def value(query: str, at: float = 60, given: Iterable[dict[str, Any]] = LINES) -> dict[str, float]:
    """The value of each series at one time, by its labels such as `a=1,b=2`."""
    found = values(query, given, at)
    assert not isinstance(found, float)
    named = {",".join(f"{name}={text}" for name, text in key): float(each[0]) for key, each in found.items()}
    return dict(sorted(named.items()))
