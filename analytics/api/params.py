"""Loads query strings by their schemas."""

from typing import Any

from flask import request
from marshmallow import Schema

from analytics.errors import ValidationFailed
from analytics.records import SeriesTags
from analytics.schemas.compiled import loaded
from analytics.schemas.queries import given_once

TAG = "tag."
"""Prefix of the parameters that select tags."""


def arguments(schema: Schema, *, besides: str | None = None) -> dict[str, Any]:
    """Arguments of the current request, loaded by `schema`; names that start with `besides` are ignored.

    Raises:
        ValidationFailed: an argument is unknown, given twice or invalid.
    """
    if not request.query_string and not schema.fields:
        return {}
    query = ((name, texts) for name, texts in request.args.lists() if besides is None or not name.startswith(besides))
    args: dict[str, Any] = loaded(schema, given_once(query))
    return args


def picked_tags() -> SeriesTags:
    """Tags selected by `tag.K=V` in the query of the current request, sorted.

    Raises:
        ValidationFailed: a tag has no name or is given twice.
    """
    if TAG in request.args:
        raise ValidationFailed(f"{TAG}: Must name a tag.", fields={TAG: ["Must name a tag."]})
    tags = given_once(arg for arg in request.args.lists() if arg[0].startswith(TAG))
    return tuple(sorted((name.removeprefix(TAG), text) for name, text in tags.items()))
