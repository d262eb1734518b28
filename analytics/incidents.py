"""Incidents: alerts that belong together, with a timeline, and the records of what people do about them."""

from typing import Literal

from msgspec import Struct

from analytics.alerting import AlertKey
from analytics.points import Labels

Action = Literal["acknowledged", "note", "snoozed", "escalated"]
Step = Literal["fired", "recovered", "resolved", "reopened", "notified", "not_notified"] | Action
"""What an entry of a timeline tells."""


class NewIncidentAction(Struct, frozen=True, omit_defaults=True):
    """What somebody did about an incident.

    Attributes:
        incident: its id.
        who: did it: a person, a key, or the service itself.
        text: a note; with `escalated`, the receiver.
        until: the end of a snooze, in seconds since the epoch.
    """

    incident: str
    action: Action
    who: str
    text: str = ""
    until: float | None = None


class TimelineEntry(Struct, frozen=True, array_like=True, omit_defaults=True):
    """An entry of a timeline.

    Attributes:
        at: in seconds since the epoch.
        labels: of the alert that it is about; empty where it is about the incident.
        who: did it; empty for changes of alerts.
        text: a note, or the receiver.
        until: the end of a snooze, in seconds since the epoch.
    """

    at: float
    step: Step
    labels: Labels = ()
    who: str = ""
    text: str = ""
    until: float | None = None


class Member(Struct, array_like=True):
    """An alert of an incident, in its newest run. Times are in seconds since the epoch.

    Attributes:
        ended: None while it fires.
        runs: how many times it has fired.
        is_elsewhere: whether it has fired in another incident since.
        told: the receivers that are sent a message about this run.
    """

    key: AlertKey
    fired: float
    ended: float | None
    value: float | None
    annotations: dict[str, str]
    runs: int = 1
    is_elsewhere: bool = False
    told: list[str] = []


class Incident(Struct):
    """An incident. Times are in seconds since the epoch.

    Attributes:
        id: never used again.
        group: the labels that its first alert shares with those that join it.
        resolved: when its last alert ended; None while one fires.
        firing: how many alerts fire.
        has_successor: whether there is a later incident of its group.
        escalated: the receivers that it was escalated to, with the times, in their order.
        members: its alerts, by key.
        dropped_members, dropped_entries: how many ended alerts, and entries of the timeline, were dropped for space.
    """

    id: str
    group: Labels
    started: float
    resolved: float | None = None
    acknowledged: float | None = None
    acknowledged_by: str = ""
    snoozed: float | None = None
    snoozed_until: float | None = None
    escalated: list[tuple[str, float]] = []
    members: dict[AlertKey, Member] = {}
    timeline: list[TimelineEntry] = []
    firing: int = 0
    has_successor: bool = False
    dropped_members: int = 0
    dropped_entries: int = 0

    def is_snoozed(self, at: float) -> bool:
        """Whether it sends no notifications at a time."""
        if self.snoozed is None or self.snoozed_until is None:
            return False
        return self.snoozed <= at < self.snoozed_until

    def is_acknowledged(self, at: float) -> bool:
        """Whether somebody takes care of it at a time. A snooze that has ended ends an earlier acknowledgement."""
        if self.acknowledged is None or at < self.acknowledged:
            return False
        is_over = self.snoozed is not None and self.snoozed_until is not None and self.snoozed_until <= at
        return not (is_over and self.acknowledged <= (self.snoozed or 0.0))
