"""Refusals: errors for valid records that the service does not keep, sent to the client."""

from analytics.errors import AnalyticsError
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
