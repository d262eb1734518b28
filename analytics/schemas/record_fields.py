"""Fields of log lines and spans: times, severities, ids, long texts, and lists of objects."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from marshmallow import ValidationError, fields

from analytics.schemas.fields import AWARE

MOST_NANOSECONDS = 2**63 - 1
NANOSECONDS = Annotated[int, msgspec.Meta(ge=0, le=MOST_NANOSECONDS)]
MOMENT = NANOSECONDS | AWARE
SEVERITY_NUMBER = Annotated[int, msgspec.Meta(ge=0, le=24)]
SEVERITY_TEXT = Annotated[str, msgspec.Meta(max_length=64)]


class DecodedField(fields.Field[Any]):
    """A field that msgspec checks, here and in the decoders derived from the schemas.

    Attributes:
        type: the type of its values.
    """

    type: Any = None
    problem = "Is not valid."

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return msgspec.convert(value, self.type)
        except msgspec.ValidationError as error:
            raise ValidationError(self.problem.format(error)) from None


class MomentField(DecodedField):
    """A time: RFC 3339 with an offset, or nanoseconds since the epoch as a number or as text."""

    type = MOMENT
    problem = "Not an RFC 3339 time with an offset, such as 2024-01-15T10:30:00Z, and not nanoseconds since the epoch."

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:20])
        return super()._deserialize(value, *args, **kwargs)


class Severity(DecodedField):
    """A severity: a word such as `warn`, or a number of OpenTelemetry from 1 to 24."""

    type = SEVERITY_NUMBER | SEVERITY_TEXT
    problem = "Not a text of at most 64 characters, and not a number from 0 to 24."


class LongText(fields.String):
    """A text with any characters, of at most `most`."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(validate=self._check, **kwargs)

    def _check(self, value: str) -> None:
        if len(value) > self.most:
            raise ValidationError(f"Must be at most {self.most} characters long.")


class HexId(DecodedField):
    """An id of so many hexadecimal digits, not all of them zeros."""

    def __init__(self, digits: int, **kwargs: Any) -> None:
        self.pattern = rf"^(?!0+$)[0-9a-fA-F]{{{digits}}}$"
        """For readers; `type` also refuses a line end after the digits."""
        self.type = Annotated[str, msgspec.Meta(pattern=self.pattern.replace("$", r"\Z"))]
        self.problem = f"Must be {digits} hexadecimal digits, not all of them zeros."
        super().__init__(**kwargs)


class Objects(DecodedField):
    """A list of objects of a type."""

    problem = "{}"

    def __init__(self, type_: type[msgspec.Struct], most: int, **kwargs: Any) -> None:
        self.type = Annotated[list[type_], msgspec.Meta(max_length=most)]  # type: ignore[valid-type]
        super().__init__(**kwargs)


def nanoseconds(moment: int | datetime) -> int:
    """A time in nanoseconds since the epoch."""
    if isinstance(moment, int):
        return moment
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000
