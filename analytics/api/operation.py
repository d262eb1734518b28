"""Operation: one method of one path in the contract, with its parameters, body and answers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.api.codes import Codes


class Body(NamedTuple):
    """Request body: one record, or, if `batch` (name of the array) is set, also a batch in three forms."""

    schema: type[Schema]
    example: Mapping[str, Any]
    batch: str | None = None


class Operation(NamedTuple):
    """One method of one path.

    `answers` has, by status, a schema for JSON or a media type for other formats.
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
