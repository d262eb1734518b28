"""Schemas of queries and answers about resources of the catalog."""

from typing import Any

from marshmallow import Schema, fields, validate

from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.fields import JsonObject, Text
from analytics.schemas.queries import Query, When, whole_number

OUTCOMES = ("created", "changed", "unchanged")


RESOURCE_NAME = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}"
"""The name of a resource: safe in a URL, and neither `.` nor `..`."""


class ResourcePath(Schema):
    """The name of a resource in the path."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(f"^{RESOURCE_NAME}$"),
        metadata={"description": "Its name", "example": "deploy-1.4.2"},
    )


class PutQuery(Query):
    """How to put a resource."""

    dry_run = fields.String(
        load_default=None,
        validate=validate.OneOf(("0", "1"), error="Must be 0 or 1."),
        metadata={"description": "`1` only checks the change and answers what it would do"},
    )


class AnnotationsQuery(Query):
    """Filters of GET /annotations."""

    start = When(data_key="from", load_default=None, metadata={"description": "Not over before this time"})
    end = When(data_key="to", load_default=None, metadata={"description": "Begun before this time"})
    service = Text(1, 128, load_default=None, metadata={"description": "Of this service"})
    tag = Text(1, 64, load_default=None, metadata={"description": "With this tag"})
    limit = whole_number(1, 1000, 100, "How many at most")


class AuditQuery(Query):
    """Which part of the audit log is wanted."""

    collection = Text(1, 128, load_default=None, metadata={"description": "Of this collection, such as `keys`"})
    limit = whole_number(1, 1000, 100, "How many at most")


class CatalogCursor(Text):
    """A place in the order of collections and names: COLLECTION/NAME."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, 300, **kwargs)
        self.validators.append(
            validate.Regexp(r"^[a-z0-9_-]+/[A-Za-z0-9._~-]+$", error="Must be the `next_cursor` of an answer.")
        )


class CatalogQuery(Query):
    """Filters of GET /catalog."""

    collection = Text(1, 128, load_default=None, metadata={"description": "Of this collection"})
    limit = whole_number(1, 1000, 100, "How many at most")
    cursor = CatalogCursor(load_default=None, metadata={"description": "`next_cursor` of the answer before"})


class Recorded(AnswerSchema):
    """A resource of the catalog."""

    version = answers.whole("Rises with each change of it; also its ETag", 7)
    updated_at = answers.time("When it was changed last")
    updated_by = answers.text("Who changed it last", "anonymous")
    source = answers.text("`http`, or the configuration file that it comes from", "http")


class RecordedAnnotation(Recorded):
    """An annotation."""

    id = answers.text("Its name", "deploy-1.4.2")
    text = answers.text("What happened", "Deploy 1.4.2")
    time = answers.time("When it happened or began")
    end = answers.time("When it ended", None, allow_none=True)
    service = answers.text("Which service it concerns; null for all", "checkout", allow_none=True)
    tags = fields.List(fields.String(), metadata={"description": "Words to find it by", "example": ["deploy"]})
    link = answers.text("A page with details", None, allow_none=True)


class AnnotationPut(RecordedAnnotation):
    """An annotation, and the outcome of the change."""

    outcome = answers.choice("Outcome of the change; a dry run that would make a new version has version 0", OUTCOMES)


class RecordedRedaction(Recorded):
    """A redaction rule."""

    id = answers.text("Its name", "secrets")
    patterns = fields.List(fields.String(), metadata={"description": "Kinds of text that it redacts", "example": []})
    applies_to = fields.List(fields.String(), metadata={"description": "Where it looks", "example": ["data"]})
    action = answers.choice("What it does", ("mask", "hash", "drop"))
    user_id = answers.text("What happens to `user_id`: hash or drop; null: nothing", None, allow_none=True)
    fields = fields.List(  # type: ignore[assignment]
        fields.String(), metadata={"description": "Names of the fields that it redacts", "example": ["password"]}
    )


class RedactionPut(RecordedRedaction):
    """A redaction rule, and what was done to it."""

    outcome = answers.choice("What was done; the version is 0 in a dry run that would give a new one", OUTCOMES)


class AnnotationPage(AnswerSchema):
    """The annotations that match, newest first."""

    annotations = fields.List(fields.Nested(RecordedAnnotation))
    count = answers.whole("How many this answer holds", 1)
    limit = answers.whole("How many were asked for", 100)
    has_more = fields.Boolean(metadata={"description": "Whether older ones match too", "example": False})


class CatalogResource(Recorded):
    """A resource of any collection."""

    collection = answers.text("Its collection", "annotations")
    id = answers.text("Its name", "deploy-1.4.2")
    body = JsonObject(metadata={"description": "Its content, without defaults", "example": {"text": "Deploy 1.4.2"}})


class CatalogPage(AnswerSchema):
    """Resources in the order of collections and names."""

    resources = fields.List(fields.Nested(CatalogResource))
    count = answers.whole("How many this answer holds", 1)
    limit = answers.whole("How many were asked for", 100)
    next_cursor = answers.text("`cursor` of the next page; null on the last one", None, allow_none=True)
