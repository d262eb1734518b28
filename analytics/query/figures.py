"""The few figures that many answers share, worked out in one place."""

from typing import Any

from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVERY_SERVICE
from analytics.state.rollup import Rollup

EXACT = 2**53
"""Below this a double holds every whole number."""


def number(value: float) -> float:
    """`value` as an integer where it is one, so that counts read as counts; beyond 2**53 as a float."""
    if not -EXACT < value < EXACT:
        return float(value)
    return int(value) if value == int(value) else value


def rounded(value: float | None, digits: int = 3) -> float | None:
    """`value` to `digits` decimals; None stays None."""
    return None if value is None else round(value, digits)


def error_rate(requests: float, errors: float) -> float:
    """Errors in percent of requests, 0–100; 100 where there are only errors."""
    if not errors:
        return 0.0
    return round(min(100.0, 100.0 * errors / requests), 3) if requests else 100.0


def total(cell: Cell | None) -> float:
    """The sum of a cell, 0 without one."""
    return 0 if cell is None else number(cell.sum)


def traffic(
    series: Rollup[SeriesKey, Cell], level: int, starts: range | list[int], service: str = EVERY_SERVICE
) -> tuple[float, float, Cell | None]:
    """Requests, errors and latency of a service, or of all, over the buckets of `level` that begin at `starts`."""
    requests, errors, latency = (
        series.merged(level, starts, [(name, service, NO_TAGS)]) for name in ("requests", "errors", "latency")
    )
    return total(requests), total(errors), latency


def latency_figures(cell: Cell | None) -> dict[str, Any]:
    """Average and percentiles in ms; None each where there is nothing to tell them from."""
    if cell is None:
        return dict.fromkeys(("avg_latency_ms", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms"))
    p50, p95, p99 = cell.percentiles(0.5, 0.95, 0.99)
    return {
        "avg_latency_ms": rounded(cell.mean),
        "p50_latency_ms": rounded(p50),
        "p95_latency_ms": rounded(p95),
        "p99_latency_ms": rounded(p99),
    }
