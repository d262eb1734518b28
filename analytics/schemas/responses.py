"""Schemas of answers: errors, receipts, events and the service's own health. Statistics are in `figures.py`."""

from marshmallow import fields

from analytics.records import SERVICE_NAME
from analytics.schemas.answers import TIME, AnswerSchema, choice, number, text, time, whole
from analytics.schemas.error_groups import FINGERPRINT, FingerprintGroup
from analytics.schemas.fields import JsonObject, Timestamp

JOB_STATES = ("running", "waiting", "restarting", "stalled", "failed", "stopped", "done")
STATES = ("healthy", "degraded", "unhealthy", "maintenance", "stale", "down", "unknown")


class Latencies(AnswerSchema):
    """Latency in ms; null without any."""

    avg_latency_ms = number("Average", 18.2, allow_none=True)
    p50_latency_ms = number("Median", 15.1, allow_none=True)
    p95_latency_ms = number("95th percentile", 41.7, allow_none=True)
    p99_latency_ms = number("99th percentile", 88.4, allow_none=True)


class Problem(AnswerSchema):
    """Reason why a request failed."""

    code = text("Stable error code", "validation_failed")
    message = text("Explanation for people", "service: Missing data for required field.")
    by_field = fields.Dict(
        data_key="fields",
        values=fields.List(fields.String()),
        metadata={
            "description": "Problems by field; names of nested fields are dotted",
            "example": {"service": ["Missing data for required field."]},
        },
    )


class Error(AnswerSchema):
    """Error answer."""

    error = fields.Nested(Problem)


class ItemProblem(AnswerSchema):
    """Reason why an item of a batch was rejected."""

    index = whole("Index of the item in the batch, from 0", 3)
    code = text("Stable error code", "validation_failed")
    message = text("Explanation for people", "Missing data for required field.")
    field = fields.String(metadata={"description": "The invalid field", "example": "service", "optional": True})


class Receipt(AnswerSchema):
    """Outcome of a batch: each item is accepted, a duplicate, or rejected with a reason."""

    accepted = whole("Items recorded", 998)
    duplicates = whole("Items whose id was recorded before; they are counted once", 1)
    rejected = whole("Items not recorded", 1)
    errors = fields.List(
        fields.Nested(ItemProblem), metadata={"description": "Reasons for the first 100 rejected items"}
    )


class NothingAccepted(Receipt):
    """Receipt of a batch in which every item was rejected."""

    error = fields.Nested(Problem)


class EventTaken(AnswerSchema):
    """Outcome of a single event."""

    message = choice("Whether its id was recorded before", ("event tracked", "event tracked before"))
    id = text("Id of the event; generated if it had none", "1f0c2a9b3d-18c2f0a1b2c-7-0")
    timestamp = time("When it happened")


class RecordTaken(AnswerSchema):
    """Outcome of a single log line or span."""

    message = choice(
        "Whether its id was recorded before",
        ("log line recorded", "log line recorded before", "span recorded", "span recorded before"),
    )


class MetricTaken(AnswerSchema):
    """Outcome of a single metric."""

    message = choice("Whether its id was recorded before", ("metric recorded", "metric recorded before"))
    name = text("Name of the metric", "latency")
    id = text("Id of the metric; generated if it had none", "1f0c2a9b3d-18c2f0a1b2c-8-0")
    timestamp = time("When it was measured")


class HeartbeatTaken(AnswerSchema):
    """Outcome of a heartbeat."""

    message = choice("Always this", ("heartbeat recorded",))
    service = text("Name of the service", "productcatalog")
    status = choice("Status that it reported", STATES[:4])


class ExportedEvent(AnswerSchema):
    """Event in the form that POST /events accepts."""

    type = text("What happened", "purchase")
    service = text("Where it happened", "checkout")
    user_id = text("Who did it", "user-123", allow_none=True)
    timestamp = time("When it happened")
    data = JsonObject(
        metadata={"description": "Any other fields", "example": {"order_id": "ORDER-123", "total": 99.99}},
    )
    id = text("Its id", "1f0c2a9b3d-18c2f0a1b2c-7-0")


class RecordedEvent(ExportedEvent):
    """Stored event."""

    received_at = Timestamp(
        metadata={
            "description": "When it arrived; only if the client sent a timestamp",
            "example": TIME,
            "optional": True,
        }
    )


