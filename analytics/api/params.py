"""Query strings, read by their schemas."""

from typing import Any

from flask import request
from marshmallow import Schema

from analytics.schemas.compiled import loaded
from analytics.schemas.queries import given_once


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
