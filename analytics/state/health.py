"""Health: what a service last reported, unless it has been silent for too long by its own rhythm."""

from collections.abc import Sequence
from statistics import median

STALE_AFTER, STALE_AT_LEAST = 2, 120.0
DOWN_AFTER, DOWN_AT_LEAST = 5, 300.0
RHYTHM = 16
"""How many of the latest intervals tell a service's usual one."""


def usual_interval(intervals: Sequence[float]) -> float | None:
    """The usual seconds between heartbeats: the median of the latest intervals; None before the second one."""
    return median(intervals) if intervals else None


def health(
    reported: str | None, last_heartbeat: float | None, intervals: Sequence[float], now: float
) -> tuple[str, float | None]:
    """The state of a service, and since when that silence has had a name (None where it reports as usual).

    `unknown` without any heartbeat; `stale` after 2 usual intervals, at least 120 s; `down` after 5, at least 300 s.
    """
    if last_heartbeat is None or reported is None:
        return "unknown", None
    usual = usual_interval(intervals) or 0.0
    silence = now - last_heartbeat
    for state, times, at_least in (
        ("down", DOWN_AFTER, DOWN_AT_LEAST),
        ("stale", STALE_AFTER, STALE_AT_LEAST),
    ):
        limit = max(times * usual, at_least)
        if silence > limit:
            return state, last_heartbeat + limit
    return reported, None
