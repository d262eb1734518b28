"""Loads query strings by their schemas."""

from typing import Any

from flask import request
from marshmallow import Schema

from analytics.errors import ValidationFailed
from analytics.filters.parse import MAX_FILTER_LENGTH, MAX_TERMS
from analytics.records import SeriesTags
from analytics.schemas.compiled import loaded
from analytics.schemas.fields import is_without_control_characters
from analytics.schemas.queries import given_once

TAG = "tag."
"""Prefix of the parameters that select tags."""
DATA_FIELD = "data."
"""Prefix of the parameters that select values of fields of data."""


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


def picked_data() -> tuple[tuple[str, str], ...]:
    """Values of fields of data that are selected by `data.K=V` in the query of the current request.

    Raises:
        ValidationFailed: a field has no name, is given twice, or there are too many of them.
    """
    return picked(DATA_FIELD, "a field")


def picked(prefix: str, what: str) -> tuple[tuple[str, str], ...]:
    """Names and values of the parameters of the current request that start with `prefix`, without it.

    Raises:
        ValidationFailed: one has no name, is given twice, or there are too many of them.
    """
    given = given_once(arg for arg in request.args.lists() if arg[0].startswith(prefix))
    if len(given) > MAX_TERMS:
        raise ValidationFailed(
            f"{prefix}: Must be at most {MAX_TERMS}.", fields={prefix: [f"Must be at most {MAX_TERMS}."]}
        )
    for name, text in given.items():
        if name == prefix:
            raise ValidationFailed(f"{prefix}: Must name {what}.", fields={prefix: [f"Must name {what}."]})
        if len(name) + len(text) > MAX_FILTER_LENGTH or not is_without_control_characters(name + text):
            problem = f"Must have at most {MAX_FILTER_LENGTH} characters, and no control characters."
            raise ValidationFailed(f"{name}: {problem}", fields={name: [problem]})
    return tuple((name.removeprefix(prefix), text) for name, text in given.items() if text)
