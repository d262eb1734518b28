"""Schemas of tests of rules, and of their answers."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas import answers
from analytics.schemas.alerts import ALERT_STATES_SHOWN
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.fields import Timestamp
from analytics.schemas.rule_fields import DurationText
from analytics.schemas.rules import RuleSchema

MOST_INPUT = 100
MOST_NOTATION = 100_000
MOST_LINES = 10_000


class InputSeriesSchema(Schema):
    """A series in promtool's notation."""

    class Meta:
        unknown = RAISE

    series = fields.String(
        required=True,
        validate=validate.Length(1, 10_000),
        metadata={"description": "Its name and labels", "example": 'errors_total{service="checkout"}'},
    )
    values = fields.String(
        required=True,
        validate=validate.Length(0, MOST_NOTATION),
        metadata={
            "description": "A value a step: `0+5x10` counts from 0 to 50, `_` is none",
            "example": "0+5x60",
        },
    )


class InputLineSchema(Schema):
    """A log line, and when it is written."""

    class Meta:
        unknown = RAISE

    line = fields.String(
        required=True,
        validate=validate.Length(0, 65_536),
        metadata={"description": "Its text", "example": "payment failed"},
    )
    at = DurationText(0.0, load_default="0s", metadata={"description": "When it is written for the first time"})
    times = fields.Integer(
        strict=True,
        validate=validate.Range(1, MOST_NOTATION),
        load_default=1,
        metadata={"description": "How often it is written"},
    )
    every = DurationText(0.001, metadata={"description": "Time between two of these; `step`, if left out"})
    metadata = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": "Its structured metadata", "example": {"order_id": "7"}},
    )


class InputLinesSchema(Schema):
    """A stream of log lines."""

    class Meta:
        unknown = RAISE

    stream = fields.String(
        required=True,
        validate=validate.Length(1, 10_000),
        metadata={"description": "Its labels", "example": '{service_name="checkout", level="error"}'},
    )
    lines = fields.List(fields.Nested(InputLineSchema), required=True, validate=validate.Length(max=MOST_LINES))


class RuleTestSchema(Schema):
    """A rule, and the time that it is tested in, or the series and log lines that it is tested on."""

    class Meta:
        unknown = RAISE

    rule = fields.Nested(RuleSchema, required=True)
    start = Timestamp(
        data_key="from",
        allow_none=True,
        load_default=None,
        metadata={"description": "6 hours before `to`, if left out"},
    )
    end = Timestamp(data_key="to", allow_none=True, load_default=None, metadata={"description": "Now, if left out"})
    interval = DurationText(
        1.0,
        load_default="15s",
        metadata={"description": "How often the rule is evaluated; longer where there would be more than 1,000 times"},
    )
    input_series = fields.List(
        fields.Nested(InputSeriesSchema),
        load_default=list,
        validate=validate.Length(max=MOST_INPUT),
        metadata={"description": "Series to test on instead of those that are kept, with a value for each `step`"},
    )
    input_lines = fields.List(
        fields.Nested(InputLinesSchema),
        load_default=list,
        validate=validate.Length(max=MOST_INPUT),
        metadata={
            "description": (
                "Log lines to test a rule in LogQL on, instead of those that are kept: at most 100,000 lines and "
                "10 MiB of text, metadata and labels, each as often as it is written"
            )
        },
    )
    step = DurationText(1.0, load_default="1m", metadata={"description": "Time between two of their values"})

    @validates_schema(skip_on_field_errors=True)
    def check_times(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse times beside given series, an empty range, and recording rules."""
        if data["rule"].get("alert") is None:
            raise ValidationError("Must be an alert rule.", "rule")
        for name in ("start", "end"):
            if (data["input_series"] or data["input_lines"]) and data[name] is not None:
                raise ValidationError("Is for what is kept.", self.fields[name].data_key or name)
        if data["start"] is not None and data["end"] is not None and data["start"] >= data["end"]:
            raise ValidationError("Must be after `from`.", "to")


class StateSpan(AnswerSchema):
    """A time that an alert would have spent in one state."""

    state = answers.choice("The state", ALERT_STATES_SHOWN)
    is_firing = fields.Boolean(metadata={"description": "Whether it would have fired", "example": True})
    start = answers.time("When it would have entered it", data_key="from")
    to = answers.time("When it would have left it; null if not by the end", None, allow_none=True)


class TestedAlert(AnswerSchema):
    """An alert, and its states one after the other."""

    labels = fields.Dict(values=fields.String(), metadata={"example": {"alertname": "HighErrorRate"}})
    spans = fields.List(fields.Nested(StateSpan))


class TestedSeries(AnswerSchema):
    """A series that is compared."""

    labels = fields.Dict(values=fields.String(), metadata={"example": {"service": "checkout"}})
    points = fields.List(
        answers.number("Value; null without one", 2.5, allow_none=True),
        metadata={"description": "A value for each of `times`"},
    )


class RuleTrial(AnswerSchema):
    """What a rule would have done."""

    times = fields.List(answers.time("Time of an evaluation"))
    step = answers.number("Seconds between two of them", 15)
    operator = answers.text("How the expression compares with a number; null if it does not", ">", allow_none=True)
    threshold = answers.number("That number", 1.5, allow_none=True)
    series = fields.List(fields.Nested(TestedSeries), metadata={"description": "The first 20 that are compared"})
    series_count = answers.whole("How many there are", 1)
    alerts = fields.List(fields.Nested(TestedAlert), metadata={"description": "The first 1,000 that were not normal"})
    alert_count = answers.whole("How many there are", 1)
