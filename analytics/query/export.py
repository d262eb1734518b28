"""Rows of exports: events and metrics held, oldest first, and tables of services, hours and days."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple

from msgspec import Raw, Struct

from analytics.clock import utc
from analytics.query.services import ServiceRow, service_row
from analytics.query.stats import PeriodFigures, daily, hourly
from analytics.records import NO_SERVICE, Kept, NewEvent, NewMetric, R, SeriesTags
from analytics.state.resolution import Resolution
from analytics.state.rings import Ring, RingSlice
from analytics.state.state import State


class EventRow(Struct, gc=False):
    """An event with the fields that POST /events accepts."""

    type: str
    service: str
    user_id: str | None
    timestamp: str
    data: Raw
    id: str


class MetricRow(Struct, gc=False):
    """A metric with the fields that POST /metrics accepts."""

    name: str
    value: float
    unit: str | None
    tags: dict[str, str] | None
    timestamp: str
    id: str
    kind: str
    instance: str | None


Row = Struct | Mapping[str, object]
Select = Callable[[Kept[R], range], Sequence[int]]
"""Selects the wanted records of one request, by index."""


class Bounds(NamedTuple):
    """The records of an export: numbers above `after` up to `last`; `now` in seconds since the epoch."""

    now: float
    after: int
    last: int


class RingExport(NamedTuple, Generic[R]):
    """A ring of records as rows.

    `bounds` and `slices` are queries; `rows` works on their answers without the state.
    """

    ring: Callable[[State], Ring[R]]
    row: Callable[[Kept[R], int], Row]

    def bounds(self, state: State, now: float) -> Bounds:
        """Numbers of the records held now."""
        ring = self.ring(state)
        return Bounds(now, ring.oldest_sequence - 1, ring.last_sequence)

    def slices(self, state: State, now: float, after: int, limit: int) -> list[RingSlice[R]]:
        """The oldest `limit` records numbered above `after`."""
        return self.ring(state).slices(after, limit)

    def rows(self, slices: Iterable[RingSlice[R]], select: Select[R]) -> Iterator[tuple[int, Row]]:
        """The wanted rows with their sequence numbers."""
        for before, kept, places in slices:
            for place in select(kept, places):
                yield before + 1 + place, self.row(kept, place)


def _event_row(kept: Kept[NewEvent], place: int) -> EventRow:
    event = kept.records[place]
    return EventRow(event.type, event.service, event.user_id, kept.time(place), event.data, kept.id(place))


def _metric_row(kept: Kept[NewMetric], place: int) -> MetricRow:
    metric = kept.records[place]
    # to the microsecond, so that an import keeps the order of values
    time = kept.time(place) if metric.timestamp else _microseconds(utc(kept.received))
    return MetricRow(
        metric.name, metric.value, metric.unit, metric.tags, time, kept.id(place), metric.kind, metric.instance
    )


def _microseconds(when: datetime) -> str:
    return when.isoformat(timespec="microseconds")[:-6] + "Z"


EVENT_EXPORT: RingExport[NewEvent] = RingExport(lambda state: state.events, _event_row)
METRIC_EXPORT: RingExport[NewMetric] = RingExport(lambda state: state.metrics, _metric_row)


class MetricFilter(NamedTuple):
    """Conditions that combine; None matches everything. Times are in seconds since the epoch."""

    name: str | None = None
    service: str | None = None
    tags: SeriesTags = ()
    since: float | None = None
    until: float | None = None

    def select(self, kept: Kept[NewMetric], among: range) -> Sequence[int]:
        """Ascending indexes of the matching metrics of one request, among these."""
        return [place for place in among if self._wants(kept, place)]

    def _wants(self, kept: Kept[NewMetric], place: int) -> bool:
        metric = kept.records[place]
        tags = metric.tags or {}
        return (
            (self.name is None or metric.name == self.name)
            and (self.service is None or (tags.get("service") or NO_SERVICE) == self.service)
            and all(tags.get(key) == value for key, value in self.tags)
            and _is_within(kept.at(place), self.since, self.until)
        )


def _is_within(at: float, since: float | None, until: float | None) -> bool:
    return (-math.inf if since is None else since) <= at < (math.inf if until is None else until)


Table = tuple[float, Sequence[Row]]
"""Time of the query (seconds since the epoch), and the rows."""


def service_rows(state: State, now: float, name: str | None) -> Table:
    """The rows of all services, or of one, ordered by name."""
    known = sorted(state.services.all(), key=lambda service: service.name)
    return now, [service_row(state, now, service) for service in known if name in (None, service.name)]


def hour_rows(state: State, now: float, since: float | None, until: float | None) -> Table:
    """Hours kept that start at or after `since` and before `until` (seconds since the epoch), oldest first."""
    buckets = hourly(state, now, state.series.levels[Resolution.HOUR].keep)["buckets"]
    return now, [row for row in buckets if _is_within(_start(row["hour"]), since, until)]


def day_rows(state: State, now: float, since: float | None, until: float | None) -> Table:
    """Days kept that start at or after `since` and before `until` (seconds since the epoch), oldest first."""
    buckets = daily(state, now, state.series.levels[Resolution.DAY].keep)["buckets"]
    return now, [row for row in buckets if _is_within(_start(f"{row['date']}T00:00Z"), since, until)]


def _start(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


COLUMNS: Mapping[str, Sequence[str]] = {
    "events": EventRow.__struct_fields__,
    "metrics": MetricRow.__struct_fields__,
    "services": tuple(ServiceRow.__annotations__),
    "hourly": ("hour", *PeriodFigures.__annotations__),
    "daily": ("date", *PeriodFigures.__annotations__, "peak_hour", "peak_requests"),
}
"""Column names by table, in order."""
