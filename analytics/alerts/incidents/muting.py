"""Muting: whether messages about an alert are held back, by silences and by snoozed incidents."""

from collections.abc import Iterator
from math import inf, nextafter
from typing import NamedTuple

from analytics.alerting import Alert
from analytics.alerts.recurrence import TimeWindow, newest_end, window_at
from analytics.clock import rfc3339_second
from analytics.incidents import Incident
from analytics.state.alerts.silences import Silence
from analytics.state.state import State


class Muted(NamedTuple):
    """The reason why messages about an alert are held back.

    Attributes:
        reason: for people.
        until: when this ends, in seconds since the epoch; infinite if it does not.
        silence: the id of the silence; empty where an incident is snoozed.
    """

    reason: str
    until: float
    silence: str = ""


def muted(state: State, alert: Alert, at: float) -> Muted | None:
    """The reason why messages about an alert are held back at a time (epoch seconds); None if they are sent.

    Of several reasons, the one that lasts longest.
    """
    return max(_reasons(state, alert, at), key=lambda each: each.until, default=None)


def is_withheld(state: State, alert: Alert) -> bool:
    """Whether an alert that ended was muted when it fired or when it ended.

    If no message was sent when it fired, muting is the reason, and one is sent when muting ends: it recovered in
    between. Otherwise the alert was too short for a message.
    """
    times = (at for at in (alert.fired, alert.ended) if at is not None)
    return alert.ended is not None and any(muted(state, alert, at) for at in times)


def unmuted_at(state: State, alert: Alert, now: float) -> float | None:
    """When the newest time ended, until now, in which an alert was muted while it fired; None if it was not."""
    fired = now if alert.fired is None else alert.fired
    incident = state.incidents.of_alert(alert.key)
    ends = [] if incident is None or incident.snoozed_until is None else [incident.snoozed_until]
    for silence in state.silences.matching(alert.key.labels):
        if silence.start < now:
            end = newest_end(silence.recurring, min(now, silence.end)) if silence.recurring else silence.end
            if silence.recurring and silence.end <= now and active_window(silence, nextafter(silence.end, 0.0)):
                end = silence.end
            ends.append(-inf if end is None or end <= silence.start else end)
    return max((end for end in ends if fired < end <= now), default=None)


def muted_silence(state: State, incident: Incident, at: float) -> str | None:
    """A silence that holds for all alerts of an incident that fire; None if there is none."""
    common: set[str] | None = None
    for member in incident.members.values():
        if member.ended is None:
            matching = state.silences.matching(member.key.labels)
            holding = {silence.id for silence in matching if active_window(silence, at) is not None}
            common = holding if common is None else common & holding
            if not common:
                return None
    return min(common or (), default=None)


def _reasons(state: State, alert: Alert, at: float) -> Iterator[Muted]:
    incident = state.incidents.of_alert(alert.key)
    if incident is not None and incident.is_snoozed(at):
        assert incident.snoozed_until is not None
        reason = f"incident {incident.id} is snoozed until {rfc3339_second(incident.snoozed_until)}"
        yield Muted(reason, incident.snoozed_until)
    for silence in state.silences.matching(alert.key.labels):
        window = active_window(silence, at)
        if window is not None:
            why = f" ({silence.comment})" if silence.comment else ""
            yield Muted(f"silence {silence.id}{why}", window.end, silence.id)


def active_window(silence: Silence, at: float) -> TimeWindow | None:
    """The span of time around `at` in which a silence holds; None if it does not hold then."""
    if not silence.start <= at < silence.end:
        return None
    if not silence.recurring:
        return TimeWindow(silence.start, silence.end)
    window = window_at(silence.recurring, at)
    return window and TimeWindow(max(window.start, silence.start), min(window.end, silence.end))
