"""Figures that several queries share."""

from typing import TypedDict

from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVERY_SERVICE
from analytics.state.rollup import Rollup

EXACT = 2**53
"""Limit below which a double holds every integer."""


class LatencyFigures(TypedDict):
    """Latency in ms; None without latencies."""

    avg_latency_ms: float | None
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None


def number(value: float) -> float:
    """The value as an int if it is whole, so that counts look like counts; beyond 2**53 as a float."""
    if not -EXACT < value < EXACT:
        return float(value)
    return int(value) if value == int(value) else value


def rounded(value: float | None, digits: int = 3) -> float | None:
    """The value rounded to `digits` decimals, or None."""
    return None if value is None else round(value, digits)


def error_rate(requests: float, errors: float) -> float:
    """Errors in percent of requests (0-100); 100 if there are only errors."""
    if not errors:
        return 0.0
    return round(min(100.0, 100.0 * errors / requests), 3) if requests else 100.0


def total(cell: Cell | None) -> float:
    """Sum of a cell; 0 without one."""
    return 0 if cell is None else number(cell.sum)


def traffic(
    series: Rollup[SeriesKey, Cell], level: int, starts: range | list[int], service: str = EVERY_SERVICE
) -> tuple[float, float, Cell | None]:
    """Requests, errors and latency (ms) of one service or all, over the buckets of `level` that start at `starts`."""
    requests, errors, latency = (
        series.merged(level, starts, [(name, service, NO_TAGS)]) for name in ("requests", "errors", "latency")
    )
    return total(requests), total(errors), latency


def latency_figures(cell: Cell | None) -> LatencyFigures:
    """Average and percentiles of a latency cell."""
    mean, p50, p95, p99 = (None, None, None, None) if cell is None else (cell.mean, *cell.percentiles(0.5, 0.95, 0.99))
    return {
        "avg_latency_ms": rounded(mean),
        "p50_latency_ms": rounded(p50),
        "p95_latency_ms": rounded(p95),
        "p99_latency_ms": rounded(p99),
    }
