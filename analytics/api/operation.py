"""Operation: one method of one path in the contract, with its parameters, body and answers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.api.codes import Codes

CONDITIONS = [
    {"in": "header", "name": name, "description": about, "schema": {"type": "string"}}
    for name, about in (
        ("If-Match", 'Versions of which the resource must have one, such as `"7"`, or `*` for any'),
        ("If-None-Match", "Versions of which it must have none, or `*`: it must not exist"),
    )
]
"""The headers of conditional requests, as parameters."""


class RequestBody(NamedTuple):
    """Request body: one record, or, if `batch` (name of the array) is set, also a batch in three forms."""

    schema: type[Schema]
    example: Mapping[str, Any]
    batch: str | None = None


class Operation(NamedTuple):
    """One method of one path.

    `answers` has, by status, a schema for JSON or a media type for other formats. `asked` has the example's query.
    `has_conditions` says that If-Match and If-None-Match are supported.
    """

    method: str
    path: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, tuple[type[Schema] | str, ...]]
    problems: Codes
    query: type[Schema] | None = None
    body: RequestBody | None = None
    path_schema: type[Schema] | None = None
    any_tags: bool = False
    has_conditions: bool = False
    asked: Mapping[str, str | int] = {}
