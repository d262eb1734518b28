"""What flows through the service: small immutable records as they arrive, and batches of them as they are kept."""

import math
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from msgspec import Raw, Struct, structs
from msgspec.json import Encoder

NO_DATA = Raw(b"{}")


class NewEvent(Struct, gc=False, omit_defaults=True):
    """An event as a client sent it; the limits of its fields are those of `schemas.event`.

    It is not changed once it is taken in, where its type and service are replaced by equal texts that others share.
    `data` is a JSON object on one line that is valid and within its limits, still in the client's own bytes.
    """

    type: str
    service: str
    user_id: str | None = None
    timestamp: datetime | None = None
    id: str | None = None
    data: Raw = NO_DATA


class NewMetric(Struct, gc=False, omit_defaults=True):
    """A metric as a client sent it; the limits of its fields are those of `schemas.metric`."""

    name: str
    value: float
    unit: str | None = None
    tags: dict[str, str] | None = None
    timestamp: datetime | None = None
    id: str | None = None


class NewHeartbeat(Struct, frozen=True, omit_defaults=True):
    """A heartbeat as a client sent it; `metrics` may hold the cumulative counters of SPEC.md.

    `instance` tells replicas apart. `interval` and `grace` are in seconds: how often heartbeats come, and how late one
    may be.
    """

    service: str
    status: str
    metrics: dict[str, Any] | None = None
    instance: str | None = None
    interval: float | None = None
    grace: float | None = None
    message: str | None = None

    id: ClassVar[str | None] = None
    """A heartbeat has no id, and is of the time at which it comes in."""
    timestamp: ClassVar[datetime | None] = None


class Quotas(Struct, frozen=True):
    """The limits that decide what is kept: how many of each there may be, and how long ids are remembered (seconds)."""

    services: int
    series: int
    event_types: int
    endpoints: int
    service_endpoints: int
    ids: int
    id_seconds: float


_ANY = sys.maxsize
UNLIMITED = Quotas(_ANY, _ANY, _ANY, _ANY, _ANY, _ANY, math.inf)


class NewStart(Struct, frozen=True, omit_defaults=True):
    """A start of this service: what was silent before it may have reported while nobody listened.

    From it on `quotas` hold, and ids that the service gives begin with `mark`.
    """

    quotas: Quotas | None = None
    mark: str = ""


class NewTick(Struct, frozen=True):
    """Time passed without any other record: a day began, or a sender of heartbeats fell silent."""


HTTP = "http"
"""The source of resources that were not read from a file."""
ANY = "*"
Versions = tuple[int, ...] | Literal["*"]
"""The versions that a condition names; `*` is any."""


class NewChange(Struct, frozen=True, omit_defaults=True):
    """A change of one resource of the catalog: its new body, or None to delete it.

    `start` and `end` are the seconds since the epoch in which a resource with a time lies. `who` made the change.
    `if_match` and `if_none_match` are the conditions of RFC 9110: the change is made only where the resource has one of
    those versions, or none of them.
    """

    collection: str
    name: str
    body: dict[str, Any] | None = None
    start: float | None = None
    end: float | None = None
    who: str = ""
    if_match: Versions | None = None
    if_none_match: Versions | None = None


class FileResource(Struct, frozen=True, omit_defaults=True):
    """A resource as a configuration file has it."""

    collection: str
    name: str
    body: dict[str, Any]
    start: float | None = None
    end: float | None = None


class NewFile(Struct, frozen=True, omit_defaults=True):
    """All resources of one configuration file; those that it had before and has no more are deleted."""

    file: str
    resources: list[FileResource] = []


class Resource(Struct, frozen=True, omit_defaults=True):
    """A resource of the catalog.

    `version` is a number that rises with each change of it, and is never used again for one of the same name.
    `updated_at` is in seconds since the epoch; `source` is `http` or the name of a configuration file.
    """

    collection: str
    name: str
    body: dict[str, Any]
    version: int
    updated_at: float
    updated_by: str
    source: str = HTTP
    start: float | None = None
    end: float | None = None


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


R = TypeVar("R", bound=NewEvent | NewMetric | NewHeartbeat)

LIVE_SECONDS = 60.0
"""How old an event may be when it comes in and still be news to live clients."""


class Kept(NamedTuple, Generic[R]):
    """The records that one request brought, in their order, and what the service adds to them.

    `received` is in seconds since the epoch, and `received_at` the same as RFC 3339; a record without an id has
    `id_prefix` and its place as its id.
    """

    records: Sequence[R]
    received: float
    received_at: str
    id_prefix: str

    def id(self, place: int) -> str:
        """The id of the record at `place`."""
        return self.records[place].id or f"{self.id_prefix}{place}"

    def at(self, place: int) -> float:
        """When it happened, in seconds since the epoch."""
        given = self.records[place].timestamp
        return self.received if given is None else given.timestamp()

    def is_live(self, place: int) -> bool:
        """Whether the record at `place` was new when it came in; older ones are history."""
        given = self.records[place].timestamp
        return given is None or given.timestamp() >= self.received - LIVE_SECONDS

    def time(self, place: int) -> str:
        """The same as RFC 3339 in UTC, with at least milliseconds."""
        given = self.records[place].timestamp
        if given is None:
            return self.received_at
        digits = "microseconds" if given.microsecond % 1000 else "milliseconds"
        return given.astimezone(UTC).isoformat(timespec=digits)[:-6] + "Z"


class EventJson(Struct, gc=False, omit_defaults=True):
    """An event as it is shown: in the order of SPEC.md, then what was added; its data is as it was sent."""

    type: str
    service: str
    user_id: str | None
    timestamp: str
    data: Raw
    id: str
    received_at: str | None = None


_encode = Encoder().encode


def event_json(kept: Kept[NewEvent], place: int) -> bytes:
    """One event as every reader gets it; `received_at` is told where the client gave a time of its own."""
    event = kept.records[place]
    received = None if event.timestamp is None else kept.received_at
    return _encode(
        EventJson(event.type, event.service, event.user_id, kept.time(place), event.data, kept.id(place), received)
    )


def detached(event: NewEvent) -> NewEvent:
    """The same event, its data no longer a slice of the body it came in."""
    return structs.replace(event, data=Raw(bytes(event.data)))


SeriesTags = tuple[tuple[str, str], ...]
"""Tags in the order of their names, without `service`."""

NO_TAGS: SeriesTags = ()


def series_tags(tags: Mapping[str, str] | None) -> SeriesTags:
    """The tags that tell one series of a metric and service from another."""
    if not tags:
        return NO_TAGS
    return tuple(sorted((key, value) for key, value in tags.items() if key != "service"))


AGGREGATES = ("count", "sum", "avg", "min", "max", "last", "rate", "p50", "p95", "p99", "unique")
"""What may be asked of the observations in a bucket of time."""
SERVICE_NAME = "analytics-service"
"""What this service calls itself."""
NO_SERVICE = "unknown"
"""The service of metrics that name none."""
