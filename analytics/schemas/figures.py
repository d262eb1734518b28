"""Schemas of answers with figures: dashboard, series and statistics."""

from marshmallow import fields

from analytics.kinds import KINDS
from analytics.records import AGGREGATES
from analytics.schemas.answers import AnswerSchema, choice, number, tally, text, time, whole
from analytics.schemas.responses import Job, Latencies, RecordedEvent
from analytics.schemas.services import HOUR_EXAMPLE, ServiceRow
from analytics.schemas.usual import BeyondUsual, UsualOverview


class PeriodFigures(Latencies):
    """Figures of a period, over all services."""

    requests = number("Requests", 15234)
    errors = number("Errors", 12)
    error_rate = number("Errors in percent of requests", 0.079)
    unique_users = whole("Distinct users", 45)
    events = whole("Events", 16020)


class HourBucket(PeriodFigures):
    """One hour."""

    hour = time("Its start", HOUR_EXAMPLE)


class DayBucket(PeriodFigures):
    """One day (UTC)."""

    date = fields.Date(metadata={"description": "The day", "example": "2024-01-15"})
    peak_hour = time("The start of its busiest hour", HOUR_EXAMPLE, allow_none=True)
    peak_requests = number("Requests in that hour", 2210)


class DayPeak(AnswerSchema):
    """Peak of a day with data."""

    date = fields.Date(metadata={"description": "The day", "example": "2024-01-15"})
    peak_hour = time("The start of its busiest hour", HOUR_EXAMPLE, allow_none=True)
    peak_requests = number("Requests in that hour", 2210)
    unique_users = whole("Distinct users", 45)


class HourlyStats(AnswerSchema):
    """Statistics by hour, oldest first; the last hour is still open."""

    hours = whole("How many hours", 24)
    buckets = fields.List(fields.Nested(HourBucket))


class DailyStats(AnswerSchema):
    """Statistics by day, oldest first; today is still open."""

    days = whole("How many days", 7)
    buckets = fields.List(fields.Nested(DayBucket))


class Totals(AnswerSchema):
    """Totals of the retention period, and the number of stored items."""

    events = whole("Events", 16020)
    requests = number("Requests", 123456)
    errors = number("Errors", 617)
    services = whole("Services known", 9)
    series = whole("Series stored", 240)
    limited_series = whole("Series that count towards ANALYTICS_MAX_SERIES", 180)
    endpoints = whole("Endpoints stored", 64)
    events_kept = whole("Events stored, which can be read", 10000)
    metrics_kept = whole("Metrics stored", 10000)


class Outcomes(AnswerSchema):
    """Outcomes of received items since the start."""

    accepted = whole("Recorded", 16020)
    duplicates = whole("Ignored because the id was recorded before", 3)
    rejected = whole("Rejected as invalid", 1)


RECEIVED = [kind.name for kind in KINDS.values() if kind.is_received]
Ingest = AnswerSchema.from_dict({name: fields.Nested(Outcomes) for name in RECEIVED}, name="Ingest")
"""Outcomes by kind of record."""


class Oldest(AnswerSchema):
    """Time of the oldest stored data by type: its arrival, or the start of its bucket; null if there is none."""

    events = time("Oldest event", allow_none=True)
    logs = time("Oldest log line in memory", allow_none=True)
    spans = time("Oldest span in memory", allow_none=True)
    metrics = time("Oldest metric", allow_none=True)
    seconds = time("Oldest bucket of a second", allow_none=True)
    minutes = time("Oldest bucket of a minute", allow_none=True)
    hours = time("Oldest bucket of an hour", HOUR_EXAMPLE, allow_none=True)
    days = time("Oldest bucket of a day", "2024-01-15T00:00:00Z", allow_none=True)


class Consumer(AnswerSchema):
    """Progress of a consumer of the log."""

    position = whole("Number of the last log entry that it has processed", 4711)
    missed = whole("Log entries that were pruned before it had read them", 0)


