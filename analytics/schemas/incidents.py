"""Schemas of queries and bodies about incidents."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.fields import OneOf, Text, Timestamp
from analytics.schemas.queries import Query, whole_number
from analytics.schemas.silence import DurationSeconds

INCIDENT_STATES = ("open", "acknowledged", "snoozed", "resolved")
UNRESOLVED = "unresolved"
INCIDENT = "0c3f1c8a9b2d"


class IncidentPath(Schema):
    """The id of an incident in the path."""

    id = fields.String(
        required=True,
        validate=validate.Regexp("^[0-9a-f]{12}$"),
        metadata={"description": "Its id", "example": INCIDENT},
    )


class IncidentsQuery(Query):
    """Filters of GET /incidents."""

    state = OneOf(
        (UNRESOLVED, *INCIDENT_STATES),
        load_default=None,
        metadata={"description": f"In this state; `{UNRESOLVED}` stands for all but `resolved`"},
    )
    service = Text(1, 128, load_default=None, metadata={"description": "With an alert of this service"})
    limit = whole_number(1, 1000, 100, "How many at most")


class IncidentQuery(Query):
    """How to show an incident."""

    format = OneOf(("json", "markdown"), load_default="json", metadata={"description": "Of the answer"})


class Acknowledgement(Schema):
    """That somebody takes care of an incident."""

    class Meta:
        unknown = RAISE

    text = Text(0, 1_000, load_default="", metadata={"description": "A remark", "example": "Rolling back"})


class IncidentNote(Schema):
    """A note for the timeline of an incident."""

    class Meta:
        unknown = RAISE

    text = Text(1, 1_000, required=True, metadata={"description": "The note", "example": "The disk was full"})


class Snooze(Schema):
    """Until when an incident sends no notifications."""

    class Meta:
        unknown = RAISE

    until = Timestamp(allow_none=True, load_default=None, metadata={"description": "When it ends"})
    duration = DurationSeconds(
        allow_none=True,
        load_default=None,
        metadata={"description": "Stands for `until`: such as `1h`, or seconds", "example": "1h"},
    )
    text = Text(0, 1_000, load_default="", metadata={"description": "Why", "example": "Waits for the provider"})

    @validates_schema(skip_on_field_errors=True)
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if (given["until"] is None) == (given["duration"] is None):
            raise ValidationError("Give either `until` or `duration`.", "until")
