"""Base of the schemas of answers, and their fields with descriptions and examples."""

from typing import Any

from marshmallow import RAISE, Schema, fields

from analytics.schemas.fields import Timestamp

TIME = "2024-01-15T10:30:15.000Z"


def number(about: str, example: float, **more: Any) -> fields.Float:
    """Number field; also for counts of requests and errors, to which metrics may add fractions."""
    return fields.Float(metadata={"description": about, "example": example}, **more)


def whole(about: str, example: int) -> fields.Integer:
    """Whole number field, at least 0."""
    return fields.Integer(metadata={"description": about, "example": example, "minimum": 0})


def text(about: str, example: str | None, **more: Any) -> fields.String:
    """String field."""
    return fields.String(metadata={"description": about, "example": example}, **more)


def choice(about: str, values: tuple[str, ...]) -> fields.String:
    """Field with one of a few strings; the first is the example."""
    return fields.String(metadata={"description": about, "enum": list(values), "example": values[0]})


def time(about: str, example: str | None = TIME, **more: Any) -> Timestamp:
    """Field with an RFC 3339 time in UTC."""
    return Timestamp(metadata={"description": about, "example": example}, **more)


def tally(about: str, example: dict[str, int]) -> fields.Dict:
    """Field with an object of whole numbers."""
    return fields.Dict(values=whole("", 0), metadata={"description": about, "example": example})


class AnswerSchema(Schema):
    """Base of all answers. All fields are present unless their metadata has `optional`, and there are no others."""

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = not field_obj.metadata.get("optional", False)
