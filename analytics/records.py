"""What flows through the service: small immutable records, as they arrive and as they are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Raw, Struct

NO_DATA = Raw(b"{}")


class NewEvent(Struct, frozen=True, gc=False):
    """An event as a client sent it; the limits of its fields are those of `schemas.event`.

    `data` is a JSON object on one line that is valid and within its limits, still in the client's own bytes.
    """

    type: str
    service: str
    user_id: str | None = None
    timestamp: datetime | None = None
    id: str | None = None
    data: Raw = NO_DATA


class NewMetric(Struct, frozen=True, gc=False):
    """A metric as a client sent it; the limits of its fields are those of `schemas.metric`."""

    name: str
    value: float
    unit: str | None = None
    tags: dict[str, str] | None = None
    timestamp: datetime | None = None
    id: str | None = None


class NewHeartbeat(Struct, frozen=True):
    """A heartbeat as a client sent it; `metrics` may hold the cumulative counters of SPEC.md."""

    service: str
    status: str
    metrics: dict[str, Any] | None = None


class Event(Struct, frozen=True, gc=False):
    """A recorded event: the fields that reads filter by, and the one encoding that every reader gets.

    `at` is in seconds since the epoch.
    """

    type: str
    service: str
    user_id: str | None
    at: float
    json: bytes


class Metric(Struct, frozen=True, gc=False):
    """A recorded metric: the fields that reads filter by, and its one encoding; `at` as in `Event`."""

    name: str
    service: str
    at: float
    json: bytes


class ItemError(Struct, frozen=True, omit_defaults=True):
    """Why one item of a batch was not taken; `index` counts from 0 in the order sent."""

    index: int
    code: str
    message: str
    field: str | None = None


class Receipt(Struct, frozen=True):
    """What became of a batch: every item is accepted, a duplicate, or rejected with a reason."""

    accepted: int
    duplicates: int
    rejected: int
    errors: list[ItemError]


SeriesTags = tuple[tuple[str, str], ...]
"""Tags in the order of their names, without `service`."""

NO_TAGS: SeriesTags = ()


def series_tags(tags: Mapping[str, str] | None) -> SeriesTags:
    """The tags that tell one series of a metric and service from another."""
    if not tags:
        return NO_TAGS
    return tuple(sorted((key, value) for key, value in tags.items() if key != "service"))
