"""What may be asked in query strings."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from analytics.errors import ValidationFailed
from analytics.records import AGGREGATES
from analytics.schemas.fields import Text, Timestamp
from analytics.schemas.heartbeat import MESSAGE_LIMIT, STATUSES, YEAR


def given_once(given: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """The one text of each name in a query string.

    Raises:
        ValidationFailed: a name is given twice.
    """
    texts_of = dict(given)
    for name, texts in texts_of.items():
        if len(texts) > 1:
            raise ValidationFailed(f"{name}: Must be given once.", fields={name: ["Must be given once."]})
    return {name: texts[0] for name, texts in texts_of.items()}


class When(Timestamp):
    """An RFC 3339 time; a `+` that the query string turned into a blank is put right."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and value[-6:-5] == " ":
            value = f"{value[:-6]}+{value[-5:]}"
        return super()._deserialize(value, *args, **kwargs)


class WholeNumber(fields.Integer):
    """Plain decimal digits, where Python would read more."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not re.fullmatch("-?[0-9]{1,20}", str(value)):
            raise self.make_error("invalid")
        return int(value)


def whole_number(least: int, most: int, default: int | None, about: str) -> fields.Integer:
    """A whole number within bounds."""
    return WholeNumber(
        load_default=default,
        validate=validate.Range(least, most, error=f"Must be {least} to {most}."),
        metadata={"description": about},
    )


class Query(Schema):
    """Base of all queries: what is not known is refused, so that a typing error does not pass for an answer."""

    class Meta:
        unknown = RAISE

    @pre_load
    def _drop_empty(self, given: dict[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in given.items() if value != ""}


class NoQuery(Query):
    """Nothing may be asked."""


class EventFilters(Query):
    """Which events are wanted; filters combine."""

    type = Text(1, 128, load_default=None, metadata={"description": "Events of this type"})
    service = Text(1, 128, load_default=None, metadata={"description": "Events of this service"})
    user_id = Text(1, 256, load_default=None, metadata={"description": "Events of this user"})
    q = Text(1, 256, load_default=None, metadata={"description": "Events whose JSON contains this text"})


class EventsQuery(EventFilters):
    """Filters of GET /events."""

    since = When(load_default=None, metadata={"description": "Events at or after this time"})
    until = When(load_default=None, metadata={"description": "Events before this time"})
    limit = whole_number(1, 1000, 100, "How many at most")
    cursor = whole_number(1, 2**63 - 1, None, "`next_cursor` of the answer before")


class ErrorsQuery(Query):
    """Filters of GET /errors."""

    service = Text(1, 128, load_default=None, metadata={"description": "Errors of this service"})
    limit = whole_number(1, 1000, 100, "How many groups at most")


class Seconds(fields.Float):
    """Seconds as plain decimal digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", str(value)):
            raise self.make_error("invalid")
        return float(value)


class PingQuery(Query):
    """A heartbeat in a query string."""

    status = fields.String(
        load_default=STATUSES[0],
        validate=validate.OneOf(STATUSES, error="Must be one of {choices}."),
        metadata={"description": "How the service finds itself"},
    )
    message = Text(0, MESSAGE_LIMIT, load_default=None, metadata={"description": "Shown beside the status"})
    instance = Text(1, 128, load_default=None, metadata={"description": "Which of several replicas this is"})
    interval = Seconds(
        load_default=None,
        validate=validate.Range(1, YEAR, error=f"Must be 1 to {YEAR} seconds."),
        metadata={"description": "Seconds between heartbeats, as they are planned"},
    )
    grace = Seconds(
        load_default=None,
        validate=validate.Range(0, YEAR, error=f"Must be 0 to {YEAR} seconds."),
        metadata={"description": "Seconds by which a heartbeat may be late"},
    )


class HistoryQuery(Query):
    """How much GET /services/{service}/history gives."""

    limit = whole_number(1, 1000, 100, "How many changes at most")


class SeriesQueryArgs(Query):
    """Filters of GET /series; each `tag.K=V` asks for that tag."""

    name = Text(1, 128, required=True, metadata={"description": "A metric, or requests, errors, latency, events"})
    service = Text(1, 128, load_default=None, metadata={"description": "Of this service; of all without it"})
    agg = fields.String(
        load_default="avg",
        validate=validate.OneOf(AGGREGATES, error="Must be one of {choices}."),
        metadata={"description": "What to tell of each bucket"},
    )
    start = When(data_key="from", load_default=None, metadata={"description": "Default: an hour before `to`"})
    end = When(data_key="to", load_default=None, metadata={"description": "Default: now"})
    step = whole_number(1, 90 * 86_400, None, "Seconds a bucket; chosen to fit the range without it")


class HoursQuery(Query):
    """How far GET /stats/hourly goes back."""

    hours = whole_number(1, 24 * 90, 24, "How many hours, the open one included")


class DaysQuery(Query):
    """How far GET /stats/daily goes back."""

    days = whole_number(1, 3650, 7, "How many days, the open one included")


EXPORT_FORMATS = ("ndjson", "csv", "json")


class ExportQuery(Query):
    """In which form GET /export/… answers."""

    format = fields.String(
        load_default=EXPORT_FORMATS[0],
        validate=validate.OneOf(EXPORT_FORMATS, error="Must be one of {choices}."),
        metadata={"description": "A JSON object a line, a table with a line of names, or one JSON document"},
    )
    bom = fields.String(
        load_default=None,
        validate=validate.OneOf(("0", "1"), error="Must be 0 or 1."),
        metadata={"description": "`1` puts a byte order mark first, by which spreadsheets know UTF-8; CSV only"},
    )

    @validates_schema
    def _mark_goes_with_csv(self, asked: dict[str, Any], **_: Any) -> None:
        if asked["bom"] == "1" and asked["format"] != "csv":
            raise ValidationError("Only goes with format=csv.", "bom")


class SpanExport(ExportQuery):
    """A span of time to export: for buckets, those that begin in it."""

    start = When(data_key="from", load_default=None, metadata={"description": "From this time on"})
    end = When(data_key="to", load_default=None, metadata={"description": "Before this time"})


class EventsExport(EventFilters, SpanExport):
    """Which events to export."""


class MetricsExport(SpanExport):
    """Which metrics to export; each `tag.K=V` asks for that tag."""

    name = Text(1, 128, load_default=None, metadata={"description": "Metrics of this name"})
    service = Text(1, 128, load_default=None, metadata={"description": "Metrics of this service"})


class ServicesExport(ExportQuery):
    """Which services to export."""

    service = Text(1, 128, load_default=None, metadata={"description": "This service only"})
