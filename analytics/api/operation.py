"""Operation: one method of one path in the contract, with its parameters, body and answers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.answer import JSON
from analytics.api.codes import Codes

CONDITIONS = [
    {"in": "header", "name": name, "description": about, "schema": {"type": "string"}}
    for name, about in (
        ("If-Match", 'Versions of which the resource must have one, such as `"7"`, or `*` for any'),
        ("If-None-Match", "Versions of which it must have none, or `*`: it must not exist"),
    )
]
"""The headers of conditional requests, as parameters."""


Asked = Mapping[str, str | int | list[str]]
"""Values of parameters by name, for an example."""
NOTHING_ASKED: Asked = {}


class RequestBody(NamedTuple):
    """Request body: one record, or, if `batch` (name of the array) is set, also a batch in three forms."""

    schema: type[Schema]
    example: Mapping[str, Any]
    batch: str | None = None


class ForeignBody(NamedTuple):
    """Request body in a protocol that is not ours.

    Attributes:
        examples: an example by media type: a text, an object for JSON, None where it is binary.
        about: which protocol it is, and its content encodings.
        refused: schema of the answer 400 to a body of which nothing was recorded, besides the common one.
    """

    examples: Mapping[str, Any]
    about: str
    refused: type[Schema] | None = None


class Operation(NamedTuple):
    """One method of one path.

    `answers` has, by status, a schema for JSON or a media type for other formats. `asked` has the example's query.
    `has_conditions` says that If-Match and If-None-Match are supported. `errors` is the media type of its error
    answers, and `problem` the schema of those in JSON, where they differ from those of the service.
    """

    method: str
    path: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, tuple[type[Schema] | str, ...]]
    problems: Codes
    query: type[Schema] | None = None
    body: RequestBody | ForeignBody | None = None
    path_schema: type[Schema] | None = None
    any_tags: bool = False
    any_data: bool = False
    has_conditions: bool = False
    asked: Asked = NOTHING_ASKED
    errors: str = JSON
    problem: type[Schema] | None = None
