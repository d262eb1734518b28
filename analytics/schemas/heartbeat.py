"""Schema of heartbeats."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, post_load, validate, validates

from analytics.records import NewHeartbeat
from analytics.schemas.fields import JsonObject, Number, Text, check_numbers

STATUSES = ("healthy", "degraded", "unhealthy", "maintenance")
MAX_INTERVAL = 366 * 86_400
"""The longest interval, in seconds."""
MESSAGE_LIMIT = 500
FIGURES = ("request_count", "error_count", "avg_latency", "uptime")


class HeartbeatSchema(Schema):
    """Heartbeat sent by a service."""

    class Meta:
        unknown = RAISE

    service = Text(1, 128, required=True, metadata={"description": "Name of the service", "example": "productcatalog"})
    status = Text(
        1,
        32,
        required=True,
        metadata={
            "description": "Status of the service, by its own judgement",
            "enum": list(STATUSES),
            "example": "healthy",
        },
    )
    metrics = JsonObject(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "`request_count` and `error_count` (cumulative), `avg_latency` (ms) and `uptime` (hours), "
            "each a number of at least 0. Other fields are stored unchanged."
        },
    )

    instance = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Name of the replica; each replica has its own counters", "example": "web-1"},
    )
    interval = Number(
        1,
        MAX_INTERVAL,
        allow_none=True,
        load_default=None,
        metadata={"description": "Planned seconds between heartbeats", "example": 3600},
    )
    grace = Number(
        0,
        MAX_INTERVAL,
        allow_none=True,
        load_default=None,
        metadata={"description": "Seconds that a heartbeat may be late", "example": 300},
    )
    message = Text(
        0,
        MESSAGE_LIMIT,
        allow_none=True,
        load_default=None,
        metadata={"description": "Text shown with the status", "example": "42 rows copied"},
    )

    @validates("status")
    def _known(self, value: str, data_key: str) -> None:
        if value not in STATUSES:
            raise ValidationError(f"{value!r} is not one of {', '.join(STATUSES)}.")

    @validates("metrics")
    def _figures(self, value: dict[str, Any] | None, data_key: str) -> None:
        wrong: dict[str, list[str]] = {}
        for figure in FIGURES:
            given = (value or {}).get(figure)
            if given is not None:
                try:
                    validate.Range(min=0, error="Must not be negative.")(Number().deserialize(given))
                except ValidationError as error:
                    wrong[figure] = [str(message) for message in error.messages]
        if wrong:
            raise ValidationError(dict(wrong))
        check_numbers(value)

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> NewHeartbeat:
        return NewHeartbeat(**loaded)