class LeftOutFile(AnswerSchema):
    """A file of the long-term store that is left out."""

    name = text("Path of the file in the folder of the store", "events/day=2024-01-15/0-1-9-0.0.parquet")
    reason = text("Why", "its content has changed: its checksum is wrong")


class LongTerm(AnswerSchema):
    """The long-term store: records in files, for months."""

    files = whole("Files that are read", 120)
    rows = whole("Events, log lines and spans in them", 1204000)
    rows_by_kind = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={
            "description": "The same by kind: `events`, `logs`, `spans`",
            "example": {"events": 1000000, "logs": 200000, "spans": 4000},
        },
    )
    bytes = whole("Size of all files, those that are left out included", 56000000)
    bytes_by_kind = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={
            "description": "The same by kind: `events`, `logs`, `spans`, and `numbers` (minutes, hours and days)",
            "example": {"events": 40000000, "logs": 12000000, "spans": 1000000, "numbers": 3000000},
        },
    )
    days_by_kind = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={
            "description": "Days that are kept, by kind: of records, and of `minutes`, `hours` and `days`",
            "example": {"events": 90, "logs": 30, "spans": 14, "minutes": 30, "hours": 730, "days": 3650},
        },
    )
    waiting = whole("Records that are in no file yet; they are found all the same", 320)
    oldest_day = text("Oldest day with files that are read", "2024-01-15", allow_none=True)
    newest_day = text("Newest day with files that are read", "2024-04-14", allow_none=True)
    max_bytes = whole(
        "Size of events, log lines and spans beyond which the oldest day of the largest kind is deleted", 20000000000
    )
    free_bytes = whole("Free bytes of the disk", 300000000000)
    low_bytes = whole("Free bytes below which ANALYTICS_STORE_LOW_DISK applies", 1073741824)
    erasing = whole("Erasures that are not complete in all files", 0)
    memory_bytes = whole("Resident memory of the store's process", 73400320)
    damaged = fields.List(fields.Nested(LeftOutFile), metadata={"description": "Files that are left out"})
    trouble = text("Why it cannot be read or written now; null if it can", None, allow_none=True)


class Storage(AnswerSchema):
    """Storage of records."""

    kind = text("`disk`, or `memory` if nothing is stored", "disk")
    durability = text(
        "Durability of acknowledged records (ANALYTICS_DURABILITY); null in memory", "process", allow_none=True
    )
    bytes = whole("Size on disk", 12582912)
    trouble = text("Why nothing can be recorded now; null if it can", None, allow_none=True)
    consumers = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Consumer),
        metadata={"description": "Consumers of the log, by name", "example": {}},
    )
    long_term = fields.Nested(LongTerm, allow_none=True)
    oldest = fields.Nested(Oldest)


class Sink(AnswerSchema):
    """A database that closed minutes, hours and days are written to."""

    name = text("Its kind", "influx")
    target = text("Its address", "http://influx.example:8086 (analytics)")
    state = choice(
        "`waiting` while it takes nothing, `behind` while it gets what it missed",
        ("starting", "current", "behind", "waiting"),
    )
    behind_seconds = number("Age of the oldest closed minute that it does not have; 0 if it has all", 0.0)
    late_buckets = whole("Delivered minutes, hours and days that changed since", 0)
    written_lines = whole("Lines that it took since the start", 120000)
    refused_lines = whole("Lines that it refused since the start", 0)
    missed_minutes = whole("Minutes that expired before it could get them; it has their hours and days", 0)
    last_error = text("Why it takes nothing, or last refused lines; null without any", None, allow_none=True)
    last_success = time("When it last answered a write; null if it has not", allow_none=True)


