"""The kinds of records in the log, in one table.

A new kind is a row here, and a handler in `log/handlers.py` that applies its records to the state. Everything else
uses this table: counters of received items, the state's rings, the backlog of the disk, recovery, checkpoints and
inspection.
"""

from collections.abc import Callable, Collection, Sequence, Set
from typing import Any, Generic, NamedTuple, TypeVar

from analytics.alerting import NewAlertStates
from analytics.config import Settings
from analytics.incidents import NewIncidentAction
from analytics.log_lines import NewLogLine
from analytics.notifications import NewNotification, NewNotificationEnd
from analytics.points import NewPoint
from analytics.record_users import users_of_event, users_of_line, users_of_span
from analytics.records import (
    ERASED,
    ERASED_LINE,
    ERASED_SPAN,
    Kept,
    NewDelivery,
    NewErasure,
    NewEvent,
    NewHeartbeat,
    NewMetric,
    NewPercentiles,
    NewPush,
    NewStart,
    NewTick,
)
from analytics.resources import NewChange, NewFile
from analytics.spans import CountedSpan, NewSpan

R = TypeVar("R")
MIB = 1024 * 1024


class Kind(NamedTuple, Generic[R]):
    """One kind of record.

    Attributes:
        name: its name in the log, in `/stats` and in error messages.
        record: the type of its records.
        has_ids: whether records have ids, which identify duplicates.
        is_received: whether clients send it, so that receipts count it; otherwise the service writes it.
        backlog: bytes of it that may wait for the disk; more is refused, without affecting other kinds.
        ring_capacity: how many of its newest records are kept in memory, by the settings; None if none are.
        users: the users that a record names, so that an erasure of one removes it; None if records name none.
        stand_in: stands in place of an erased record; None if an erasure removes none.
    """

    name: str
    record: type[R]
    has_ids: bool = False
    is_received: bool = True
    backlog: int = 32 * MIB
    ring_capacity: Callable[[Settings], int] | None = None
    users: Callable[[R], Collection[str]] | None = None
    stand_in: R | None = None

    def without(self, kept: Kept[Any], users: Set[str]) -> Kept[Any]:
        """The records of a request, with a stand-in for each that names one of these users."""
        users_of = self.users
        if users_of is None:
            return kept
        named = enumerate(map(users_of, kept.records))
        return self.erased(kept, [place for place, found in named if not users.isdisjoint(found)])

    def erased(self, kept: Kept[Any], gone: Sequence[int]) -> Kept[Any]:
        """The records of a request, with a stand-in for those at some indexes."""
        if not gone:
            return kept
        records = list(kept.records)
        for place in gone:
            records[place] = self.stand_in
        return kept._replace(records=records, erased=kept.erased.union(gone))


EVENTS = Kind(
    "events",
    NewEvent,
    has_ids=True,
    backlog=64 * MIB,
    ring_capacity=lambda settings: settings.events_ring,
    users=users_of_event,
    stand_in=ERASED,
)
METRICS = Kind(
    "metrics", NewMetric, has_ids=True, backlog=64 * MIB, ring_capacity=lambda settings: settings.metrics_ring
)
HEARTBEATS = Kind("heartbeats", NewHeartbeat)
STARTS = Kind("starts", NewStart, is_received=False)
TICKS = Kind("ticks", NewTick, is_received=False)
CHANGES = Kind("changes", NewChange, is_received=False)
FILES = Kind("files", NewFile, is_received=False)
ERASURES = Kind("erasures", NewErasure, is_received=False)
POINTS = Kind("points", NewPoint, backlog=64 * MIB)
PERCENTILES = Kind("percentiles", NewPercentiles, is_received=False)
PUSHES = Kind("pushes", NewPush, is_received=False)
DELIVERIES = Kind("deliveries", NewDelivery, is_received=False)
ALERT_STATES = Kind("alert_states", NewAlertStates, is_received=False)
INCIDENT_ACTIONS = Kind("incident_actions", NewIncidentAction, is_received=False)
NOTIFICATIONS = Kind("notifications", NewNotification, is_received=False)
NOTIFICATION_ENDS = Kind("notification_ends", NewNotificationEnd, is_received=False)
LOGS = Kind(
    "logs",
    NewLogLine,
    has_ids=True,
    backlog=64 * MIB,
    ring_capacity=lambda settings: settings.logs_ring,
    users=users_of_line,
    stand_in=ERASED_LINE,
)
SPANS = Kind(
    "spans",
    NewSpan,
    has_ids=True,
    backlog=64 * MIB,
    ring_capacity=lambda settings: settings.spans_ring,
    users=users_of_span,
    stand_in=ERASED_SPAN,
)
SPAN_COUNTS = Kind("span_counts", CountedSpan, users=users_of_span, stand_in=CountedSpan.of(ERASED_SPAN))

KINDS: dict[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        EVENTS,
        METRICS,
        HEARTBEATS,
        STARTS,
        TICKS,
        CHANGES,
        FILES,
        ERASURES,
        POINTS,
        PERCENTILES,
        PUSHES,
        DELIVERIES,
        ALERT_STATES,
        INCIDENT_ACTIONS,
        NOTIFICATIONS,
        NOTIFICATION_ENDS,
        LOGS,
        SPANS,
        SPAN_COUNTS,
    )
}
"""Every kind by name. Append new ones: checkpoints number the kinds with ids in this order."""
OwnRecord = (
    NewChange
    | NewFile
    | NewErasure
    | NewPercentiles
    | NewPush
    | NewDelivery
    | NewTick
    | NewAlertStates
    | NewNotification
    | NewNotificationEnd
    | NewIncidentAction
)
"""What the service records by itself, besides its starts."""
_BY_RECORD = {kind.record: kind for kind in KINDS.values()}


def kind_of(record: R) -> Kind[R]:
    """The kind of a record."""
    return kind_for(type(record))


def kind_for(record_type: type[R]) -> Kind[R]:
    """The kind of all records of a type."""
    return _BY_RECORD[record_type]
