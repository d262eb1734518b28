"""Marshmallow fields and validators for what JSON clients send, as strict as JSON itself."""

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields, validate

AWARE = Annotated[datetime, msgspec.Meta(tz=True)]


class NoControlCharacters(validate.Validator):
    """Text without C0, DEL and C1 control characters."""

    def __call__(self, value: str) -> str:
        if any(character < " " or "\x7f" <= character <= "\x9f" for character in value):
            raise ValidationError("Must not contain control characters.")
        return value


class Text(fields.String):
    """A string of `least` to `most` characters without control characters."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        length = validate.Length(
            least, most, error=f"Must be {f'{least} to' if least else 'at most'} {most} characters long."
        )
        super().__init__(validate=[length, NoControlCharacters()], **kwargs)


class Number(fields.Float):
    """A finite JSON number, neither a string nor a boolean."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in (int, float):
            raise ValidationError("Not a number.")
        try:
            number = float(value)
        except OverflowError:
            raise ValidationError("The number is out of range.") from None
        if not isfinite(number):
            raise ValidationError("Must be a finite number.")
        return number


class Timestamp(fields.AwareDateTime):
    """An RFC 3339 time with its offset; loaded as an aware datetime in UTC."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            if type(value) is not str:
                raise TypeError
            return msgspec.convert(value, AWARE).astimezone(UTC)
        except (msgspec.ValidationError, TypeError, OverflowError):
            raise ValidationError("Not an RFC 3339 time with an offset, such as 2024-01-15T10:30:00Z.") from None


class JsonObject(fields.Dict):
    """A JSON object of any content."""

    default_error_messages = {"invalid": "Not a JSON object."}  # noqa: RUF012


class Tags(fields.Dict):
    """An object of strings: at most `most` tags with names of 1–128 and values of at most 256 characters."""

    default_error_messages = {"invalid": "Not an object of strings."}  # noqa: RUF012

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(
            keys=Text(1, 128),
            values=Text(0, 256),
            validate=validate.Length(max=most, error=f"Must have at most {most} tags."),
            **kwargs,
        )
