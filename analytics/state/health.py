"""Health of a sender of heartbeats: the status it last reported, unless it has been silent for too long.

- `unknown`: no heartbeat yet.
- `stale`: silent for more than 2 intervals, at least 120 s. `down`: for more than 5 intervals, at least 300 s.
- The interval is the stated one, else the median of the latest intervals. Before the second heartbeat it is not known:
  the sender is stale after 120 s, but never down.
- A stated `grace` replaces these limits: stale after interval + grace, down after interval + 2 × grace.
- `maintenance` lasts until another status is reported.
"""

from collections.abc import Sequence
from typing import NamedTuple

STALE_AFTER, STALE_AT_LEAST = 2, 120.0
DOWN_AFTER, DOWN_AT_LEAST = 5, 300.0
KEPT_INTERVALS = 16
"""Number of latest intervals of which the median is taken."""
SHORTEST_INTERVAL = 0.1
"""Shorter intervals (seconds) are repeats of one heartbeat and are ignored."""
SILENT = ("stale", "down")
WORST_FIRST = ("down", "unhealthy", "stale", "degraded", "maintenance", "healthy", "unknown")


class SilenceLimits(NamedTuple):
    """Seconds of silence after which a sender is stale, and down (None: never)."""

    stale: float
    down: float | None


def median_interval(intervals: Sequence[float]) -> float | None:
    """Median seconds between heartbeats; None before the second heartbeat."""
    if not intervals:
        return None
    ordered, middle = sorted(intervals), len(intervals) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def silence_limits(interval: float | None, grace: float | None) -> SilenceLimits:
    """How long a sender may be silent, given its interval and stated grace in seconds."""
    if interval is None:
        return SilenceLimits(max(STALE_AT_LEAST, grace or 0.0), None)
    if grace is not None:
        return SilenceLimits(interval + grace, interval + 2 * grace)
    return SilenceLimits(max(STALE_AFTER * interval, STALE_AT_LEAST), max(DOWN_AFTER * interval, DOWN_AT_LEAST))


def health(reported: str | None, silence: float, allowed: SilenceLimits) -> str:
    """State of a sender `silence` seconds after its last report."""
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
