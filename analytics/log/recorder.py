"""The recorder: the one way into the log, for requests and for the service itself."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from analytics.alerting import Alert, NewAlertStates
from analytics.bus import BatchRecorded, Bus, UsersErased
from analytics.clock import Clock
from analytics.config import Settings
from analytics.errors import AnalyticsError, Unavailable
from analytics.incidents import Incident, NewIncidentAction
from analytics.kinds import KINDS, Kind, OwnRecord, kind_of
from analytics.log.catalog import Changed, preview
from analytics.log.digests import erasure_of
from analytics.log.erasures import ErasedRecords
from analytics.log.handlers import handlers
from analytics.log.log import Entry, Log
from analytics.log.outcome import MAX_ERRORS, Decoded, Outcome, Taken
from analytics.log.own_ids import OwnIds
from analytics.log.seen_ids import SeenIds
from analytics.log.user_search import UserSearches
from analytics.notifications import NewNotification, NewNotificationEnd, QueuedMessage
from analytics.records import (
    SERVICE_NAME,
    UNLIMITED,
    NewDelivery,
    NewPercentiles,
    NewPush,
    NewStart,
    NewTick,
    Quotas,
    R,
    Receipt,
)
from analytics.resources import FileResource, NewChange, NewFile
from analytics.state.state import State


class Recorder:
    """Appends records to the log. After they are written, handlers check them and apply them to the state.

    Handlers do no I/O and never yield, so the counted, kept and published records always agree.

    Args:
        bus: gets `BatchRecorded` for the records of each request after they are counted, but not for replayed ones.
    """

    def __init__(
        self,
        state: State,
        settings: Settings,
        clock: Clock,
        bus: Bus,
        log: Log,
    ) -> None:
        self._state, self._clock, self._bus, self._log = state, clock, bus, log
        self.quotas = Quotas(
            settings.max_services,
            settings.max_series,
            settings.max_event_types,
            settings.max_endpoints,
            settings.max_service_endpoints,
            settings.dedupe_ids,
            settings.dedupe_seconds,
            settings.daily_days,
            settings.max_series_per_name,
        )
        """The limits from the settings."""
        self.own_ids = OwnIds(clock.wall())
        self.ids = {name: SeenIds(settings.dedupe_ids, settings.dedupe_seconds, self.own_ids) for name in KINDS}
        """The ids of the records seen so far, by kind."""
        self._searches = UserSearches(state)
        self._handlers = handlers(state, self.ids, self.own_ids, self.set_quotas, self._searches)
        self.set_quotas(self.quotas)

    def record(self, kind: Kind[R], record: R) -> Taken:
        """Record a single record.

        Raises:
            Refused: the record is not allowed; the message says why.
            Unavailable: the record could not be written.
        """
        return self._received(kind, (record,)).taken()

    def record_batch(self, kind: Kind[R], batch: Decoded[R]) -> Receipt:
        """Record a batch; the receipt counts accepted, duplicate and rejected records.

        Raises:
            Unavailable: the batch could not be written.
        """
        if batch.errors:
            self.reject(kind, [error.code for error in batch.errors])
        if not batch.items:
            return Receipt(0, 0, len(batch.errors), list(batch.errors[:MAX_ERRORS]))
        return self._received(kind, batch.items).receipt(batch)

    def change(self, change: NewChange, *, is_dry_run: bool = False) -> Changed:
        """Change a resource of the catalog; in a dry run, return what that would do instead.

        Raises:
            AnalyticsError: the change may not be made, or could not be written; the message says why.
        """
        if is_dry_run:
            with self._state.lock:
                outcome = preview(self._state, change, self._now())
        else:
            outcome = self._record_own(change)
        if isinstance(outcome, AnalyticsError):
            raise outcome
        return outcome

    def take_file(self, file: NewFile) -> list[AnalyticsError]:
        """Record the resources of a configuration file; returns an error for each for which there was no room.

        Raises:
            Unavailable: it could not be written.
        """
        outcome: list[AnalyticsError] = self._record_own(file)
        return outcome

    def add_default(self, default: FileResource) -> None:
        """Add a default resource to the catalog, unless that was done before.

        Raises:
            Unavailable: it could not be written.
        """
        if not self._state.catalog.has_had(default):
            change = NewChange(default.collection, default.name, default.body, who=SERVICE_NAME, is_default=True)
            self._record_own(change)

    def erase(self, user_ids: Sequence[str], who: str) -> ErasedRecords:
        """Erase all records so far that name one of these users; `who` asked for it.

        Raises:
            Unavailable: the erasure could not be written; nothing was erased.
        """
        erasure = erasure_of(user_ids, who)
        with self._searches.prepared(erasure):
            erased: ErasedRecords = self._record_own(erasure)
        self._bus.publish(UsersErased(frozenset(user_ids)))
        return erased

    def keep_percentiles(self, name: str) -> None:
        """Record that percentiles of a gauge were asked, so that they are kept by hours and days, too.

        Raises:
            Unavailable: it could not be written.
        """
        self._record_own(NewPercentiles(name))

    def push(self, push: NewPush) -> None:
        """Record what a job pushed to a group, whose points were recorded.

        Raises:
            Unavailable: it could not be written.
        """
        self._record_own(push)

    def deliver(self, delivery: NewDelivery) -> None:
        """Record what the sink has delivered.

        Raises:
            Unavailable: it could not be written.
        """
        self._record_own(delivery)

    def change_alerts(self, states: NewAlertStates) -> list[Alert]:
        """Record what an evaluation of alert rules found; returns the changed alerts.

        Raises:
            Unavailable: it could not be written.
        """
        changed: list[Alert] = self._record_own(states)
        return changed

    def notify(self, new: NewNotification) -> QueuedMessage | None:
        """Queue a message about alerts; returns it, or None if the record does not count or sends none.

        Raises:
            Unavailable: it could not be written.
        """
        queued: list[QueuedMessage | None] = self._record_own(new)
        return queued[0]

    def end_notification(self, end: NewNotificationEnd) -> None:
        """Record that a message was taken by its receiver, or given up; raises Unavailable as above."""
        self._record_own(end)

    def act(self, action: NewIncidentAction) -> Incident | None:
        """Record what somebody did about an incident; returns it, or None if there is none. Raises Unavailable."""
        found: Incident | None = self._record_own(action)
        return found

    def advance(self) -> None:
        """Record that time has passed, so that buckets before now are closed whatever comes.

        Raises:
            Unavailable: it could not be written.
        """
        self._record_own(NewTick())

    def count_redacted(self, counts: Counter[str]) -> None:
        """Count redacted fields and texts, by rule."""
        with self._state.lock:
            self._state.counters.redacted.update(counts)

    def begin(self) -> None:
        """Take this moment as the start of the service. The process may be a fork of the one that made the app."""
        self._state.started = self._clock.wall()
        self.own_ids.begin(self._state.started)

    def start(self) -> None:
        """Record a start of the service, with the limits from the settings.

        Raises:
            Unavailable: the start could not be written.
        """
        with self._state.lock:
            start = NewStart(self.quotas, self.own_ids.mark)
            wait = self._append(kind_of(start), (start,))
        wait()

    def tick(self) -> None:
        """Record a tick if time alone changed the state since the newest record: a day began, or a service fell silent.

        A restart then still knows what was observed until the stop. Does not wait until the tick is written; if
        nothing can be written now, the next call tries again.
        """
        with self._state.lock:
            if self._state.needs_tick(self._now()):
                with suppress(Unavailable):
                    self._append_own(NewTick())

    def set_quotas(self, quotas: Quotas | None) -> None:
        """Use these limits from now on; None for logs of version 0.1.0, which hold accepted records only."""
        self._state.set_quotas(quotas)
        limits = quotas or UNLIMITED
        for ids in self.ids.values():
            ids.always, ids.seconds = limits.ids, limits.id_seconds

    def replay(self, kind: str, received: float, id_prefix: str, records: Sequence[Any]) -> Any:
        """Apply the records of an entry that was read from the log, in its order; returns the outcome."""
        with self._state.lock:
            return self._handlers[kind].apply(records, received, id_prefix)

    def reject(self, kind: Kind[Any], codes: Iterable[str]) -> None:
        """Count items that were rejected before they reached the log, by error code."""
        with self._state.lock:
            self._state.counters.rejected(kind.name, Counter(codes))

    def new_names(self, kind: Kind[R], record: R) -> frozenset[Hashable]:
        """The services, event types and series of a record from a client that the service does not know yet."""
        handler: Any = self._handlers[kind.name]
        with self._state.lock:
            names: frozenset[Hashable] = handler.new_names(record)
            return names

    def _record_own(self, record: OwnRecord) -> Any:
        with self._state.lock:
            wait = self._append_own(record)
        return wait()

    def _append_own(self, record: OwnRecord) -> Callable[[], Any]:
        """Append a record that the service writes itself."""
        kind: Kind[Any] = kind_of(record)
        self._log.check(kind)
        return self._append(kind, (record,))

    def _received(self, kind: Kind[R], records: Sequence[R]) -> Outcome[R]:
        with self._state.lock:
            self._log.check(kind)
            wait = self._append(kind, records)
        try:
            outcome: Outcome[R] = wait()
        except Unavailable as error:
            self.reject(kind, [error.code] * len(records))
            raise
        return outcome

    def _append(self, kind: Kind[Any], records: Sequence[Any]) -> Callable[[], Any]:
        now, id_prefix = self._now(), self.own_ids.prefix() if kind.has_ids else ""
        apply = partial(self._apply, kind, records, now, id_prefix)
        return self._log.append(Entry(kind, now, id_prefix, records, apply))

    def _apply(self, kind: Kind[Any], records: Sequence[Any], now: float, id_prefix: str) -> Any:
        """Apply and publish new records."""
        outcome = self._handlers[kind.name].apply(records, now, id_prefix)
        if isinstance(outcome, Outcome) and outcome.kept.records and self._bus.has_listeners(BatchRecorded):
            self._bus.publish(BatchRecorded(kind.name, outcome.kept, outcome.sequence))
        return outcome

    def _now(self) -> float:
        """The clock's time, or the start of the oldest day that is kept if the clock is behind it.

        No bucket holds an earlier time.
        """
        return max(self._clock.wall(), self._state.oldest)
