"""Schema of silences: for which alerts nobody is notified, and when."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.fields import OneOf, Text, Timestamp
from analytics.schemas.queries import Query, whole_number
from analytics.schemas.time_windows import TimeWindowSchema

MOST_MATCHERS, MOST_WINDOWS = 32, 24
MOST_SECONDS = 366 * 86_400
SILENCE_STATES = ("active", "pending", "expired")


class SilenceMatcher(Schema):
    """A condition on one label of an alert; without the label, its value is empty."""

    class Meta:
        unknown = RAISE

    name = Text(1, 128, required=True, metadata={"description": "Name of the label", "example": "service"})
    value = Text(0, 1_024, required=True, metadata={"description": "Its value", "example": "checkout"})
    isRegex = fields.Boolean(  # noqa: N815  # a name of Alertmanager
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether `value` is a regular expression (RE2), which the whole value has to match"},
    )
    isEqual = fields.Boolean(  # noqa: N815  # a name of Alertmanager
        load_default=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether the value has to match; otherwise it must not"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if given["isRegex"]:
            from analytics.promql.errors import BadQuery
            from analytics.promql.matchers import compiled

            try:
                compiled(given["value"])
            except BadQuery as error:
                raise ValidationError(f"Is no regular expression: {error}", "value") from None


class SilenceSchema(Schema):
    """A silence: alerts that match send no notifications. Its fields are those of Alertmanager, and more."""

    class Meta:
        unknown = RAISE

    matchers = fields.List(
        fields.Nested(SilenceMatcher),
        required=True,
        validate=validate.Length(
            1, MOST_MATCHERS, error=f"Must have 1 to {MOST_MATCHERS} matchers; to match all, use alertname and .+ ."
        ),
        metadata={"description": "Conditions on the labels of alerts; all have to hold"},
    )
    startsAt = Timestamp(  # noqa: N815  # a name of Alertmanager
        allow_none=True,
        load_default=None,
        metadata={"description": "When it starts; where left out, the time it had, or now"},
    )
    endsAt = Timestamp(  # noqa: N815  # a name of Alertmanager
        allow_none=True,
        load_default=None,
        metadata={"description": "When it ends; null only for a recurring silence, which then goes on until deleted"},
    )
    createdBy = Text(  # noqa: N815  # a name of Alertmanager
        0, 256, load_default="", metadata={"description": "Who wanted it", "example": "ann@shop.example"}
    )
    comment = Text(0, 1_000, load_default="", metadata={"description": "Why", "example": "Deploy 1.4.2"})
    recurring = fields.List(
        fields.Nested(TimeWindowSchema),
        load_default=list,
        validate=validate.Length(max=MOST_WINDOWS, error=f"Must have at most {MOST_WINDOWS} windows."),
        metadata={"description": "The times of the week at which it holds; always where left out"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if given["endsAt"] is None and not given["recurring"]:
            raise ValidationError("Must be given, unless the silence is `recurring`.", "endsAt")


class DurationSeconds(fields.String):
    """Duration such as `1h30m`, or a JSON number of seconds; loaded in seconds."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        from analytics.promql.errors import BadQuery
        from analytics.promql.text import milliseconds

        try:
            seconds = milliseconds(f"{value}" if type(value) in (int, float, str) else "") / 1000
        except BadQuery:
            raise ValidationError("Not a duration, such as 90s, 10m or 1h30m.") from None
        if not 1 <= seconds <= MOST_SECONDS:
            raise ValidationError("Must be from 1s to 366d.")
        return seconds


class Shorthand(Schema):
    """The parts of a silence in a request that stand for others."""

    service = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Stands for a matcher on the label `service`", "example": "checkout"},
    )
    duration = DurationSeconds(
        allow_none=True,
        load_default=None,
        metadata={"description": "Stands for `endsAt`: such as `10m`, or seconds", "example": "10m"},
    )


class SilenceTimes(Shorthand):
    """What decides how a request for a silence is read."""

    startsAt = Timestamp(allow_none=True, load_default=None)  # noqa: N815  # a name of Alertmanager


class SentSilence(Shorthand, SilenceSchema):
    """A silence as requests may send it: also by a `service` and a `duration`."""

    matchers = fields.List(
        fields.Nested(SilenceMatcher),
        validate=validate.Length(max=MOST_MATCHERS),
        metadata={"description": "Conditions on the labels of alerts; all have to hold"},
    )


class SilencesQuery(Query):
    """Filters of GET /silences."""

    state = OneOf(SILENCE_STATES, load_default=None, metadata={"description": "In this state"})
    service = Text(1, 128, load_default=None, metadata={"description": "Whose matchers let this service pass"})
    limit = whole_number(1, 1000, 100, "How many at most")
