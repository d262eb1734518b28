"""Senders: the instances of a service that send heartbeats, and which of them are expected to report."""

from collections import deque
from collections.abc import Collection, Sequence

from msgspec import Struct, field

from analytics.clock import HOUR_SECONDS
from analytics.records import NewHeartbeat
from analytics.state.counter_sources import CounterSources
from analytics.state.health import (
    DOWN_AFTER,
    KEPT_INTERVALS,
    SHORTEST_INTERVAL,
    SILENT,
    SilenceLimits,
    health,
    median_interval,
    silence_limits,
)

UNNAMED = ""
"""Name of the sender of heartbeats without an instance."""
MAX_INSTANCES = 100
"""Instances kept per service."""
GONE_AFTER = HOUR_SECONDS
"""Least seconds of silence after which an instance is gone while others of its service report."""
HANDOVER = 600.0
"""Seconds for which an instance may overlap with its replacement."""


class HeartbeatSender(Struct):
    """One sender of heartbeats. Times are in seconds since the epoch.

    `since` is the start of its silence: its last heartbeat, or later if the service was stopped then.
    """

    name: str
    first_seen: float
    last: float
    since: float
    status: str
    status_since: float
    counters: CounterSources = field(name="tracks")
    message: str | None = None
    interval: float | None = None
    grace: float | None = None
    intervals: list[float] = []

    def add_heartbeat(self, heartbeat: NewHeartbeat, now: float) -> None:
        """Add a heartbeat, except for its counters."""
        passed = now - self.last
        if passed >= SHORTEST_INTERVAL:
            self.intervals = list(deque((*self.intervals, passed), maxlen=KEPT_INTERVALS))
        if heartbeat.status != self.status or self.state(now) in SILENT:
            self.status_since = now
        self.status, self.message, self.last, self.since = heartbeat.status, heartbeat.message, now, now
        self.interval = heartbeat.interval if heartbeat.interval is not None else self.interval
        self.grace = heartbeat.grace if heartbeat.grace is not None else self.grace

    @property
    def usual_interval(self) -> float | None:
        """Seconds between heartbeats: as stated by them, else the median."""
        return self.interval if self.interval is not None else median_interval(self.intervals)

    @property
    def silence_limits(self) -> SilenceLimits:
        """How long it may be silent."""
        return silence_limits(self.usual_interval, self.grace)

    @property
    def gone_at(self) -> float:
        """When it is gone if it stays silent while others report."""
        return self.since + max(GONE_AFTER, 2 * (self.silence_limits.down or DOWN_AFTER * self.silence_limits.stale))

    def state(self, at: float) -> str:
        """State at a time after its last heartbeat."""
        return health(self.status, at - self.since, self.silence_limits)

    def state_since(self, at: float) -> float:
        """Start of the state at that time."""
        state, allowed = self.state(at), self.silence_limits
        if state not in SILENT:
            return self.status_since
        return self.since + (allowed.down if state == "down" and allowed.down is not None else allowed.stale)

    def transitions(self) -> list[float]:
        """Times at which its state changes or it is gone, if it stays silent."""
        if self.status == "maintenance":
            return [self.gone_at]
        stale, down = self.silence_limits
        return [self.since + stale, *([] if down is None else [self.since + down]), self.gone_at]

    def resume(self, last_alive: float, start: float) -> None:
        """Count silence from `start` on: no heartbeat could arrive since `last_alive`.

        A sender that was stale or down by then stays so: its silence continues as if no time had passed.
        """
        self.since = start - (last_alive - self.since) if self.state(last_alive) in SILENT else max(self.since, start)


def expected(senders: Collection[HeartbeatSender], at: float) -> Sequence[HeartbeatSender]:
    """The senders expected to report at a time: all except those that are gone or were replaced.

    An instance that has been silent until its `gone_at` is gone if others report. An instance that reports replaces a
    silent one if it was first seen after the silent one's last heartbeat, or before it by less than `HANDOVER` seconds
    and less than half of the time for which the silent one was known. Each replaces one instance.
    """
    reporting = [each for each in senders if each.state(at) not in SILENT and at <= each.gone_at]
    if not reporting or len(reporting) == len(senders):
        return list(senders)
    others = [each for each in senders if each not in reporting and at <= each.gone_at]
    newcomers = sorted(reporting, key=lambda each: each.first_seen)
    missing = []
    for sender in sorted(others, key=lambda each: each.last):
        # instances that ran side by side for longer do not replace each other
        since = sender.last - min(HANDOVER, (sender.last - sender.first_seen) / 2)
        successor = next((each for each in newcomers if each.first_seen > since), None)
        if successor is None:
            missing.append(sender)
        else:
            newcomers.remove(successor)
    return [*reporting, *missing]
