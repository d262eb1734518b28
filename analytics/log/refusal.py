"""Refusals: errors for valid records that the service does not keep, sent to the client."""

from analytics.errors import AnalyticsError
from analytics.state.observations import EVENTS_SERIES
from analytics.state.senders import MAX_INSTANCES


class Refused(AnalyticsError):
    """Error for one refused record: `code` names the rule, `field` the field that breaks it."""

    status = 422

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message, code=code, fields={field: [message]} if field else None)
        self.field = field


def too_many_services(service: str) -> Refused:
    return Refused(
        "too_many_services",
        f"There is no room for another service ({service[:40]!r}): raise ANALYTICS_MAX_SERVICES to allow more.",
        "service",
    )


def too_many_instances(service: str) -> Refused:
    return Refused(
        "too_many_instances",
        f"There is no room for another instance of {service[:40]!r}: it has {MAX_INSTANCES} already. An "
        "instance that has been gone for a day is replaced by a new one.",
        "instance",
    )


def too_many_series(name: str) -> Refused:
    return Refused(
        "too_many_series",
        f"There is no room for another series ({name[:40]!r}): raise ANALYTICS_MAX_SERIES to allow more.",
        "name",
    )


def too_many_of_name(name: str) -> Refused:
    return Refused(
        "too_many_series",
        f"There is no room for another series of {name[:40]!r}: raise ANALYTICS_MAX_SERIES_PER_NAME to allow more.",
        "name",
    )


def other_kind(name: str, kind: str, known: str | None) -> Refused:
    return Refused("kind_conflict", f"{name[:40]!r} is a {known} already: a {kind} needs another name.", "kind")


def unknown_kind(kind: str) -> Refused:
    return Refused("validation_failed", f"{kind[:40]!r} is no kind: use counter, gauge or histogram.", "kind")


def wrong_labels(count: int, most: int) -> Refused:
    return Refused(
        "validation_failed",
        f"A series needs a name, and at most {most} labels with different names; this one has {count}.",
        "labels",
    )


def reserved_name(name: str) -> Refused:
    what = "the count of events" if name == EVENTS_SERIES else "the figures of endpoints"
    return Refused("reserved_name", f"The name {name!r} is reserved for {what}: use another name.", "name")


def negative_increase(value: float) -> Refused:
    return Refused("negative_value", f"A counter cannot fall: its increase is {value}. Use a gauge.", "value")


def wrong_value(kind: str) -> Refused:
    return Refused("validation_failed", f"A {kind} needs {'buckets' if kind == 'histogram' else 'a value'}.", "value")


def in_future(timestamp: str, ahead: int) -> Refused:
    return Refused(
        "timestamp_in_future",
        f"{timestamp} is more than {ahead} seconds ahead of the service's clock.",
        "timestamp",
    )


def too_old(timestamp: object, oldest: str, field: str = "timestamp") -> Refused:
    return Refused("timestamp_too_old", f"{timestamp} is before {oldest}, the oldest day that is kept.", field)


def collection_full(collection: str, limit: int) -> Refused:
    return Refused(
        "collection_full", f"There is no room for more {collection}: {limit:,} are there already. Delete some first."
    )
