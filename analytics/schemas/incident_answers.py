"""Schemas of answers about silences and incidents."""

from marshmallow import fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.incidents import INCIDENT, INCIDENT_STATES
from analytics.schemas.silence import SILENCE_STATES

SILENCE = "3f0d5f2e-8a3c-4c1e-9d57-0b2f7a1c9e44"
LABELS = {"alertname": "HighLatency", "service": "checkout"}
STEP_NAMES = (
    *("fired", "recovered", "resolved", "reopened", "acknowledged", "note", "snoozed", "escalated"),
    *("notified", "not_notified", "silenced", "silence_ended"),
)


def _labels(about: str) -> fields.Dict:
    return fields.Dict(values=fields.String(), metadata={"description": about, "example": LABELS})


class RecordedMatcher(AnswerSchema):
    """A condition on one label."""

    name = answers.text("Name of the label", "service")
    value = answers.text("Its value", "checkout")
    isRegex = fields.Boolean(  # noqa: N815  # a name of Alertmanager
        metadata={"description": "Whether `value` is a regular expression", "example": False}
    )
    isEqual = fields.Boolean(  # noqa: N815  # a name of Alertmanager
        metadata={"description": "Whether the value has to match; otherwise it must not", "example": True}
    )


class RecordedWindow(AnswerSchema):
    """Times of some weekdays."""

    weekdays = fields.List(fields.String(), metadata={"description": "On which it starts", "example": ["saturday"]})
    start = answers.text("When it starts", "22:00")
    end = answers.text("When it ends", "06:00")
    time_zone = answers.text("Of these times", "Europe/Berlin")


class RecordedSilence(Recorded):
    """A silence."""

    id = answers.text("Its name", SILENCE)
    matchers = fields.List(fields.Nested(RecordedMatcher))
    startsAt = answers.time("When it starts")  # noqa: N815  # a name of Alertmanager
    endsAt = answers.time("When it ends; null: it does not", allow_none=True)  # noqa: N815  # a name of Alertmanager
    createdBy = answers.text("Who wanted it", "ann@shop.example")  # noqa: N815  # a name of Alertmanager
    comment = answers.text("Why", "Deploy 1.4.2")
    recurring = fields.List(
        fields.Nested(RecordedWindow), metadata={"description": "When in the week it holds; without any, always"}
    )


class SilencePut(RecordedSilence):
    """A silence, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class ListedSilence(RecordedSilence):
    """A silence in a list."""

    state = answers.choice("Whether it has begun, and not ended", SILENCE_STATES)


class SilencePage(AnswerSchema):
    """Silences, those that start last first."""

    silences = fields.List(fields.Nested(ListedSilence))
    count = answers.whole("How many this answer holds", 1)
    limit = answers.whole("How many were asked for", 100)
    has_more = fields.Boolean(metadata={"description": "Whether more match", "example": False})


class IncidentRow(AnswerSchema):
    """An incident."""

    id = answers.text("Its id", INCIDENT)
    title = answers.text("What people call it", "HighLatency (checkout)")
    state = answers.choice("Its state", INCIDENT_STATES)
    group = _labels("The labels that its alerts share")
    services = fields.List(fields.String(), metadata={"description": "Of its alerts", "example": ["checkout"]})
    severity = answers.text("The label `severity` of its alerts, if they have one", "critical", allow_none=True)
    started_at = answers.time("When its first alert fired")
    resolved_at = answers.time("When its last alert ended; null while one fires", None, allow_none=True)
    duration_seconds = answers.number("How long it has lasted", 125.0)
    firing = answers.whole("How many alerts fire", 1)
    alerts = answers.whole("How many alerts belong to it", 1)
    acknowledged_at = answers.time("When somebody acknowledged it", None, allow_none=True)
    acknowledged_by = answers.text("Who did", None, allow_none=True)
    snoozed_until = answers.time("Until when it sends no notifications", None, allow_none=True)
    silenced_by = answers.text("A silence that holds for all its alerts now", None, allow_none=True)
    escalated_to = fields.List(fields.String(), metadata={"description": "Receivers, in order", "example": []})


class MemberRow(AnswerSchema):
    """An alert of an incident."""

    group = answers.text("Its group of rules", "latency")
    rule = answers.text("Its rule in the group", "HighLatency")
    labels = _labels("Its labels")
    annotations = fields.Dict(
        values=fields.String(), metadata={"description": "What its rule says of it", "example": {"summary": "Slow"}}
    )
    value = answers.number("Its newest value", 1.5, allow_none=True)
    fired_at = answers.time("When it fired the last time")
    ended_at = answers.time("When that ended", None, allow_none=True)
    runs = answers.whole("How many times it has fired", 1)


class TimelineRow(AnswerSchema):
    """An entry of a timeline."""

    at = answers.time("When it happened")
    step = answers.choice("What happened", STEP_NAMES)
    labels = _labels("Of the alert that it is about; empty for the incident")
    who = answers.text("Who did it", None, allow_none=True)
    text = answers.text("A note, the receiver, or the silence", None, allow_none=True)
    until = answers.time("The end of a snooze or silence", None, allow_none=True)


class IncidentDetails(IncidentRow):
    """An incident with all details."""

    members = fields.List(fields.Nested(MemberRow))
    more_alerts = answers.whole("Ended alerts that were dropped", 0)
    timeline = fields.List(fields.Nested(TimelineRow))
    more_entries = answers.whole("Entries of the timeline that were dropped", 0)
    links = fields.Dict(
        values=fields.String(),
        metadata={
            "description": "Paths, below the root of the service, that show its time",
            "example": {"charts": "/?service=checkout&from=2024-01-15T10:20:15Z&to=2024-01-15T10:42:20Z"},
        },
    )


class IncidentPage(AnswerSchema):
    """Incidents, the newest first."""

    incidents = fields.List(fields.Nested(IncidentRow))
    count = answers.whole("How many this answer holds", 1)
    limit = answers.whole("How many were asked for", 100)
    has_more = fields.Boolean(metadata={"description": "Whether more match", "example": False})
