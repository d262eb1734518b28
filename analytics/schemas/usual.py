"""Schemas of what is usual, and of what is well beyond it."""

from marshmallow import fields

from analytics.schemas.answers import AnswerSchema, number, time, whole


class ErrorsBeyondUsual(AnswerSchema):
    """Errors of the newest minutes, which are well beyond the usual."""

    share = number("Share of the requests, from 0; null without requests", 0.034, allow_none=True)
    usual = number("Usual share: that of the day before, or of the last hour; null if unknown", 0.001, allow_none=True)
    count = number("Number of errors", 17)
    seconds = whole("Seconds that these minutes last", 180)
    since = time("When it began; null if unknown", None, allow_none=True)


class LatencyBeyondUsual(AnswerSchema):
    """Average latency of the newest minutes, which is well beyond the usual."""

    now_ms = number("Latency in milliseconds", 212.4)
    usual_ms = number("Usual latency in milliseconds", 41.3)


class BeyondUsual(AnswerSchema):
    """What is well beyond the usual about a service; null for what is not."""

    errors = fields.Nested(ErrorsBeyondUsual, allow_none=True)
    latency = fields.Nested(LatencyBeyondUsual, allow_none=True)


class UsualValue(AnswerSchema):
    """A usual value; null where too little is known."""

    value = number("The value", 4.2, allow_none=True)
    median_of = fields.String(
        allow_none=True,
        metadata={
            "description": "It is the median of the `hours` of the last 7 days, or of the `minutes` of the last hour",
            "example": "hours",
        },
    )


class UsualOverview(AnswerSchema):
    """Usual values of the overview's figures, before the present trouble."""

    requests_per_second = fields.Nested(UsualValue)
    error_rate = fields.Nested(UsualValue)
    mean_latency_ms = fields.Nested(UsualValue)
