"""Queries and answers about the sessions of people."""

from marshmallow import Schema, fields, validate

from analytics.identity import READ, SCOPES
from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.fields import Text
from analytics.schemas.queries import Query

ID = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHO = "wall (key 5f0c2a9b3d18c2f0)"
PERSON = "ann@shop.example"


class SessionPath(Schema):
    """The id of a session in the path."""

    id = fields.String(
        required=True,
        validate=validate.Regexp("^[0-9a-f]{64}$"),
        metadata={"description": "Its id", "example": ID},
    )


class SessionsOf(Query):
    """Whose sessions to end."""

    who = Text(1, 512, required=True, metadata={"description": "Name of the key or person", "example": PERSON})


class SessionRow(AnswerSchema):
    """A session, without its cookie."""

    id = answers.text("Its id", ID)
    who = answers.text("Name of the key or person", WHO)
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        metadata={"description": "What it may do now", "example": [READ]},
    )
    since = answers.time("When the person signed in")
    last_used = answers.time("Its last request since the start of the service", None, allow_none=True)
    address = answers.text("The address of that request", "203.0.113.7", allow_none=True)
    expires_at = answers.time("When it ends at the latest")
    is_own = fields.Boolean(metadata={"description": "Whether it is the session of this request", "example": False})


class SessionPage(AnswerSchema):
    """Sessions in which somebody is signed in, the newest first."""

    sessions = fields.List(fields.Nested(SessionRow))
    count = answers.whole("How many there are", 1)


class SessionsEnded(AnswerSchema):
    """How many sessions ended."""

    ended = answers.whole("How many sessions ended", 1)