class Stats(AnswerSchema):
    """All statistics, and the state of the service itself."""

    uptime_seconds = number("Seconds since the start", 86400.5)
    started_at = time("When it started")
    memory_bytes = whole("Resident memory", 73400320)
    totals = fields.Nested(Totals)
    ingest = fields.Nested(Ingest)
    drops = tally("Records rejected and names folded together at a limit, by reason", {"validation_failed": 1})
    refusals = tally("Requests refused by their headers since the start, by reason", {"unknown_key": 2})
    redacted = tally("Fields and texts that were redacted before they were recorded, by rule", {"secrets": 12})
    storage = fields.Nested(Storage)
    sinks = fields.List(fields.Nested(Sink), metadata={"description": "Other databases that get the figures"})
    jobs = fields.List(fields.Nested(Job), metadata={"description": "Background jobs of the service"})
    events_by_type = tally("Events by type, most first", {"product_view": 9011, "purchase": 310})
    events_by_service = tally("Events by service, most first", {"frontend": 12004, "checkout": 310})
    last_24_hours = fields.Nested(PeriodFigures)
    today = fields.Nested(DayBucket)
    days = fields.List(fields.Nested(DayPeak), metadata={"description": "Each day with data, oldest first"})


class Point(AnswerSchema):
    """Bucket of a series."""

    timestamp = time("The start of the bucket", HOUR_EXAMPLE)
    value = number("Value; null if nothing was observed and the value is not a count", 45.2, allow_none=True)


class Series(AnswerSchema):
    """Points of a series, oldest first."""

    name = text("Name of the series", "latency")
    service = text("Service; null for all services", "productcatalog", allow_none=True)
    tags = fields.Dict(values=fields.String(), metadata={"description": "Tags in the query", "example": {}})
    agg = choice("Aggregate in each value", AGGREGATES)
    step = whole("Length of a bucket in seconds", 60)
    start = time("The start of the first bucket", HOUR_EXAMPLE, data_key="from")
    end = time("The end of the last bucket", "2024-01-15T11:00:00Z", data_key="to")
    unit = text("Unit, as last sent", "ms", allow_none=True)
    points = fields.List(fields.Nested(Point))
    annotations = fields.List(
        fields.String(),
        metadata={"description": "Which points come from another database; empty if none do", "example": []},
    )


class Overview(AnswerSchema):
    """Figures over all services, of the last minute unless stated otherwise."""

    total_requests = number("Requests in the retention period", 123456)
    active_users = whole("Distinct users in the last five minutes", 45)
    average_latency_ms = number("Average latency; 0 without any", 25.3)
    mean_latency_ms = number("Average latency; null without any", 25.3, allow_none=True)
    error_rate = number("Errors in percent of requests, 0 to 100", 0.5)
    requests_per_second = number("Requests per second", 42.5)


class TopEndpoint(AnswerSchema):
    """One of the ten busiest endpoints of the last minute."""

    endpoint = text("Its path", "/products")
    service = text("Service of the endpoint", "productcatalog")
    mean_latency_ms = number("Average latency; null without any", 22.1, allow_none=True)
    count = number("Requests", 450)
    avg_time_ms = number("Average latency; 0 without any", 22.1)


class RealtimeStats(AnswerSchema):
    """Current activity."""

    requests_last_1min = number("Requests in the last minute", 125)
    errors_last_1min = number("Errors in the last minute", 2)
    active_connections = whole("Live dashboard connections", 8)
    top_endpoints = fields.List(fields.Nested(TopEndpoint), metadata={"description": "Busiest first, at most 10"})
    recent_events = fields.List(fields.Nested(RecordedEvent), metadata={"description": "Newest first, at most 20"})


class Dashboard(AnswerSchema):
    """Dashboard snapshot."""

    overview = fields.Nested(Overview)
    services = fields.Dict(
        keys=text("Name of the service", "productcatalog"),
        values=fields.Nested(ServiceRow),
        metadata={"description": "Rows by name"},
    )
    realtime_stats = fields.Nested(RealtimeStats)
    unusual = fields.Dict(
        keys=text("Name of the service", "productcatalog"),
        values=fields.Nested(BeyondUsual),
        metadata={"description": "Services whose errors or latency are well beyond the usual"},
    )
    usual = fields.Nested(UsualOverview)
    updated_at = time("When the snapshot was made")
