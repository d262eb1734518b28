"""Why a well-formed record may not be recorded."""

from analytics.errors import AnalyticsError
from analytics.state.senders import MOST_INSTANCES


class Refused(AnalyticsError):
    """One record is refused; `code` says by which rule, `field` which part of it is at fault."""

    status = 422

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message, code=code, fields={field: [message]} if field else None)
        self.field = field


def too_many_services(service: str) -> Refused:
    return Refused(
        "too_many_services",
        f"There is no room for another service ({service[:40]!r}); ANALYTICS_MAX_SERVICES sets how many there may be.",
        "service",
    )


def too_many_instances(service: str) -> Refused:
    return Refused(
        "too_many_instances",
        f"There is no room for another instance of {service[:40]!r}: {MOST_INSTANCES} are known already. Those that "
        "are gone for a day make room.",
        "instance",
    )


def too_many_series(name: str) -> Refused:
    return Refused(
        "too_many_series",
        f"There is no room for another series ({name[:40]!r}); ANALYTICS_MAX_SERIES sets how many there may be.",
        "name",
    )


def in_future(timestamp: str, ahead: int) -> Refused:
    return Refused(
        "timestamp_in_future",
        f"{timestamp} is more than {ahead} seconds ahead of the service's clock.",
        "timestamp",
    )


def too_old(timestamp: object, oldest: str) -> Refused:
    return Refused("timestamp_too_old", f"{timestamp} lies before {oldest}, the oldest day that is kept.", "timestamp")


def collection_full(collection: str, limit: int) -> Refused:
    return Refused(
        "collection_full", f"There is no room for more {collection}: {limit:,} are there already. Delete some first."
    )
