"""What the service answers: errors, receipts, events and its own health; `figures.py` has the statistics."""

from typing import Any

from marshmallow import RAISE, Schema, fields

from analytics.records import SERVICE_NAME
from analytics.schemas.fields import JsonObject, Timestamp

TIME = "2024-01-15T10:30:15.000Z"
JOB_STATES = ("running", "waiting", "restarting", "stalled", "failed", "stopped", "done")
STATES = ("healthy", "degraded", "unhealthy", "maintenance", "stale", "down", "unknown")


def number(about: str, example: float, **more: Any) -> fields.Float:
    """A number; counts of requests and errors are numbers too, because metrics may add fractions."""
    return fields.Float(metadata={"description": about, "example": example}, **more)


def whole(about: str, example: int) -> fields.Integer:
    """A whole number from 0."""
    return fields.Integer(metadata={"description": about, "example": example, "minimum": 0})


def text(about: str, example: str | None, **more: Any) -> fields.String:
    """A string."""
    return fields.String(metadata={"description": about, "example": example}, **more)


def choice(about: str, values: tuple[str, ...]) -> fields.String:
    """One of a few strings, the first of them as the example."""
    return fields.String(metadata={"description": about, "enum": list(values), "example": values[0]})


def time(about: str, example: str | None = TIME, **more: Any) -> Timestamp:
    """An RFC 3339 time in UTC."""
    return Timestamp(metadata={"description": about, "example": example}, **more)


def tally(about: str, example: dict[str, int]) -> fields.Dict:
    """An object of whole numbers."""
    return fields.Dict(values=whole("", 0), metadata={"description": about, "example": example})


class Answer(Schema):
    """Base of all answers: each field is always there unless its metadata says `optional`, and there is no other."""

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = not field_obj.metadata.get("optional", False)


class Latencies(Answer):
    """Latency in ms; null where there was none."""

    avg_latency_ms = number("Average", 18.2, allow_none=True)
    p50_latency_ms = number("Median", 15.1, allow_none=True)
    p95_latency_ms = number("95th percentile", 41.7, allow_none=True)
    p99_latency_ms = number("99th percentile", 88.4, allow_none=True)


class Problem(Answer):
    """Why a request failed."""

    code = text("Stable name of the reason", "validation_failed")
    message = text("The reason in words", "service: Missing data for required field.")
    by_field = fields.Dict(
        data_key="fields",
        values=fields.List(fields.String()),
        metadata={
            "description": "What was wrong, by field; nested names are dotted",
            "example": {"service": ["Missing data for required field."]},
        },
    )


class Error(Answer):
    """The one shape of all errors."""

    error = fields.Nested(Problem)


class ItemProblem(Answer):
    """Why one item of a batch was not taken."""

    index = whole("Its place in the batch, from 0", 3)
    code = text("Stable name of the reason", "validation_failed")
    message = text("The reason in words", "Missing data for required field.")
    field = fields.String(metadata={"description": "The field at fault", "example": "service", "optional": True})


class Receipt(Answer):
    """What became of a batch: each item is accepted, a duplicate, or rejected with a reason."""

    accepted = whole("Items recorded now", 998)
    duplicates = whole("Items whose id was recorded before; they count once", 1)
    rejected = whole("Items not recorded", 1)
    errors = fields.List(fields.Nested(ItemProblem), metadata={"description": "Why, for the first 100 rejected items"})


class NothingAccepted(Receipt):
    """The receipt of a batch of which nothing could be recorded."""

    error = fields.Nested(Problem)


class EventTaken(Answer):
    """What became of a single event."""

    message = choice("Whether its id was recorded before", ("event tracked", "event tracked before"))
    id = text("The id of the event, made for it where it had none", "4b14a18f18-1")
    timestamp = time("When it happened")


class MetricTaken(Answer):
    """What became of a single metric."""

    message = choice("Whether its id was recorded before", ("metric recorded", "metric recorded before"))
    name = text("The name of the metric", "latency")
    id = text("The id of the metric, made for it where it had none", "4b14a18f18-2")
    timestamp = time("When it was measured")


class HeartbeatTaken(Answer):
    """What became of a heartbeat."""

    message = choice("Always this", ("heartbeat recorded",))
    service = text("The service that reported", "productcatalog")
    status = choice("What it reported", STATES[:4])


class ExportedEvent(Answer):
    """An event as POST /events takes it back."""

    type = text("What happened", "purchase")
    service = text("Where it happened", "checkout")
    user_id = text("Who did it", "user-123", allow_none=True)
    timestamp = time("When it happened")
    data = JsonObject(
        metadata={"description": "Anything else", "example": {"order_id": "ORDER-123", "total": 99.99}},
    )
    id = text("Its id", "4b14a18f18-1")


