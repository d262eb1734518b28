"""Schemas of query strings."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from analytics.errors import ValidationFailed
from analytics.filters.parse import MAX_FILTER_LENGTH
from analytics.records import AGGREGATES
from analytics.schemas.fields import OneOf, Text, Timestamp
from analytics.schemas.heartbeat import MAX_INTERVAL, MESSAGE_LIMIT, STATUSES


def given_once(given: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """Value of each parameter in a query string.

    Raises:
        ValidationFailed: a parameter is given twice.
    """
    texts_of = dict(given)
    for name, texts in texts_of.items():
        if len(texts) > 1:
            raise ValidationFailed(f"{name}: Must be given once.", fields={name: ["Must be given once."]})
    return {name: texts[0] for name, texts in texts_of.items()}


class When(Timestamp):
    """RFC 3339 time in a query string, in which an unescaped `+` arrives as a blank; the blank is accepted."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and value[-6:-5] == " ":
            value = f"{value[:-6]}+{value[-5:]}"
        return super()._deserialize(value, *args, **kwargs)


class WholeNumber(fields.Integer):
    """Integer in plain decimal digits; Python's `int` accepts more."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not re.fullmatch("-?[0-9]{1,20}", str(value)):
            raise self.make_error("invalid")
        return int(value)


def whole_number(least: int, most: int, default: int | None, about: str) -> fields.Integer:
    """Field for a whole number from `least` to `most`."""
    return WholeNumber(
        load_default=default,
        validate=validate.Range(least, most, error=f"Must be {least} to {most}."),
        metadata={"description": about},
    )


class Query(Schema):
    """Base of all queries. Unknown parameters are refused, so that a typing error is not silently ignored."""

    class Meta:
        unknown = RAISE

    @pre_load
    def _drop_empty(self, given: dict[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in given.items() if value != ""}


class NoQuery(Query):
    """No parameters."""


class EventFilters(Query):
    """Filters of events; all of them have to match."""

    type = Text(1, 128, load_default=None, metadata={"description": "Events of this type"})
    service = Text(1, 128, load_default=None, metadata={"description": "Events of this service"})
    user_id = Text(1, 256, load_default=None, metadata={"description": "Events of this user"})
    q = Text(
        1,
        MAX_FILTER_LENGTH,
        load_default=None,
        metadata={
            "description": "Events that match this filter, such as `data.total>=100 -user:bot*`, or have this text"
        },
    )


class EventCursor(fields.String):
    """Cursor of GET /events: the number of an event, and before it, in the order of time, its time in microseconds."""

    def _deserialize(  # type: ignore[override]
        self, value: Any, *_: Any, **__: Any
    ) -> tuple[int | None, int]:
        found = re.fullmatch(r"(?:(-?[0-9]{1,19})-)?([0-9]{1,19})", str(value))
        at = int(found[1]) if found and found[1] else None
        number = int(found[2]) if found else 0
        if number >= 2**63 or abs(at or 0) >= 2**63 or (at is None and number == 0):
            raise ValidationError("Must be the `next_cursor` of an answer.")
        return at, number


class EventsQuery(EventFilters):
    """Filters of GET /events, besides `data.K=V`."""

    since = When(load_default=None, metadata={"description": "Events at or after this time"})
    until = When(load_default=None, metadata={"description": "Events before this time"})
    limit = whole_number(1, 1000, 100, "Maximum number of events; there are fewer where they are longer than 2 MiB")
    order = OneOf(
        ("arrival", "time"),
        load_default="arrival",
        metadata={"description": "Newest first by when they arrived, or by when they happened"},
    )
    cursor = EventCursor(
        load_default=None, metadata={"description": "`next_cursor` of the previous page, with the same `order`"}
    )

    @validates_schema
    def _cursor_goes_with_order(self, asked: dict[str, Any], **_: Any) -> None:
        cursor = asked["cursor"]
        if cursor is not None and (cursor[0] is None) == (asked["order"] == "time"):
            raise ValidationError("Must be the `next_cursor` of an answer in the same order.", "cursor")


class Seconds(fields.Float):
    """Seconds in plain decimal digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", str(value)):
            raise self.make_error("invalid")
        return float(value)


