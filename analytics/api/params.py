"""Query strings, read by their schemas."""

from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from analytics.errors import ValidationFailed
from analytics.schemas.compiled import invalid


def arguments(schema: Schema, *, besides: str | None = None) -> dict[str, Any]:
    """The query's arguments as `schema` loads them, but for those whose names begin with `besides`.

    Raises:
        ValidationFailed: one is unknown, given twice, or not as it must be.
    """
    if not request.query_string and not schema.fields:
        return {}
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if besides is not None and name.startswith(besides):
            continue
        if len(values) > 1:
            raise ValidationFailed(f"{name}: Must be given once.", fields={name: ["Must be given once."]})
        given[name] = values[0]
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise invalid(error) from None
    return loaded
