"""Derives msgspec structs with the same limits from marshmallow schemas."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from marshmallow import Schema, fields
from msgspec import structs

from analytics.schemas.fields import AWARE, JsonObject, Number, OneOf, RawJsonObject, Tags, Text, Timestamp
from analytics.schemas.record_fields import DecodedField, LongText

R = TypeVar("R", bound=msgspec.Struct)


def derive(schema: Schema, record: type[R]) -> type[R]:
    """Subclass of `record` whose annotations have the limits of `schema`.

    Raises:
        TypeError: a field of the schema has a type that cannot be derived.
    """
    members: list[Any] = []
    for name, field in schema.fields.items():
        annotation = _annotation(name, field)
        if annotation is msgspec.Raw:  # may be null, which `are_sound` leaves to marshmallow
            members.append((name, annotation, msgspec.Raw(b"{}")))
            continue
        if field.allow_none:
            annotation = annotation | None
        members.append((name, annotation) if field.required else (name, annotation, field.load_default))
    # no value has this type: fields that clients may not set are left to marshmallow, which refuses them
    members += [
        (each.name, msgspec.UnsetType, None) for each in structs.fields(record) if each.name not in schema.fields
    ]
    derived: Any = msgspec.defstruct(
        record.__name__, members, bases=(record,), kw_only=True, gc=False, forbid_unknown_fields=True
    )
    return derived  # type: ignore[no-any-return]


def _annotation(name: str, field: fields.Field[Any]) -> Any:
    match field:
        case Text():
            return _text(field)
        case LongText():
            return Annotated[str, msgspec.Meta(max_length=field.most)]
        case DecodedField():
            return field.type
        case OneOf():
            return Literal[field.choices]
        case Number():
            return Annotated[float, msgspec.Meta(ge=field.least, le=field.most)]
        case Timestamp():
            return AWARE
        case Tags():
            keys, values = field.key_field, field.value_field
            limits = msgspec.Meta(max_length=field.most)
            return Annotated[dict[_text(keys), _text(values)], limits]  # type: ignore[misc, arg-type]
        case RawJsonObject():
            return msgspec.Raw
        case JsonObject():
            return dict[str, Any]
    raise TypeError(f"{name}: no decoder is known for {type(field).__name__}")


def _text(field: Text) -> Any:
    return Annotated[str, msgspec.Meta(min_length=field.least, max_length=field.most)]