class RecordedEvent(ExportedEvent):
    """An event as it is kept."""

    received_at = Timestamp(
        metadata={
            "description": "When it arrived, where the client told when it happened",
            "example": TIME,
            "optional": True,
        }
    )


class EventPage(Answer):
    """The newest events that match, newest first."""

    events = fields.List(fields.Nested(RecordedEvent))
    count = whole("How many this answer holds", 1)
    limit = whole("How many were asked for", 100)
    next_cursor = text("`cursor` of the next page; null on the last one", None, allow_none=True)


class ErrorGroup(Answer):
    """Errors that are equal in service, type, message, endpoint and status."""

    service = text("Where they occurred", "checkout")
    type = text("Type of the events: `error`, or `request` for failed requests", "error")
    message = text("`message`, `error`, `reason` or `exception` of their data", "card declined", allow_none=True)
    endpoint = text("`endpoint` of their data", "/checkout", allow_none=True)
    status = fields.Raw(
        allow_none=True, metadata={"description": "`status` of their data: a number or text", "example": 503}
    )
    count = whole("How many of them are kept", 3)
    first = time("When the oldest of them happened")
    last = time("When the newest of them happened")
    latest = fields.Nested(RecordedEvent, metadata={"description": "The newest of them"})


class ErrorPage(Answer):
    """The newest errors, with equal ones together."""

    errors = fields.List(fields.Nested(ErrorGroup), metadata={"description": "The newest group first"})
    count = whole("How many groups this answer holds", 1)
    limit = whole("How many groups were asked for", 100)
    kept = whole("How many errors these and all further groups hold", 3)


class HealthStats(Answer):
    """Three figures that monitors ask for."""

    connected_clients = whole("Live dashboard connections", 8)
    total_events = whole("Events over the retained time", 16020)
    tracked_services = whole("Services known", 9)


class ConfigError(Answer):
    """What is wrong with a configuration file."""

    file = text("Its name", "deploys.yaml")
    line = fields.Integer(allow_none=True, metadata={"description": "Where it is, if that is known", "example": 3})
    field = text("What is wrong in it", "annotations.deploy.text", allow_none=True)
    reason = text("Why", "Missing data for required field.")


class Config(Answer):
    """What was read from ANALYTICS_CONFIG_DIR."""

    folder = text("The folder", "/etc/analytics")
    files = whole("How many files it has", 2)
    loaded_at = time("When it was read")
    errors = fields.List(
        fields.Nested(ConfigError),
        metadata={"description": "Files that were not taken, whose resources stay as they were; empty when all were"},
    )


class Job(Answer):
    """Work that the service does by itself."""

    name = text("Its name", "ticker")
    state = choice("What it does now; the service is degraded in `restarting`, `stalled` and `failed`", JOB_STATES)
    runs = whole("How often it ran; for one that runs for ever, how often it was started", 86400)
    failures = whole("How often it failed", 0)
    skipped = whole("Runs that were skipped because they were late", 2)
    last_error = text("The newest error; null where there was none", None, allow_none=True)
    last_success = time("When it last succeeded; null where it did not, or runs for ever", allow_none=True)
    lateness_seconds = number(
        "How long after its time the newest run began; null where it has no fixed times", 0.002, allow_none=True
    )


class Health(Answer):
    """Health of the service itself."""

    status = choice("Its state", ("healthy", "degraded", "unhealthy"))
    service = choice("Its name", (SERVICE_NAME,))
    timestamp = time("Now")
    reasons = fields.List(
        fields.String(), metadata={"description": "Why it is not healthy; empty when it is", "example": []}
    )
    uptime_seconds = number("Seconds since the start", 86400.5)
    storage = text("Where records are kept: `disk`, or in `memory` alone", "disk")
    durability = text("What an acknowledged record survives; null in memory alone", "process", allow_none=True)
    jobs = fields.List(fields.Nested(Job), metadata={"description": "What it does by itself"})
    stats = fields.Nested(HealthStats)
    config = fields.Nested(
        Config, allow_none=True, metadata={"description": "Null without ANALYTICS_CONFIG_DIR", "example": None}
    )


class Liveness(Answer):
    """The process answers."""

    status = choice("Always this", ("alive",))


class Readiness(Answer):
    """Whether the service should get work now."""

    status = choice("`unavailable` goes with a 503", ("ready", "unavailable"))
    reasons = fields.List(
        fields.String(), metadata={"description": "Why it is unavailable; empty when ready", "example": []}
    )
