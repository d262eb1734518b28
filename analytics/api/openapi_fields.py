"""Properties of fields in the OpenAPI document that apispec does not add: patterns, limits and examples."""

from typing import Any

from marshmallow import fields

from analytics.schemas.fields import NoControlCharacters, Number
from analytics.schemas.record_fields import HexId, MomentField, Objects, Severity

DECODED: dict[type[fields.Field[Any]], tuple[str, ...]] = {
    HexId: ("string",),
    MomentField: ("string", "integer"),
    Objects: ("array",),
    Severity: ("string", "integer"),
}
"""JSON types by the class of a field."""
NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]*$"


def pattern(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    if "pattern" not in ret and any(isinstance(validator, NoControlCharacters) for validator in field.validators):
        return {"pattern": NO_CONTROL_CHARACTERS}
    return {}


def number_limits(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    return {"minimum": field.least, "maximum": field.most} if isinstance(field, Number) else {}


def types_of_decoded(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """The types of fields that msgspec decodes, which apispec does not know."""
    types = next((types for known, types in DECODED.items() if isinstance(field, known)), None)
    if types is None:
        return {}
    limits: dict[str, Any] = {"pattern": field.pattern} if isinstance(field, HexId) else {}
    if isinstance(field, Objects):
        limits = {"items": {"type": "object"}}
    return {"type": [*types, "null"] if field.allow_none else list(types), **limits}


def map_limits(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(field, fields.Dict):
        return {}
    limits = {}
    if "maxLength" in ret:
        limits["maxProperties"] = ret.pop("maxLength")
    if field.key_field is not None:
        limits["propertyNames"] = converter.field2property(field.key_field)
    return limits


def examples(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    return {"examples": [ret.pop("example")]} if "example" in ret else {}


def absent_not_null(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Optional parameters are absent or empty, never null."""
    schema = ret["schema"]
    if field.load_default is None:
        schema["type"] = schema["type"][0]
        del schema["default"]
        if "enum" in schema:
            schema["enum"].remove(None)
    return {} if field.required else {"allowEmptyValue": True}
