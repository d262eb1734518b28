"""What the service answers in figures: services, dashboard, series and statistics."""

from marshmallow import fields

from analytics.kinds import KINDS
from analytics.records import AGGREGATES
from analytics.schemas.responses import Answer, Job, Latencies, RecordedEvent, choice, number, tally, text, time, whole
from analytics.schemas.services import HOUR, ServiceRow


class Summary(Latencies):
    """A span of time over all services."""

    requests = number("Requests", 15234)
    errors = number("Errors", 12)
    error_rate = number("Errors in percent of requests", 0.079)
    unique_users = whole("Distinct users", 45)
    events = whole("Events", 16020)


class HourBucket(Summary):
    """One hour."""

    hour = time("Its start", HOUR)


class DayBucket(Summary):
    """One day (UTC)."""

    date = fields.Date(metadata={"description": "The day", "example": "2024-01-15"})
    peak_hour = time("The start of its busiest hour", HOUR, allow_none=True)
    peak_requests = number("Requests in that hour", 2210)


class DayPeak(Answer):
    """The peak of one day that saw anything."""

    date = fields.Date(metadata={"description": "The day", "example": "2024-01-15"})
    peak_hour = time("The start of its busiest hour", HOUR, allow_none=True)
    peak_requests = number("Requests in that hour", 2210)
    unique_users = whole("Distinct users", 45)


class HourlyStats(Answer):
    """Statistics by hour, oldest first; the last hour is still open."""

    hours = whole("How many hours", 24)
    buckets = fields.List(fields.Nested(HourBucket))


class DailyStats(Answer):
    """Statistics by day, oldest first; today is still open."""

    days = whole("How many days", 7)
    buckets = fields.List(fields.Nested(DayBucket))


class Totals(Answer):
    """What was recorded over the retained time, and what is kept of it."""

    events = whole("Events", 16020)
    requests = number("Requests", 123456)
    errors = number("Errors", 617)
    services = whole("Services known", 9)
    series = whole("Series kept", 240)
    limited_series = whole("Series that count towards ANALYTICS_MAX_SERIES", 180)
    endpoints = whole("Endpoints kept", 64)
    events_kept = whole("Events that can be read back", 10000)
    metrics_kept = whole("Metrics kept", 10000)


class Outcomes(Answer):
    """What became of items sent, since the start."""

    accepted = whole("Recorded", 16020)
    duplicates = whole("Recorded before", 3)
    rejected = whole("Turned away", 1)


RECEIVED = [kind.name for kind in KINDS.values() if kind.is_received]
Ingest = Answer.from_dict({name: fields.Nested(Outcomes) for name in RECEIVED}, name="Ingest")
"""Outcomes by kind of record."""


class Oldest(Answer):
    """When the oldest of what is kept came in, or begins; null where nothing is."""

    events = time("Of the events that can be read back", allow_none=True)
    metrics = time("Of the metrics", allow_none=True)
    seconds = time("Of the statistics by second", allow_none=True)
    minutes = time("Of those by minute", allow_none=True)
    hours = time("Of those by hour", HOUR, allow_none=True)
    days = time("Of those by day", "2024-01-15T00:00:00Z", allow_none=True)


class Consumer(Answer):
    """How far a consumer has read the log."""

    position = whole("The number of the last entry that it has dealt with", 4711)
    missed = whole("Entries that were pruned before it had read them", 0)


class Storage(Answer):
    """Where records are kept."""

    kind = text("`disk`, or in `memory` alone", "disk")
    durability = text("What an acknowledged record survives; null in memory alone", "process", allow_none=True)
    bytes = whole("Size on the disk", 12582912)
    trouble = text("Why nothing can be recorded now; null where all is well", None, allow_none=True)
    consumers = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Consumer),
        metadata={"description": "What reads the log by a cursor of its own, by name", "example": {}},
    )
    oldest = fields.Nested(Oldest)


class Stats(Answer):
    """What the service knows of its work and of itself."""

    uptime_seconds = number("Seconds since the start", 86400.5)
    started_at = time("When it started")
    memory_bytes = whole("Resident memory", 73400320)
    totals = fields.Nested(Totals)
    ingest = fields.Nested(Ingest)
    drops = tally("What was turned away or folded, by reason", {"validation_failed": 1})
    storage = fields.Nested(Storage)
    jobs = fields.List(fields.Nested(Job), metadata={"description": "What the service does by itself"})
    events_by_type = tally("Events by type, most first", {"product_view": 9011, "purchase": 310})
    events_by_service = tally("Events by service, most first", {"frontend": 12004, "checkout": 310})
    last_24_hours = fields.Nested(Summary)
    today = fields.Nested(DayBucket)
    days = fields.List(fields.Nested(DayPeak), metadata={"description": "Each day that saw anything, oldest first"})


class Point(Answer):
    """One bucket of a series."""

    timestamp = time("The start of the bucket", HOUR)
    value = number("Its value; null where nothing was observed and 0 would not be true", 45.2, allow_none=True)


class Series(Answer):
    """Points of one series, oldest first."""

    name = text("The series", "latency")
    service = text("Of this service; null: of all", "productcatalog", allow_none=True)
    tags = fields.Dict(values=fields.String(), metadata={"description": "The tags asked for", "example": {}})
    agg = choice("What each value tells of its bucket", AGGREGATES)
    step = whole("Seconds a bucket", 60)
    start = time("The start of the first bucket", HOUR, data_key="from")
    end = time("The end of the last bucket", "2024-01-15T11:00:00Z", data_key="to")
    unit = text("The unit, as it was last sent", "ms", allow_none=True)
    points = fields.List(fields.Nested(Point))


class Overview(Answer):
    """Five figures over all services; but for the total, of the last minute."""

    total_requests = number("Requests over the retained time", 123456)
    active_users = whole("Distinct users of the last five minutes", 45)
    average_latency_ms = number("Average latency; 0 where there was none", 25.3)
    mean_latency_ms = number("Average latency; null where there was none", 25.3, allow_none=True)
    error_rate = number("Errors in percent of requests, 0 to 100", 0.5)
    requests_per_second = number("Requests a second", 42.5)


class TopEndpoint(Answer):
    """One of the ten busiest endpoints of the last minute."""

    endpoint = text("Its path", "/products")
    service = text("Whose endpoint", "productcatalog")
    mean_latency_ms = number("Average latency; null where there was none", 22.1, allow_none=True)
    count = number("Requests", 450)
    avg_time_ms = number("Average latency; 0 where there was none", 22.1)


class RealtimeStats(Answer):
    """What happens now."""

    requests_last_1min = number("Requests of the last minute", 125)
    errors_last_1min = number("Errors of the last minute", 2)
    active_connections = whole("Live dashboard connections", 8)
    top_endpoints = fields.List(fields.Nested(TopEndpoint), metadata={"description": "Busiest first, at most 10"})
    recent_events = fields.List(fields.Nested(RecordedEvent), metadata={"description": "Newest first, at most 20"})


class Dashboard(Answer):
    """The whole snapshot."""

    overview = fields.Nested(Overview)
    services = fields.Dict(
        keys=text("Its name", "productcatalog"),
        values=fields.Nested(ServiceRow),
        metadata={"description": "Rows by name"},
    )
    realtime_stats = fields.Nested(RealtimeStats)
    updated_at = time("When the snapshot was made")