class PingQuery(Query):
    """Heartbeat in a query string."""

    status = fields.String(
        load_default=STATUSES[0],
        validate=validate.OneOf(STATUSES, error="Must be one of {choices}."),
        metadata={"description": "Status of the service, by its own judgement"},
    )
    message = Text(0, MESSAGE_LIMIT, load_default=None, metadata={"description": "Text shown with the status"})
    instance = Text(1, 128, load_default=None, metadata={"description": "Name of the replica"})
    interval = Seconds(
        load_default=None,
        validate=validate.Range(1, MAX_INTERVAL, error=f"Must be 1 to {MAX_INTERVAL} seconds."),
        metadata={"description": "Planned seconds between heartbeats"},
    )
    grace = Seconds(
        load_default=None,
        validate=validate.Range(0, MAX_INTERVAL, error=f"Must be 0 to {MAX_INTERVAL} seconds."),
        metadata={"description": "Seconds that a heartbeat may be late"},
    )


class HistoryQuery(Query):
    """Parameters of GET /services/{service}/history."""

    limit = whole_number(1, 1000, 100, "Maximum number of changes")


class CardinalityQuery(Query):
    """Parameters of GET /stats/cardinality."""

    limit = whole_number(1, 1000, 20, "Maximum number of names, labels and services")


class SeriesQueryArgs(Query):
    """Parameters of GET /series, besides `tag.K=V`."""

    name = Text(
        1,
        128,
        required=True,
        metadata={"description": "Name of a metric, or `requests`, `errors`, `latency`, `events`"},
    )
    service = Text(1, 128, load_default=None, metadata={"description": "Only this service; default: all services"})
    agg = fields.String(
        load_default="avg",
        validate=validate.OneOf(AGGREGATES, error="Must be one of {choices}."),
        metadata={"description": "Aggregate to compute for each bucket"},
    )
    start = When(data_key="from", load_default=None, metadata={"description": "Start; default: an hour before `to`"})
    end = When(data_key="to", load_default=None, metadata={"description": "End; default: now"})
    step = whole_number(1, 90 * 86_400, None, "Length of a bucket in seconds; default: chosen by the range")


class SummaryQueryArgs(Query):
    """Parameters of GET /summary."""

    start = When(data_key="from", load_default=None, metadata={"description": "Start; default: an hour before `to`"})
    end = When(data_key="to", load_default=None, metadata={"description": "End; default: now"})
    step = whole_number(
        1, 86_400, None, "Length in seconds of the shortest buckets wanted; default: the shortest that are kept"
    )
    service = Text(1, 128, load_default=None, metadata={"description": "Only this service; default: all services"})
    endpoints = whole_number(0, 1000, 10, "Maximum number of endpoints")


class HoursQuery(Query):
    """Parameters of GET /stats/hourly."""

    hours = whole_number(1, 24 * 90, 24, "Number of hours, including the current one")


class DaysQuery(Query):
    """Parameters of GET /stats/daily."""

    days = whole_number(1, 3650, 7, "Number of days, including today")


EXPORT_FORMATS = ("ndjson", "csv", "json")


class ExportQuery(Query):
    """Format of GET /export/…."""

    format = fields.String(
        load_default=EXPORT_FORMATS[0],
        validate=validate.OneOf(EXPORT_FORMATS, error="Must be one of {choices}."),
        metadata={"description": "NDJSON (one object per line), CSV with a header line, or one JSON document"},
    )
    bom = fields.String(
        load_default=None,
        validate=validate.OneOf(("0", "1"), error="Must be 0 or 1."),
        metadata={"description": "`1` adds a byte order mark, so that spreadsheets detect UTF-8; CSV only"},
    )

    @validates_schema
    def _mark_goes_with_csv(self, asked: dict[str, Any], **_: Any) -> None:
        if asked["bom"] == "1" and asked["format"] != "csv":
            raise ValidationError("Allowed only with format=csv.", "bom")


class SpanExport(ExportQuery):
    """Period to export; a bucket belongs to the period in which it starts."""

    start = When(data_key="from", load_default=None, metadata={"description": "Data at or after this time"})
    end = When(data_key="to", load_default=None, metadata={"description": "Data before this time"})


class EventsExport(EventFilters, SpanExport):
    """Parameters of GET /export/events."""


class MetricsExport(SpanExport):
    """Parameters of GET /export/metrics, besides `tag.K=V`."""

    name = Text(1, 128, load_default=None, metadata={"description": "Metrics of this name"})
    service = Text(1, 128, load_default=None, metadata={"description": "Metrics of this service"})


class ServicesExport(ExportQuery):
    """Parameters of GET /export/services."""

    service = Text(1, 128, load_default=None, metadata={"description": "Only this service"})
