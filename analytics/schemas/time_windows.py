"""Schema of recurring times: weekdays and times of day in a time zone."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from analytics.schemas.fields import OneOf

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"


class TimeOfDay(fields.String):
    """Time of day, from 00:00 to 24:00."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(TIME_OF_DAY, error="Must be a time such as 08:30."), **kwargs)


class TimeZone(fields.String):
    """Name of a time zone."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # with the first time zone: it takes 0.5 MB

        name = super()._deserialize(value, *args, **kwargs)
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValidationError("Must be the name of a time zone, such as Europe/Berlin or UTC.") from None
        return name


class TimeWindowSchema(Schema):
    """Times of some weekdays; one that ends before it starts ends on the next day."""

    class Meta:
        unknown = RAISE

    weekdays = fields.List(
        OneOf(WEEKDAYS),
        load_default=lambda: list(WEEKDAYS),
        validate=validate.Length(1, 7),
        metadata={"description": "The days on which it starts; all where left out"},
    )
    start = TimeOfDay(load_default="00:00", metadata={"description": "When it starts", "example": "08:00"})
    end = TimeOfDay(load_default="24:00", metadata={"description": "When it ends", "example": "18:00"})
    time_zone = TimeZone(load_default="UTC", metadata={"description": "Of these times", "example": "Europe/Berlin"})
