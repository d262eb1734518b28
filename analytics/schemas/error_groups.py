"""Schemas of groups of errors: how they are asked for, the state that people choose, and the groups as served."""

from marshmallow import RAISE, Schema, fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.fields import OneOf, Text
from analytics.schemas.queries import Query, When, whole_number

CHOSEN = ("open", "resolved", "muted")
STATES = (*CHOSEN, "regressed")
UNRESOLVED = "unresolved"
"""Asks for groups that are open or regressed."""
FINGERPRINT = "9f86d081884c7d65"


class ErrorsQuery(Query):
    """Filters of GET /errors."""

    service = Text(1, 128, load_default=None, metadata={"description": "Errors of this service"})
    since = When(load_default=None, metadata={"description": "Errors at or after this time"})
    until = When(load_default=None, metadata={"description": "Errors before this time"})
    state = OneOf(
        (*STATES, UNRESOLVED),
        load_default=None,
        metadata={"description": "Only `groups` in this state; `unresolved` ones are open or regressed"},
    )
    fingerprint = Text(
        1, 64, load_default=None, metadata={"description": "Only this one of the `groups`, with its newest errors"}
    )
    limit = whole_number(1, 1000, 100, "Maximum number of groups")


class ErrorStateSchema(Schema):
    """The state of a group of errors, whose name is its fingerprint."""

    class Meta:
        unknown = RAISE

    state = OneOf(
        CHOSEN,
        required=True,
        metadata={"description": "`resolved` until it comes back, `muted` for good, or `open`", "example": "resolved"},
    )
    assignee = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Who takes care of it; nobody if absent", "example": "ada"},
    )


class RecordedErrorState(Recorded):
    """The state of a group of errors as it was chosen."""

    id = answers.text("The fingerprint of the group", FINGERPRINT)
    state = answers.choice("The state", CHOSEN)
    assignee = answers.text("Who takes care of it; null if nobody does", "ada", allow_none=True)


class ErrorStatePut(RecordedErrorState):
    """The state of a group of errors, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class ErrorSampleAnswer(AnswerSchema):
    """An error of a group."""

    service = answers.text("Where it occurred", "payment")
    time = answers.time("When it occurred")
    message = answers.text("Its message, cut after 500 characters", "payment gateway did not answer in 2000 ms")
    version = answers.text("Version of the service; null if unknown", "1.4.2", allow_none=True)
    user_id = answers.text("Whose request it was; null if unknown", "user-123", allow_none=True)
    trace_id = answers.text("Its trace; null if there is none", "4bf92f3577b34da6a3ce929d0e0e4736", allow_none=True)
    span_id = answers.text("Its span; null if there is none", "00f067aa0ba902b7", allow_none=True)


class FoundErrors(AnswerSchema):
    """The errors of a group that were asked for."""

    count = answers.whole("Their number; an estimate at `since` and `until` within a minute, or in hours far back", 2)
    first = answers.time("Time of the first one")
    last = answers.time("Time of the newest one")


class FingerprintGroup(AnswerSchema):
    """Errors of events, spans and log lines with equal type, message without what varies, and top frame."""

    fingerprint = answers.text("Names the group", FINGERPRINT)
    type = answers.text(
        "Type of the exception, or `error`, `HTTP` with a status, `failed request` or `log line`", "GatewayTimeout"
    )
    message = answers.text(
        "The message with `<_>` in place of numbers, ids and quoted texts", "payment gateway did not answer in <_> ms"
    )
    frame = answers.text("Where it was raised; null if unknown", "/app/payment/gateway.py charge", allow_none=True)
    state = answers.choice("`regressed` if it came back after it was resolved", STATES)
    regressed_in = fields.String(
        allow_none=True,
        metadata={
            "description": "The first version in which it came back; null if unknown",
            "example": "1.4.2",
            "optional": True,
        },
    )
    assignee = answers.text("Who takes care of it; null if nobody does", "ada", allow_none=True)
    count = answers.whole("Number of errors", 3)
    first = answers.time("Time of the first error")
    last = answers.time("Time of the newest error")
    found = fields.Nested(
        FoundErrors, metadata={"description": "Its errors of the `service`, from `since` to `until`; without them, all"}
    )
    services = answers.tally("Errors by service", {"payment": 3})
    versions = fields.List(
        fields.String(), metadata={"description": "Versions with such errors, the newest first", "example": ["1.4.2"]}
    )
    users = answers.whole("Number of users who met it, up to 1,000", 2)
    sample = fields.Nested(
        ErrorSampleAnswer, allow_none=True, metadata={"description": "The newest error; null if none is kept"}
    )
    samples = fields.List(
        fields.Nested(ErrorSampleAnswer),
        metadata={"description": "The newest 10 errors, if `fingerprint` names the group", "optional": True},
    )
