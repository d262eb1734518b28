"""History: how the state of a service changed, when, and why."""

from collections.abc import Iterable
from math import nextafter
from typing import NamedTuple

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from analytics.state.health import SILENT, WORST_FIRST
from analytics.state.senders import UNNAMED, Sender, expected

MAX_CHANGES = 1_000
"""How many changes of a service are kept."""
REASON_LIMIT = 200


class Change(NamedTuple):
    """One change: to which state, at which time (seconds since the epoch), and the reason in words."""

    to: str
    at: float
    reason: str


def state_of(senders: Iterable[Sender], at: float) -> tuple[str, str]:
    """The state of a service and the reason for it: that of the worst of the senders that should be there."""
    there = expected(list(senders), at)
    states = {sender.name: sender.state(at) for sender in there}
    worst = min(there, key=lambda sender: (WORST_FIRST.index(states[sender.name]), -sender.last))
    return states[worst.name], _reason(worst, states[worst.name])


def changes(senders: Iterable[Sender], state: str | None, after: float, up_to: float) -> list[Change]:
    """The changes by silence between two times, oldest first, if the state was `state` before.

    It follows from the senders alone, so it makes no difference who asks, and when.
    """
    found: list[Change] = []
    transitions = {at for sender in senders for at in sender.transitions() if after <= at < up_to}
    for at in sorted(transitions):
        to, reason = state_of(senders, nextafter(at, up_to))
        if to != state:
            found.append(Change(to, at, reason))
            state = to
    return found


def _reason(sender: Sender, state: str) -> str:
    of = "" if sender.name == UNNAMED else f" of {sender.name}"
    if state in SILENT:
        allowed = sender.silence_limits
        limit = allowed.down if state == "down" and allowed.down is not None else allowed.stale
        return f"no heartbeat{of} for {_duration(limit)}"
    said = f": {sender.message}" if sender.message else ""
    return f"heartbeat{of} reported {state}{said}"[:REASON_LIMIT]


def _duration(seconds: float) -> str:
    """Seconds in the largest unit that shows them whole, else with one decimal."""
    for size, unit in ((DAY_SECONDS, "d"), (HOUR_SECONDS, "h"), (MINUTE_SECONDS, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