class ErrorGroup(AnswerSchema):
    """Errors with equal service, type, message, endpoint and status."""

    service = text("Where they occurred", "checkout")
    type = text("Type of the events: `error`, or `request` for failed requests", "error")
    message = text("`message`, `error`, `reason` or `exception` of their data", "card declined", allow_none=True)
    endpoint = text("`endpoint` of their data", "/checkout", allow_none=True)
    status = fields.Raw(
        allow_none=True, metadata={"description": "`status` of their data: a number or text", "example": 503}
    )
    count = whole("Number of stored errors in this group", 3)
    first = time("Time of the oldest error in this group")
    last = time("Time of the newest error in this group")
    fingerprint = text("Of the one of the `groups` that the newest error is in", FINGERPRINT)
    latest = fields.Nested(RecordedEvent, metadata={"description": "The newest error in this group"})


class ErrorPage(AnswerSchema):
    """The newest errors, grouped."""

    errors = fields.List(fields.Nested(ErrorGroup), metadata={"description": "The newest group first"})
    count = whole("Number of groups in this answer", 1)
    limit = whole("Limit in the query", 100)
    kept = whole("Number of stored errors in all groups, including those beyond the limit", 3)
    groups = fields.List(
        fields.Nested(FingerprintGroup),
        metadata={"description": "All errors, also of spans and log lines, by their fingerprints; the newest first"},
    )


class HealthStats(AnswerSchema):
    """Figures for monitors."""

    connected_clients = whole("Live dashboard connections", 8)
    total_events = whole("Events in the retention period", 16020)
    tracked_services = whole("Services known", 9)


class ConfigError(AnswerSchema):
    """An error in a configuration file."""

    file = text("Its name", "deploys.yaml")
    line = fields.Integer(allow_none=True, metadata={"description": "Where it is, if that is known", "example": 3})
    field = text("What is wrong in it", "annotations.deploy.text", allow_none=True)
    reason = text("Why", "Missing data for required field.")


class Config(AnswerSchema):
    """The files read from ANALYTICS_CONFIG_DIR."""

    folder = text("The folder", "/etc/analytics")
    files = whole("How many files it has", 2)
    loaded_at = time("When it was read")
    errors = fields.List(
        fields.Nested(ConfigError),
        metadata={
            "description": "The first 100 errors; a file with errors is not applied: its resources stay as they were"
        },
    )
    more_errors = whole("How many more errors there are", 0)


class Job(AnswerSchema):
    """Background job of the service."""

    name = text("Its name", "ticker")
    state = choice("Current state; `restarting`, `stalled` and `failed` make the service degraded", JOB_STATES)
    runs = whole("Number of runs; for a job that runs for ever, number of starts", 86400)
    failures = whole("Number of failures", 0)
    skipped = whole("Number of runs skipped because they were late", 2)
    last_error = text("Newest error; null without any", None, allow_none=True)
    last_success = time("When it last succeeded; null if it has not, or runs for ever", allow_none=True)
    lateness_seconds = number("Delay of the newest run; null for jobs that are not periodic", 0.002, allow_none=True)


class AccessState(AnswerSchema):
    """Who may read and write."""

    keys_required = fields.Boolean(metadata={"description": "Whether requests need a key", "example": False})
    warning = text("Why the service should not be run like this; null if nothing is wrong", None, allow_none=True)


class BareStatus(AnswerSchema):
    """The status alone, for senders without the scope `read` where keys are required."""

    status = choice("Status of the service itself", ("healthy", "degraded", "unhealthy", "ready", "unavailable"))


class Health(AnswerSchema):
    """Health of the service itself."""

    status = choice("Status of the service itself", ("healthy", "degraded", "unhealthy"))
    service = choice("Name of the service itself", (SERVICE_NAME,))
    timestamp = time("Now")
    reasons = fields.List(
        fields.String(), metadata={"description": "Why it is not healthy; empty if it is", "example": []}
    )
    uptime_seconds = number("Seconds since the start", 86400.5)
    storage = text("`disk`, or `memory` if nothing is stored", "disk")
    durability = text(
        "Durability of acknowledged records (ANALYTICS_DURABILITY); null in memory", "process", allow_none=True
    )
    jobs = fields.List(fields.Nested(Job), metadata={"description": "Its background jobs"})
    stats = fields.Nested(HealthStats)
    config = fields.Nested(
        Config, allow_none=True, metadata={"description": "Null without ANALYTICS_CONFIG_DIR", "example": None}
    )
    access = fields.Nested(AccessState)


class Liveness(AnswerSchema):
    """The process is alive."""

    status = choice("Always this", ("alive",))


class Readiness(AnswerSchema):
    """Whether the service should get requests now."""

    status = choice("`unavailable` goes with a 503", ("ready", "unavailable"))
    reasons = fields.List(
        fields.String(), metadata={"description": "Why it is unavailable; empty if it is ready", "example": []}
    )
