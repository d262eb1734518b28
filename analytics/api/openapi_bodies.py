"""Request bodies in the OpenAPI document: our own records in all their forms, and bodies of other protocols."""

from typing import Any

import msgspec
from apispec import APISpec

from analytics.api.operation import ForeignBody, RequestBody
from analytics.doors.media import BEACON_TYPE, ENCODINGS, JSON_TYPE, LINES_TYPE

*FIRST, LAST = ENCODINGS
READABLE_ENCODINGS = f"{', '.join(FIRST)} or {LAST}"
"""Supported content encodings, as text."""


def request_body(spec: APISpec, body: RequestBody, max_batch: int) -> dict[str, Any]:
    """The description of a body with our own records, at most `max_batch` of them; adds its schemas to `spec`."""
    name = body.schema.__name__.removesuffix("Schema")
    if name not in spec.components.schemas:
        spec.components.schema(name, schema=body.schema)
    one: dict[str, Any] = {"$ref": f"#/components/schemas/{name}"}
    examples: dict[str, Any] = {"one": {"summary": "One", "value": body.example}}
    if body.batch is None:
        forms = one
    else:
        many = {"type": "array", "items": one, "minItems": 1, "maxItems": max_batch}
        wrapped = {
            "type": "object",
            "properties": {body.batch: many},
            "required": [body.batch],
            "additionalProperties": False,
        }
        about = f'One object, an array of them, or `{{"{body.batch}": […]}}`.'
        spec.components.schema(name + "Body", {"oneOf": [one, many, wrapped], "description": about})
        forms = {"$ref": f"#/components/schemas/{name}Body"}
        examples["many"] = {"summary": "Many", "value": [body.example]}
        examples["wrapped"] = {"summary": "Many, in an object", "value": {body.batch: [body.example]}}
    content: dict[str, Any] = {
        JSON_TYPE: {"schema": forms, "examples": examples},
        BEACON_TYPE: {
            "schema": {"type": "string", "contentMediaType": JSON_TYPE, "contentSchema": forms},
            "example": _json(body.example),
        },
    }
    if body.batch is not None:
        lines = {"type": "string", "description": "One JSON object per line; blank lines are ignored."}
        content[LINES_TYPE] = {"schema": lines, "example": f"{_json(body.example)}\n{_json(body.example)}\n"}
    return {"required": True, "description": f"`Content-Encoding` may be {READABLE_ENCODINGS}.", "content": content}


def foreign_body(body: ForeignBody) -> dict[str, Any]:
    """The description of a body in another protocol."""
    content: dict[str, Any] = {}
    for media_type, example in body.examples.items():
        if example is None:
            content[media_type] = {"schema": {"type": "string", "format": "binary"}}
        else:
            kind = "object" if media_type == JSON_TYPE else "string"
            content[media_type] = {"schema": {"type": kind}, "example": example}
    return {"required": True, "description": body.about, "content": content}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
