"""Schemas of DELETE /users/{id}: its path and its answer."""

from marshmallow import Schema, fields

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.fields import Text


class ErasedUserPath(Schema):
    """Path parameter: the user to erase."""

    id = Text(
        1,
        256,
        required=True,
        metadata={
            "description": "Id of the user, as clients send it, or as it is shown",
            "example": "user-123",
        },
    )


class NotErased(AnswerSchema):
    """Backups and copies that may still have the records."""

    backups_before = answers.time("Backups made before this time may hold the records")
    copies = fields.List(
        fields.String(),
        metadata={
            "description": "Older copies of the database in the data directory: delete those that are not needed",
            "example": ["analytics.db.before-restore-20240115T103000Z"],
        },
    )


class Erased(AnswerSchema):
    """Outcome of an erasure."""

    message = answers.text("What was done", "user erased")
    events = answers.whole("Events that were removed", 12)
    logs = answers.whole("Log lines that were removed", 3)
    spans = answers.whole("Spans that were removed", 5)
    complete = fields.Boolean(
        metadata={
            "description": "False if those of the long-term store were removed, but not counted: it did not answer",
            "example": True,
        }
    )
    erased_at = answers.time("When; records that came later are not affected")
    files_clean_by = answers.time(
        "When no file of the database holds them any more; null if everything is in memory", allow_none=True
    )
    not_erased = fields.Nested(NotErased)
