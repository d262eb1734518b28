"""The schema of service level objectives."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.annotation import Link
from analytics.schemas.expression import CounterExpression
from analytics.schemas.fields import Number, Text

WINDOW_DAYS = 90
DEFAULT_WINDOW = "30d"
MOST_LABELS = 32
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DAYS = {"d": 1, "w": 7}


class DaysWindow(Text):
    """A number of days or weeks, such as `30d`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(2, 5, **kwargs)

    def _deserialize(self, value: Any, *arguments: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, *arguments, **kwargs)
        parts = re.fullmatch(r"([1-9][0-9]*)([dw])", found)
        if parts is None or int(parts[1]) * _DAYS[parts[2]] > WINDOW_DAYS:
            raise ValidationError(f"Must be 1d to {WINDOW_DAYS}d, in days (d) or weeks (w).")
        return found


def _check_labels(labels: Mapping[str, str]) -> None:
    wrong = [name for name in labels if not LABEL_NAME.fullmatch(name) or name.startswith("__")]
    if wrong:
        raise ValidationError(f"{wrong[0]!r} is not the name of a label.")


class SloSchema(Schema):
    """A service level objective: the share of good requests, over a window, that users are promised.

    Bad requests are errors of a service, or those slower than `latency_ms`, or what `bad` counts of `total`, or what
    `good` does not count of it.
    """

    class Meta:
        unknown = RAISE

    objective = Number(
        0.001,
        99.9999,
        required=True,
        metadata={"description": "Share of good requests, in percent", "example": 99.9},
    )
    window = DaysWindow(load_default=DEFAULT_WINDOW, metadata={"description": "The days that it is about"})
    service = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "The service; where its errors or its latency are meant, all where left out"},
    )
    endpoint = Text(
        1, 512, allow_none=True, load_default=None, metadata={"description": "One endpoint of the service alone"}
    )
    latency_ms = Number(
        0.001,
        allow_none=True,
        load_default=None,
        metadata={"description": "Longest latency of a good request, in milliseconds"},
    )
    good = CounterExpression(
        allow_none=True,
        load_default=None,
        metadata={"description": "PromQL of the counters of good requests; their ranges are set, or `$window` is"},
    )
    bad = CounterExpression(
        allow_none=True, load_default=None, metadata={"description": "PromQL of the counters of bad requests"}
    )
    total = CounterExpression(
        allow_none=True, load_default=None, metadata={"description": "PromQL of the counters of all requests"}
    )
    alerts = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=True,
        metadata={"description": "Whether alerts fire while the error budget burns too fast"},
    )
    labels = fields.Dict(
        keys=Text(1, 128),
        values=Text(0, 1_024),
        load_default=dict,
        validate=[validate.Length(max=MOST_LABELS), _check_labels],
        metadata={"description": "Labels of its alerts", "example": {"team": "payments"}},
    )
    annotations = fields.Dict(
        keys=Text(1, 128),
        values=fields.String(validate=validate.Length(0, 10_000)),
        load_default=dict,
        validate=[validate.Length(max=MOST_LABELS), _check_labels],
        metadata={"description": "Annotations of its alerts"},
    )
    runbook = Link(allow_none=True, load_default=None, metadata={"description": "What to do; http or https"})
    description = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.Length(0, 10_000),
        metadata={"description": "What is promised, in words"},
    )

    @validates_schema(skip_on_field_errors=True)
    def check_indicator(self, data: Mapping[str, Any], **_: Any) -> None:
        """Check that there is one way to tell bad requests from good ones."""
        given = [name for name in ("good", "bad", "latency_ms") if data[name] is not None]
        if len(given) > 1:
            raise ValidationError(f"Only one of {' and '.join(given)} can be given.", given[1])
        is_counted = given[:1] in (["good"], ["bad"])
        if is_counted and data["total"] is None:
            raise ValidationError(f"Is needed beside `{given[0]}`.", "total")
        if data["total"] is not None and not is_counted:
            raise ValidationError("Needs `good` or `bad` beside it.", "total")
        if data["endpoint"] is not None and (is_counted or data["service"] is None):
            raise ValidationError("Needs a `service`, and no expressions.", "endpoint")
