"""Schemas of answers about receivers, routes and messages."""

from copy import deepcopy
from typing import Any, cast

from marshmallow import Schema, fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import OUTCOMES, Recorded
from analytics.schemas.notification import NOTIFICATION_STATES
from analytics.schemas.receiver import ReceiverSchema
from analytics.schemas.routes import RoutesSchema


def _recorded(schema: type[Schema], name: str, **more: Any) -> type[Recorded]:
    """The answer about a resource of this schema, whose fields are absent where they are not set."""
    found: dict[str, fields.Field[Any]] = {"id": answers.text("Its name", "ops"), **more}
    for key, field in schema().fields.items():
        copy = deepcopy(field)
        copy.metadata = {**field.metadata, "optional": not field.required}
        found[key] = copy
    return cast(type[Recorded], Recorded.from_dict(found, name=name))


_OUTCOME = "Outcome of the change; a dry run that would make a new version has version 0"
RecordedReceiver = _recorded(ReceiverSchema, "RecordedReceiver")
ReceiverPut = _recorded(ReceiverSchema, "ReceiverPut", outcome=answers.choice(_OUTCOME, OUTCOMES))
RecordedRoutes = _recorded(RoutesSchema, "RecordedRoutes")
RoutesPut = _recorded(RoutesSchema, "RoutesPut", outcome=answers.choice(_OUTCOME, OUTCOMES))


class ReceiverList(AnswerSchema):
    """All receivers, by name."""

    receivers = fields.List(fields.Nested(RecordedReceiver))
    count = answers.whole("How many there are", 1)


class ReceiverTrial(AnswerSchema):
    """The outcome of a test message."""

    delivered = fields.Boolean(metadata={"description": "Whether the receiver took it", "example": True})
    answer = answers.text("What it answered, or why it did not", "200 OK")
    seconds = answers.number("How long it took", 0.12)


class NotificationAnswer(AnswerSchema):
    """A message about alerts to a receiver."""

    id = answers.text("Its id, which is the same at each attempt", "msg_5f0c2a9b3d18c2f0a1b2c3d4")
    receiver = answers.text("To whom", "ops")
    state = answers.choice("What became of it", NOTIFICATION_STATES)
    reason = answers.choice("Why it was queued", ("changed", "reminder"))
    group = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "The labels of its group", "example": {"alertname": "HighErrorRate"}},
    )
    firing = answers.whole("How many alerts of the group fire", 2)
    resolved = answers.whole("How many were resolved", 0)
    queued_at = answers.time("When it was queued")
    ended_at = answers.time("When it was sent, given up or withdrawn", allow_none=True)
    attempts = answers.whole("How often it was tried", 1)
    answer = answers.text("The last answer, or why there was none", "200 OK", allow_none=True)
    next_attempt_at = answers.time("When it is tried again", None, allow_none=True)


class NotificationPage(AnswerSchema):
    """Messages, newest first; those that wait come before those that have ended."""

    notifications = fields.List(fields.Nested(NotificationAnswer))
    count = answers.whole("How many this answer holds", 1)
    limit = answers.whole("How many were asked for", 100)
