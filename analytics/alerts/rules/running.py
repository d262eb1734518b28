"""A group of rules as it is evaluated: its next time, and what is remembered of its rules."""

from zlib import crc32

from analytics.alerts.rules.evaluation import RuleMemory
from analytics.alerts.rules.rule import AlertRule, RuleGroup
from analytics.alerts.rules.status import RuleStatus
from analytics.points import Labels


class RunningGroup:
    """A group.

    Args:
        version: of its resource.
        now: seconds since the epoch.

    Attributes:
        due: the time of the next evaluation, in seconds since the epoch.
        recorded: labels of the series that recording rules wrote last.
        lateness: seconds by which the newest evaluation began late.
        seconds: how long that took.
    """

    def __init__(self, group: RuleGroup, version: int, now: float) -> None:
        self.group, self.version = group, version
        self.due = next_time(group.name, group.interval, now)
        self.memories = {rule.id: RuleMemory(rule) for rule in group.rules if isinstance(rule, AlertRule)}
        self.statuses = {rule.id: RuleStatus() for rule in group.rules}
        self.recorded: dict[str, set[Labels]] = {}
        self.lateness = self.seconds = self.evaluated = 0.0

    def is_due(self, now: float) -> bool:
        """Whether it is to be evaluated; sets the next time anew where the clock was set back."""
        if self.due > now + self.group.interval:
            self.due = next_time(self.group.name, self.group.interval, now)
        return self.due <= now

    def take_due(self, now: float) -> float:
        """The time of the newest evaluation that is due, and go on to the next; what was missed before is left out."""
        interval = self.group.interval
        at = self.due + max(0, int((now - self.due) // interval)) * interval
        self.due = at + interval
        return at


def next_time(name: str, interval: int, now: float) -> float:
    """The first time from `now` on at which a group is evaluated: its phase follows from its name."""
    phase = crc32(name.encode()) % interval
    return float(-((phase - now) // interval) * interval + phase)
