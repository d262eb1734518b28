"""Marshmallow fields and validators for JSON payloads: strict, without conversion between JSON types."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields, validate

NUMBER_LIMIT = 1e100
SIZE_LIMIT = 32 * 1024
DEPTH_LIMIT = 64
DOUBLE_LIMIT = int(sys.float_info.max)
AWARE = Annotated[datetime, msgspec.Meta(tz=True)]


def is_without_control_characters(text: str) -> bool:
    """Whether a text has no C0, DEL or C1 control characters."""
    return not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)


class NoControlCharacters(validate.Validator):
    """Text without C0, DEL and C1 control characters."""

    def __call__(self, value: str) -> str:
        if not is_without_control_characters(value):
            raise ValidationError("Must not contain control characters.")
        return value


class Text(fields.String):
    """String of `least` to `most` characters without control characters."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        length = validate.Length(
            least, most, error=f"Must be {f'{least} to' if least else 'at most'} {most} characters long."
        )
        super().__init__(validate=[length, NoControlCharacters()], **kwargs)


class OneOf(fields.String):
    """One of the strings `choices`."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        self.choices = tuple(choices)
        super().__init__(validate=validate.OneOf(self.choices, error="Must be one of {choices}."), **kwargs)


class Number(fields.Float):
    """JSON number from `least` to `most`; strings and booleans are refused.

    The widest range is far below that of a double, so that sums of many numbers do not overflow.
    """

    def __init__(self, least: float = -NUMBER_LIMIT, most: float = NUMBER_LIMIT, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in (int, float):
            raise ValidationError("Not a number.")
        if not self.least <= value <= self.most:
            raise ValidationError(f"Must be from {_shown(self.least)} to {_shown(self.most)}.")
        return float(value)


def _shown(limit: float) -> str:
    return f"{limit:g}" if abs(limit) >= NUMBER_LIMIT else f"{limit:,}"


class Whole(fields.Integer):
    """Whole JSON number from `least` to `most`, also written as 10.0; strings and booleans are refused."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        error = f"Must be {least:,} to {most:,}."
        super().__init__(validate=validate.Range(least, most, error=error), **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) not in (int, float) or value != value // 1:
            raise ValidationError("Not a whole number.")
        return int(value)


class Timestamp(fields.AwareDateTime):
    """RFC 3339 time with an offset, loaded as an aware datetime."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            if type(value) is not str:
                raise TypeError
            return msgspec.convert(value, AWARE)
        except (msgspec.ValidationError, TypeError):
            raise ValidationError("Not an RFC 3339 time with an offset, such as 2024-01-15T10:30:00Z.") from None


class JsonObject(fields.Dict):
    """JSON object with any content, up to `SIZE_LIMIT` bytes of compact JSON and `DEPTH_LIMIT` levels."""

    default_error_messages = {"invalid": "Not a JSON object."}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if depth(value) > DEPTH_LIMIT:
            raise ValidationError(f"Is nested deeper than {DEPTH_LIMIT} levels.")
        if len(msgspec.json.encode(value)) > SIZE_LIMIT:
            raise ValidationError(f"Is larger than {SIZE_LIMIT} bytes of JSON.")
        return value


class RawJsonObject(JsonObject):
    """JSON object, loaded as its JSON bytes."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return msgspec.Raw(msgspec.json.encode(check_numbers(super()._deserialize(value))))


def depth(value: Any) -> int:
    """Nesting depth of objects and arrays in `value`; counting stops at the limit plus one."""
    level, deepest = [value], 0
    while deepest <= DEPTH_LIMIT:
        nested = [item for item in level if isinstance(item, dict | list)]
        if not nested:
            break
        deepest += 1
        level = [inner for item in nested for inner in (item.values() if isinstance(item, dict) else item)]
    return deepest


def check_numbers(value: Any) -> Any:
    """Return `value`, which must not be nested too deeply, if all its numbers fit a double.

    Raises:
        ValidationError: a number is beyond the range of a double.
    """
    if _has_huge_number(value):
        raise ValidationError("Holds a number beyond the range of a double.")
    return value


def _has_huge_number(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_huge_number, value.values() if isinstance(value, dict) else value))
    return type(value) is int and abs(value) > DOUBLE_LIMIT


class Tags(fields.Dict):
    """Object of strings: at most `most` tags, with names of 1 to 128 and values of at most 256 characters."""

    default_error_messages = {"invalid": "Not an object of strings."}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) and len(value) > self.most:  # no message for each
            raise ValidationError(f"Must have at most {self.most} tags.")
        return super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(
            keys=Text(1, 128),
            values=Text(0, 256),
            validate=validate.Length(max=most),
            **kwargs,
        )
