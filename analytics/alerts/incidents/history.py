"""What happened in an incident: its timeline, with the silences that held meanwhile."""

from collections.abc import Iterator
from typing import NamedTuple

from analytics.alerts.incidents.muting import active_window
from analytics.incidents import Incident, TimelineEntry
from analytics.points import Labels
from analytics.state.alerts.silences import Silence
from analytics.state.state import State


class Happening(NamedTuple):
    """An entry of the timeline as people see it. Times are in seconds since the epoch; `until` is None without one."""

    at: float
    step: str
    labels: Labels
    who: str
    text: str
    until: float | None


def timeline(state: State, now: float, incident: Incident) -> list[Happening]:
    """All that is known to have happened until now, oldest first."""
    told = (Happening(*_fields(entry)) for entry in incident.timeline)
    return sorted([*told, *_silenced(state, now, incident)], key=lambda each: each.at)


def _fields(entry: TimelineEntry) -> tuple[float, str, Labels, str, str, float | None]:
    return entry.at, entry.step, entry.labels, entry.who, entry.text, entry.until


def _silenced(state: State, now: float, incident: Incident) -> Iterator[Happening]:
    last = now if incident.resolved is None else incident.resolved
    found: dict[str, Silence] = {}
    for member in incident.members.values():
        found.update((silence.id, silence) for silence in state.silences.matching(member.key.labels))
    for silence in found.values():
        for start, end in sorted(set(_windows(silence, incident.started, last))):
            until = None if end == float("inf") else end
            text = f"{silence.id}: {silence.comment}" if silence.comment else silence.id
            yield Happening(max(start, incident.started), "silenced", (), silence.created_by, text, until)
            if end <= last:
                yield Happening(end, "silence_ended", (), silence.created_by, text, None)


def _windows(silence: Silence, start: float, end: float) -> Iterator[tuple[float, float]]:
    """The windows of a silence in a span of time; of one that recurs, those at its ends."""
    for at in (start, silence.start, end) if silence.start <= end else ():
        window = active_window(silence, at) if at >= start else None
        if window is not None:
            yield window
