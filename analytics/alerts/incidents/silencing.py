"""Silences for all of an incident, as links in messages make them."""

from typing import Any

from analytics.clock import rfc3339
from analytics.incidents import Incident
from analytics.points import Labels


def shared_labels(incident: Incident) -> Labels:
    """The labels by which a silence matches all alerts of an incident: those of its group, or all they have in common.

    Alerts that depend on each other are one incident though their labels differ.
    """
    each = [set(member.key.labels) for member in incident.members.values()]
    if each and all(labels.issuperset(incident.group) for labels in each) and incident.group:
        return incident.group
    return tuple(sorted(set.intersection(*each))) if each else incident.group


def silence_of(incident: Incident, now: float, seconds: float, who: str, comment: str) -> dict[str, Any] | None:
    """The body of a silence for some seconds from now on; None where its alerts have no label in common."""
    labels = shared_labels(incident)
    if not labels:
        return None
    return {
        "matchers": [{"name": name, "value": value} for name, value in labels],
        "startsAt": rfc3339(now),
        "endsAt": rfc3339(now + seconds),
        "createdBy": who,
        "comment": comment,
    }


def silence_name(incident: str) -> str:
    """The name of the silence that links to an incident make: pressing a button again changes it."""
    return f"incident-{incident}"
