"""History of a service's state: each change with its time and reason."""

from collections.abc import Iterable
from math import nextafter
from typing import NamedTuple

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from analytics.state.health import SILENT, WORST_FIRST
from analytics.state.senders import UNNAMED, HeartbeatSender, expected

MAX_HEALTH_CHANGES = 1_000
"""Changes kept per service."""
REASON_LIMIT = 200


class HealthChange(NamedTuple):
    """A change of state: the new state, its time in seconds since the epoch, and the reason as text."""

    to: str
    at: float
    reason: str


def state_of(senders: Iterable[HeartbeatSender], at: float) -> tuple[str, str]:
    """The state of a service, that of its worst expected sender, and the reason as text."""
    there = expected(list(senders), at)
    states = {sender.name: sender.state(at) for sender in there}
    worst = min(there, key=lambda sender: (WORST_FIRST.index(states[sender.name]), -sender.last))
    return states[worst.name], _reason(worst, states[worst.name])


def changes(senders: Iterable[HeartbeatSender], state: str | None, after: float, up_to: float) -> list[HealthChange]:
    """Changes by silence from `after` to before `up_to`, oldest first, given the state before them.

    They follow from the senders alone, so they do not depend on when they are read.
    """
    found: list[HealthChange] = []
    transitions = {at for sender in senders for at in sender.transitions() if after <= at < up_to}
    for at in sorted(transitions):
        to, reason = state_of(senders, nextafter(at, up_to))
        if to != state:
            found.append(HealthChange(to, at, reason))
            state = to
    return found


def _reason(sender: HeartbeatSender, state: str) -> str:
    of = "" if sender.name == UNNAMED else f" of {sender.name}"
    if state in SILENT:
        allowed = sender.silence_limits
        limit = allowed.down if state == "down" and allowed.down is not None else allowed.stale
        return f"no heartbeat{of} for {_duration(limit)}"
    said = f": {sender.message}" if sender.message else ""
    return f"heartbeat{of} reported {state}{said}"[:REASON_LIMIT]


def _duration(seconds: float) -> str:
    """The duration in the largest unit of which it has at least two, to one decimal."""
    for size, unit in ((DAY_SECONDS, "d"), (HOUR_SECONDS, "h"), (MINUTE_SECONDS, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
