"""Handlers: they apply an entry of the log to the state, one handler for each kind of record."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from analytics.clock import rfc3339
from analytics.kinds import (
    ALERT_STATES,
    CHANGES,
    DELIVERIES,
    ERASURES,
    EVENTS,
    FILES,
    HEARTBEATS,
    INCIDENT_ACTIONS,
    LOGS,
    METRICS,
    NOTIFICATION_ENDS,
    NOTIFICATIONS,
    PERCENTILES,
    POINTS,
    PUSHES,
    SPAN_COUNTS,
    SPANS,
    STARTS,
    TICKS,
    Kind,
)
from analytics.log.alert_states import AlertStates, IncidentActions
from analytics.log.catalog import Changes, Files
from analytics.log.erasures import Erasures
from analytics.log.events import Events
from analytics.log.heartbeats import Heartbeats
from analytics.log.intake import Intake
from analytics.log.log_lines import LogLines
from analytics.log.metrics import Metrics
from analytics.log.notifications import NotificationEnds, Notifications
from analytics.log.outcome import Outcome
from analytics.log.own_ids import OwnIds
from analytics.log.points import Points
from analytics.log.seen_ids import SeenIds
from analytics.log.spans import Spans
from analytics.log.user_search import UserSearches
from analytics.records import Kept, NewDelivery, NewPercentiles, NewPush, NewStart, NewTick, Quotas, R
from analytics.state.state import State

T = TypeVar("T", contravariant=True)


class Handler(Protocol[T]):
    """Applies the records of one kind."""

    def apply(self, records: Sequence[T], received: float, id_prefix: str) -> Any:
        """Apply the records of an entry and return the outcome; the caller holds the state's lock.

        The outcome must depend on nothing but the records, `received` (seconds since the epoch) and the state, so that
        replaying the log gives the same state again.
        """


class Received(Generic[R]):
    """Applies records from clients: checks them, keeps those that pass, and counts accepted, duplicate and rejected."""

    def __init__(self, kind: Kind[R], intake: Intake[R], state: State, own_ids: OwnIds) -> None:
        self._kind: Kind[R] = kind
        self._intake: Intake[R] = intake
        self._state, self._own_ids = state, own_ids

    def apply(self, records: Sequence[R], received: float, id_prefix: str) -> Outcome[R]:
        state, name = self._state, self._kind.name
        state.set_time(received)
        checked = self._intake.check(records, received)
        kept = Kept(checked.records, received, rfc3339(received), id_prefix)
        sequence = 0
        if kept.records:
            sequence = self._intake.rules.record(state, kept, checked)
            if self._kind.has_ids:
                self._own_ids.give(id_prefix)
        if checked.errors:
            state.counters.rejected(name, Counter(error.code for error in checked.errors))
        state.counters.taken(name, len(kept.records), checked.duplicates)
        return Outcome(kept, sequence, checked.duplicates, checked.repeated_id, checked.errors, checked.dropped)

    def new_names(self, record: R) -> frozenset[Hashable]:
        """The services, event types and series of the record that the service does not know yet."""
        return self._intake.rules.new_names(self._state, record)


class Starts:
    """Applies a start of the service: services' silence counts from it, and the limits of its settings apply."""

    def __init__(self, state: State, own_ids: OwnIds, set_quotas: Callable[[Quotas], None]) -> None:
        self._state, self._own_ids, self._set_quotas = state, own_ids, set_quotas

    def apply(self, records: Sequence[NewStart], received: float, _: str) -> None:
        (start,) = records
        self._state.resume(received)
        self._state.number_events(received)
        self._state.catalog.skip_versions(received)
        if start.quotas is not None:
            self._set_quotas(start.quotas)
            self._state.expire()  # fewer days may be kept than before
            self._own_ids.take_mark(start.mark)


class Ticks:
    """Applies a tick: it advances the state's time."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewTick], received: float, _: str) -> None:
        self._state.set_time(received)


class Percentiles:
    """Applies a question for percentiles: from now on they are kept by hours and days."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewPercentiles], received: float, _: str) -> None:
        self._state.set_time(received)
        for asked in records:
            self._state.series_store.keep_percentiles(asked.name)


class Pushes:
    """Applies pushes to their groups; their points are records of their own."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewPush], received: float, _: str) -> None:
        self._state.set_time(received)
        for push in records:
            self._state.pushed.put(push, received)


class Deliveries:
    """Applies what the sink has delivered."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewDelivery], received: float, _: str) -> None:
        self._state.set_time(received)
        self._state.flush()  # so that all changes before the delivery are noted, whether or not somebody has read
        for delivery in records:
            self._state.sink_progress.delivered(delivery)


def handlers(
    state: State,
    ids: dict[str, SeenIds],
    own_ids: OwnIds,
    set_quotas: Callable[[Quotas], None],
    searches: UserSearches,
) -> dict[str, Handler[Any]]:
    """The handler of each kind by its name.

    Args:
        ids: the ids seen so far, by kind.
        own_ids: the ids that this service assigned.
        set_quotas: called with the limits of each start.
        searches: know the users of the records in memory.
    """

    def received(kind: Kind[R], rules: Any) -> Received[R]:
        return Received(kind, Intake(rules, state, ids[kind.name]), state, own_ids)

    return {
        EVENTS.name: received(EVENTS, Events()),
        METRICS.name: Metrics(state, ids[METRICS.name], own_ids),
        HEARTBEATS.name: received(HEARTBEATS, Heartbeats(state.services)),
        STARTS.name: Starts(state, own_ids, set_quotas),
        TICKS.name: Ticks(state),
        CHANGES.name: Changes(state),
        FILES.name: Files(state),
        ERASURES.name: Erasures(
            state,
            {kind.name: ids[kind.name] for kind in (EVENTS, LOGS)},  # ids of spans are random
            searches,
        ),
        POINTS.name: Points(state),
        PERCENTILES.name: Percentiles(state),
        PUSHES.name: Pushes(state),
        DELIVERIES.name: Deliveries(state),
        ALERT_STATES.name: AlertStates(state),
        INCIDENT_ACTIONS.name: IncidentActions(state),
        NOTIFICATIONS.name: Notifications(state),
        NOTIFICATION_ENDS.name: NotificationEnds(state),
        LOGS.name: LogLines(state, ids[LOGS.name], own_ids),
        SPANS.name: Spans(SPANS, state, ids[SPANS.name], own_ids),
        SPAN_COUNTS.name: Spans(SPAN_COUNTS, state, ids[SPANS.name], own_ids),
    }
