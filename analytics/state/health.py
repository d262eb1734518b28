"""Health: what a sender of heartbeats last reported, unless it has been silent for too long by its own rhythm.

- `unknown`: no heartbeat yet.
- `stale`: silent for more than twice its interval, at least 120 s. `down`: for more than five times, at least 300 s.
- The interval is the one that it states, else the usual one: the median of the latest intervals. Before the second
  heartbeat none is known, and then a sender is stale after 120 s but never down.
- A stated `grace` replaces these limits: stale after interval + grace, down after interval + 2 × grace.
- `maintenance` lasts until something else is reported.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

STALE_AFTER, STALE_AT_LEAST = 2, 120.0
DOWN_AFTER, DOWN_AT_LEAST = 5, 300.0
KEPT_INTERVALS = 16
"""How many of the latest intervals tell the usual one."""
SHORTEST_INTERVAL = 0.1
"""Intervals of fewer seconds are repeats of one heartbeat and say nothing about the rhythm."""
SILENT = ("stale", "down")
WORST_FIRST = ("down", "unhealthy", "stale", "degraded", "maintenance", "healthy", "unknown")


class SilenceLimits(NamedTuple):
    """Seconds of silence after which a sender is stale, and down (None: never)."""

    stale: float
    down: float | None


def median_interval(intervals: Sequence[float]) -> float | None:
    """The usual seconds between heartbeats: the median of the latest intervals; None before the second one."""
    return median(intervals) if intervals else None


def silence_limits(interval: float | None, grace: float | None) -> SilenceLimits:
    """How long a sender may be silent, by its stated or usual interval and its stated grace in seconds."""
    if interval is None:
        return SilenceLimits(max(STALE_AT_LEAST, grace or 0.0), None)
    if grace is not None:
        return SilenceLimits(interval + grace, interval + 2 * grace)
    return SilenceLimits(max(STALE_AFTER * interval, STALE_AT_LEAST), max(DOWN_AFTER * interval, DOWN_AT_LEAST))


def health(reported: str | None, silence: float, allowed: SilenceLimits) -> str:
    """The state of a sender that has been silent for `silence` seconds since it reported."""
    if reported is None:
        return "unknown"
    if reported == "maintenance":
        return reported
    if allowed.down is not None and silence > allowed.down:
        return "down"
    return "stale" if silence > allowed.stale else reported


def worst(states: Sequence[str]) -> str:
    """The worst of at least one state."""
    return min(states, key=WORST_FIRST.index)
