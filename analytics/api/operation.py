"""What a route takes and answers, as the contract tells it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.api.codes import Codes


class Body(NamedTuple):
    """What a request may hold: one record, or, where `batch` names the array around them, many in three forms."""

    schema: type[Schema]
    example: Mapping[str, Any]
    batch: str | None = None


class Operation(NamedTuple):
    """One method of one path.

    Answers that are a text are a media type instead of a schema of JSON; `asked` are the example's parameters.
    """

    method: str
    path: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, tuple[type[Schema] | str, ...]]
    problems: Codes
    query: type[Schema] | None = None
    body: Body | None = None
    path_schema: type[Schema] | None = None
    any_tags: bool = False
    asked: Mapping[str, str | int] = {}
