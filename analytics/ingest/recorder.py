"""The recorder: every record is written to the journal, checked, applied to the state and published here."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from msgspec import structs

from analytics.bus import Bus, Recorded
from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.errors import Unavailable
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.events import Events
from analytics.ingest.heartbeats import Heartbeats
from analytics.ingest.intake import Checked, Intake
from analytics.ingest.journal import Entry, Journal
from analytics.ingest.metrics import Metrics
from analytics.ingest.own import OwnIds
from analytics.ingest.refusal import Refused
from analytics.records import (
    UNLIMITED,
    ItemError,
    Kept,
    NewEvent,
    NewHeartbeat,
    NewMetric,
    NewStart,
    NewTick,
    Quotas,
    R,
    Receipt,
)
from analytics.state.rings import Ring
from analytics.state.state import State

MAX_ERRORS = 100
"""How many errors a receipt spells out; all are counted."""

N = TypeVar("N", covariant=True)


class Decoded(Protocol[N]):
    """Readable items with their places in what was sent, and the errors of those that were not readable."""

    @property
    def items(self) -> Sequence[N]: ...

    @property
    def places(self) -> Sequence[int]: ...

    @property
    def errors(self) -> Sequence[ItemError]: ...


class Taken(NamedTuple):
    """The answer for a single record: its id and time (RFC 3339), and whether its id was seen before."""

    id: str
    timestamp: str
    duplicate: bool


class _Done(NamedTuple, Generic[R]):
    """What became of a request; the places in `errors` count its records from 0."""

    kept: Kept[R]
    duplicates: int
    repeated_id: str
    errors: list[ItemError]

    def taken(self) -> Taken:
        """The answer where it held a single record.

        Raises:
            Refused: it was not taken.
        """
        if self.errors:
            error = self.errors[0]
            raise Refused(error.code, error.message, error.field)
        if self.duplicates:
            return Taken(self.repeated_id, self.kept.received_at, duplicate=True)
        return Taken(self.kept.id(0), self.kept.time(0), duplicate=False)

    def receipt(self, batch: Decoded[R]) -> Receipt:
        """The answer where it held a batch."""
        errors = [*batch.errors, *(structs.replace(error, index=batch.places[error.index]) for error in self.errors)]
        errors.sort(key=lambda error: error.index)
        return Receipt(len(self.kept.records), self.duplicates, len(errors), errors[:MAX_ERRORS])


class _Kind(NamedTuple, Generic[R]):
    """One kind of record: how it is checked and applied, and where it is kept.

    Records without a ring have no sequence numbers, and get no ids from the service.
    """

    name: str
    intake: Intake[R]
    apply: Callable[[Kept[R], Checked[R]], None]
    ring: Ring[R] | None


class Recorder:
    """Records events, metrics and heartbeats.

    The journal writes the records of a request; then they are checked and applied. That does no I/O and never yields,
    so what is counted, kept and published never disagrees.

    Args:
        bus: gets `Recorded` for the records of each request once they are counted; replayed records are not published.
    """

    def __init__(
        self,
        state: State,
        settings: Settings,
        clock: Clock,
        bus: Bus,
        journal: Journal,
    ) -> None:
        self._state, self._clock, self._bus, self._journal = state, clock, bus, journal
        self.quotas = Quotas(
            settings.max_services,
            settings.max_series,
            settings.max_event_types,
            settings.max_endpoints,
            settings.max_service_endpoints,
            settings.dedupe_ids,
            settings.dedupe_seconds,
        )
        """The limits of the settings."""
        state.set_quotas(self.quotas)
        self.own_ids = OwnIds(clock.wall())
        self.event_ids, self.metric_ids, no_ids = (
            SeenIds(settings.dedupe_ids, settings.dedupe_seconds, self.own_ids) for _ in range(3)
        )
        self._events = _Kind("events", Intake(Events(), state, self.event_ids), self._count_events, state.events)
        self._metrics = _Kind("metrics", Intake(Metrics(), state, self.metric_ids), self._count_metrics, state.metrics)
        self._heartbeats = _Kind(
            "heartbeats", Intake(Heartbeats(state.services), state, no_ids), self._count_heartbeats, None
        )
        self._kinds: dict[str, _Kind[Any]] = {
            kind.name: kind for kind in (self._events, self._metrics, self._heartbeats)
        }

    def event(self, event: NewEvent) -> Taken:
        """Record one event.

        Raises:
            Refused: it may not be recorded; the message says why.
            Unavailable: it could not be written down.
        """
        return self._record(self._events, (event,)).taken()

    def events(self, batch: Decoded[NewEvent]) -> Receipt:
        """Record all events of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record_batch(self._events, batch)

    def metric(self, metric: NewMetric) -> Taken:
        """Record one metric.

        Raises:
            Refused: it may not be recorded; the message says why.
            Unavailable: it could not be written down.
        """
        return self._record(self._metrics, (metric,)).taken()

    def metrics(self, batch: Decoded[NewMetric]) -> Receipt:
        """Record all metrics of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record_batch(self._metrics, batch)

    def heartbeat(self, beat: NewHeartbeat) -> None:
        """Record a heartbeat.

        Raises:
            Refused: there is no room for another service.
            Unavailable: it could not be written down.
        """
        self._record(self._heartbeats, (beat,)).taken()

    def start(self) -> None:
        """Record that the service starts, with the limits of its settings.

        Raises:
            Unavailable: it could not be written down.
        """
        with self._state.lock:
            now, start = self._now(), NewStart(self.quotas, self.own_ids.mark)
            wait = self._journal.write(Entry("starts", now, "", (start,), partial(self._start, start, now)))
        wait()

    def tick(self) -> None:
        """Record that time passes, where that changed something since the newest record.

        So the next start knows what was seen until the end. It does not wait until that is written; where nothing can
        be written now, the next call tries again.
        """
        with self._state.lock:
            now = self._now()
            if not self._state.has_passed(now):
                return
            with suppress(Unavailable):
                self._journal.check()
                self._journal.write(Entry("ticks", now, "", (NewTick(),), partial(self._state.proceed, now)))

    def set_quotas(self, quotas: Quotas | None) -> None:
        """Have these limits from now on; None for those of a log that holds only what was accepted."""
        self._state.set_quotas(quotas)
        limits = quotas or UNLIMITED
        for ids in (self.event_ids, self.metric_ids):
            ids.always, ids.seconds = limits.ids, limits.id_seconds

    def replay(self, kind: str, received: float, id_prefix: str, records: Sequence[Any]) -> None:
        """Count the records of one entry of the journal; in the order of the journal that gives the state it had."""
        with self._state.lock:
            if kind == "starts":
                self._start(records[0], received)
            elif kind == "ticks":
                self._state.proceed(received)
            else:
                self._apply(self._kinds[kind], records, received, id_prefix)

    def reject(self, kind: str, codes: Iterable[str]) -> None:
        """Count what was turned away before it came here: `kind` is events, metrics or heartbeats."""
        with self._state.lock:
            self._state.counters.rejected(kind, Counter(codes))

    def _record_batch(self, kind: _Kind[R], batch: Decoded[R]) -> Receipt:
        if batch.errors:
            self.reject(kind.name, [error.code for error in batch.errors])
        if not batch.items:
            return Receipt(0, 0, len(batch.errors), list(batch.errors[:MAX_ERRORS]))
        return self._record(kind, batch.items).receipt(batch)

    def _record(self, kind: _Kind[R], records: Sequence[R]) -> _Done[R]:
        with self._state.lock:
            self._journal.check()
            now, id_prefix = self._now(), self.own_ids.prefix() if kind.ring is not None else ""
            apply = partial(self._apply_new, kind, records, now, id_prefix)
            wait = self._journal.write(Entry(kind.name, now, id_prefix, records, apply))
        try:
            done: _Done[R] = wait()
        except Unavailable as error:
            self.reject(kind.name, [error.code] * len(records))
            raise
        return done

    def _apply_new(self, kind: _Kind[R], records: Sequence[R], now: float, id_prefix: str) -> _Done[R]:
        """Check, count and publish the records of a request, with the state's lock held."""
        done = self._apply(kind, records, now, id_prefix)
        if done.kept.records and self._bus.has_listeners(Recorded):
            self._bus.publish(Recorded(kind.name, done.kept, kind.ring.last_sequence if kind.ring is not None else 0))
        return done

    def _apply(self, kind: _Kind[R], records: Sequence[R], now: float, id_prefix: str) -> _Done[R]:
        """Check and count the records of a request, with the state's lock held."""
        self._state.proceed(now)
        checked = kind.intake.check(records, now)
        kept = Kept(checked.records, now, rfc3339(now), id_prefix)
        if kept.records:
            kind.apply(kept, checked)
            if kind.ring is not None:
                self.own_ids.give(id_prefix)
        if checked.errors:
            self._state.counters.rejected(kind.name, Counter(error.code for error in checked.errors))
        self._state.counters.taken(kind.name, len(kept.records), checked.duplicates)
        return _Done(kept, checked.duplicates, checked.repeated_id, checked.errors)

    def _start(self, start: NewStart, now: float) -> None:
        self._state.watch(now)
        self._state.number_events(now)
        if start.quotas is not None:
            self.set_quotas(start.quotas)
            self.own_ids.take_mark(start.mark)

    def _count_events(self, kept: Kept[NewEvent], checked: Checked[NewEvent]) -> None:
        self._state.apply(checked.observe(), kept.received, events=kept, failed=checked.failed)

    def _count_metrics(self, kept: Kept[NewMetric], checked: Checked[NewMetric]) -> None:
        self._state.apply(checked.observe(), kept.received, metrics=kept)

    def _count_heartbeats(self, kept: Kept[NewHeartbeat], checked: Checked[NewHeartbeat]) -> None:
        for beat in kept.records:
            self._state.beat(beat, kept.received)

    def _now(self) -> float:
        """The time by the clock; where that was set back before the oldest day kept, no bucket would hold it."""
        return max(self._clock.wall(), self._state.oldest)
