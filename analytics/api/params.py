"""Query strings, read by their schemas."""

from typing import Any

from flask import request
from marshmallow import Schema

from analytics.errors import ValidationFailed
from analytics.records import SeriesTags
from analytics.schemas.compiled import loaded
from analytics.schemas.queries import given_once

TAG = "tag."
"""What the names of parameters that pick tags begin with."""


def arguments(schema: Schema, *, besides: str | None = None) -> dict[str, Any]:
    """The query's arguments as `schema` loads them, but for those whose names begin with `besides`.

    Raises:
        ValidationFailed: one is unknown, given twice, or not as it must be.
    """
    if not request.query_string and not schema.fields:
        return {}
    asked = ((name, texts) for name, texts in request.args.lists() if besides is None or not name.startswith(besides))
    given: dict[str, Any] = loaded(schema, given_once(asked))
    return given


def picked_tags() -> SeriesTags:
    """The tags that the query picks, each as `tag.K=V`.

    Raises:
        ValidationFailed: one has no name, or is given twice.
    """
    if TAG in request.args:
        raise ValidationFailed(f"{TAG}: Must name a tag.", fields={TAG: ["Must name a tag."]})
    given = given_once(asked for asked in request.args.lists() if asked[0].startswith(TAG))
    return tuple(sorted((name.removeprefix(TAG), text) for name, text in given.items()))
