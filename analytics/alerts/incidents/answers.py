"""Incidents as routes answer them: one row each, and one with all details."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypedDict
from urllib.parse import urlencode

from analytics.alerts.incidents.history import Happening, timeline
from analytics.alerts.incidents.muting import muted_silence
from analytics.clock import rfc3339, rfc3339_second
from analytics.errors import NotFound
from analytics.incidents import Incident, Member
from analytics.state.state import State

OPEN, ACKNOWLEDGED, SNOOZED, RESOLVED = "open", "acknowledged", "snoozed", "resolved"
LINK_MARGIN = 600
"""Seconds before and after an incident that links show."""
MOST_NAMED = 10
"""Services that a row names."""


class IncidentRow(TypedDict):
    """An incident in a list. `firing` and `alerts` count the alerts that fire, and all of them."""

    id: str
    title: str
    state: str
    group: dict[str, str]
    services: list[str]
    severity: str | None
    started_at: str
    resolved_at: str | None
    duration_seconds: float
    firing: int
    alerts: int
    acknowledged_at: str | None
    acknowledged_by: str | None
    snoozed_until: str | None
    silenced_by: str | None
    escalated_to: list[str]


class MemberRow(TypedDict):
    """An alert of an incident, in its newest run; `runs` counts all of them."""

    group: str
    rule: str
    labels: dict[str, str]
    annotations: dict[str, str]
    value: float | None
    fired_at: str
    ended_at: str | None
    runs: int


class TimelineRow(TypedDict):
    """An entry of a timeline."""

    at: str
    step: str
    labels: dict[str, str]
    who: str | None
    text: str | None
    until: str | None


class IncidentDetails(IncidentRow):
    """An incident with its alerts, timeline and links; `more_alerts` and `more_entries` count what was dropped."""

    members: list[MemberRow]
    more_alerts: int
    timeline: list[TimelineRow]
    more_entries: int
    links: dict[str, str]


class IncidentsAnswer(TypedDict):
    """The answer of `/incidents`, the newest first."""

    incidents: list[IncidentRow]
    count: int
    limit: int
    has_more: bool


def incidents(state: State, now: float, wanted: str | None, service: str | None, limit: int) -> IncidentsAnswer:
    """The newest incidents: in a state (all but resolved ones in `unresolved`), and of a service."""
    newest = reversed(list(state.incidents))
    rows = (
        row(state, now, incident)
        for incident in newest
        if _is_in(incident, now, wanted) and (service is None or service in services_of(incident))
    )
    found = list(islice(rows, limit + 1))
    return {
        "incidents": found[:limit],
        "count": len(found[:limit]),
        "limit": limit,
        "has_more": len(found) > limit,
    }


def incident_details(state: State, now: float, id_: str) -> IncidentDetails:
    """An incident with all that is known of it.

    Raises:
        NotFound: there is none with this id.
    """
    incident = known_incident(state, now, id_)
    return {
        **row(state, now, incident),
        "members": [_member(member) for member in incident.members.values()],
        "more_alerts": incident.dropped_members,
        "timeline": [_entry(each) for each in timeline(state, now, incident)],
        "more_entries": incident.dropped_entries,
        "links": links(incident, now),
    }


def known_incident(state: State, now: float, id_: str) -> Incident:
    """The incident with this id.

    Raises:
        NotFound: there is none.
    """
    found = state.incidents.get(id_)
    if found is None:
        raise NotFound(f"There is no incident {id_[:64]!r}.", code="unknown_resource")
    return found


def row(state: State, now: float, incident: Incident) -> IncidentRow:
    """An incident as lists show it."""
    end = now if incident.resolved is None else incident.resolved
    snoozed = incident.snoozed_until if incident.is_snoozed(now) else None
    services = services_of(incident)
    return {
        "id": incident.id,
        "title": title(incident),
        "state": incident_state(incident, now),
        "group": dict(incident.group),
        "services": services[:MOST_NAMED],
        "severity": _severity(incident),
        "started_at": rfc3339(incident.started),
        "resolved_at": None if incident.resolved is None else rfc3339(incident.resolved),
        "duration_seconds": round(max(0.0, end - incident.started), 3),
        "firing": incident.firing,
        "alerts": len(incident.members) + incident.dropped_members,
        "acknowledged_at": None if incident.acknowledged is None else rfc3339(incident.acknowledged),
        "acknowledged_by": incident.acknowledged_by or None,
        "snoozed_until": None if snoozed is None else rfc3339(snoozed),
        "silenced_by": muted_silence(state, incident, now),
        "escalated_to": [receiver for receiver, _ in incident.escalated],
    }


def incident_state(incident: Incident, now: float) -> str:
    """The state of an incident."""
    if incident.resolved is not None:
        return RESOLVED
    if incident.is_snoozed(now):
        return SNOOZED
    return ACKNOWLEDGED if incident.is_acknowledged(now) else OPEN


def title(incident: Incident) -> str:
    """What people call an incident: its alert, and its service."""
    labels = dict(incident.group)
    name = labels.pop("alertname", None) or "Alerts"
    return f"{name} ({', '.join(labels.values())})" if labels else name


def services_of(incident: Incident) -> list[str]:
    """The services that its alerts name, in the order of their names."""
    named = {value for key in incident.members for name, value in key.labels if name == "service"}
    return sorted(named | {value for name, value in incident.group if name == "service"})


def links(incident: Incident, now: float) -> dict[str, str]:
    """Paths, relative to the root of the service, that show the time of an incident."""
    last = now if incident.resolved is None else incident.resolved
    start, end = rfc3339_second(incident.started - LINK_MARGIN), rfc3339_second(last + LINK_MARGIN)
    services = services_of(incident)
    about = {"service": services[0]} if len(services) == 1 else {}
    of_lines = about if len(services) < 2 else {"q": _any_of("service", services[:MOST_NAMED])}
    span, whole = {"from": start, "to": end}, {"since": start, "until": end}
    return {
        "charts": _path("/", {**about, **span}),
        "traces": _path("/tracing", {**about, **span, "order": "slowest"}),
        "failed_traces": _path("/tracing", {**about, **span, "status": "error"}),
        "lines": _path("/logging", {**of_lines, **span}),
        "error_lines": _path("/logging", {**of_lines, **span, "severity": "error"}),
        "error_groups": _path("/failing", {**about, **span, "state": ""}),
        "summary": _path("/summary", {**about, **span}),
        "annotations": _path("/annotations", {**about, **span}),
        "events": _path("/events", {**about, **whole}),
        "errors": _path("/errors", {**about, **whole}),
    }


def _any_of(field: str, values: Sequence[str]) -> str:
    """A filter for records with one of these values in a field."""
    escaped = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return " OR ".join(f'{field}:"{value}"' for value in escaped)


def _path(path: str, asked: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(asked, safe=':')}" if asked else path


def _is_in(incident: Incident, now: float, wanted: str | None) -> bool:
    if wanted == "unresolved":
        return incident.resolved is None
    return wanted is None or incident_state(incident, now) == wanted


def _severity(incident: Incident) -> str | None:
    """The severity that its alerts name: of those that fire, if some do. `critical` comes before others."""
    firing = [member for member in incident.members.values() if member.ended is None]
    named = {dict(member.key.labels).get("severity") for member in firing or incident.members.values()} - {None}
    return "critical" if "critical" in named else min(filter(None, named), default=None)


def _member(member: Member) -> MemberRow:
    return {
        "group": member.key.group,
        "rule": member.key.rule,
        "labels": dict(member.key.labels),
        "annotations": member.annotations,
        "value": member.value,
        "fired_at": rfc3339(member.fired),
        "ended_at": None if member.ended is None else rfc3339(member.ended),
        "runs": member.runs,
    }


def _entry(happening: Happening) -> TimelineRow:
    return {
        "at": rfc3339(happening.at),
        "step": happening.step,
        "labels": dict(happening.labels),
        "who": happening.who or None,
        "text": happening.text or None,
        "until": None if happening.until is None else rfc3339(happening.until),
    }
