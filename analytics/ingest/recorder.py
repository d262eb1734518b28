"""The one door that every record passes: checked, written down, applied to the state, published."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple

from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.errors import Unavailable
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.events import EventIntake
from analytics.ingest.intake import Checked, Decoded, One
from analytics.ingest.journal import Entry, Journal
from analytics.ingest.metrics import MetricIntake
from analytics.ingest.own import OwnIds
from analytics.ingest.refusal import Refused, too_many_services
from analytics.records import ItemError, Kept, NewEvent, NewHeartbeat, NewMetric, R, Receipt
from analytics.state.state import State

MAX_ERRORS = 100
"""How many errors a receipt spells out; all are counted."""


class Taken(NamedTuple):
    """The answer for a single record: its id and time (RFC 3339), and whether its id was seen before."""

    id: str
    timestamp: str
    duplicate: bool


class _Done(NamedTuple, Generic[R]):
    """What became of a request."""

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

    def receipt(self) -> Receipt:
        """The answer where it held a batch."""
        errors = sorted(self.errors, key=lambda error: error.index)
        return Receipt(len(self.kept.records), self.duplicates, len(errors), errors[:MAX_ERRORS])


class Recorder:
    """Records events, metrics and heartbeats.

    Checking and applying a batch does no I/O and never yields, so what is counted, kept and published never disagrees;
    in between, the journal writes it down.

    Args:
        publish: gets the events of each batch once they are counted, and the sequence number of the last one.
    """

    def __init__(
        self,
        state: State,
        settings: Settings,
        clock: Clock,
        publish: Callable[[Kept[NewEvent], int], None],
        journal: Journal,
    ) -> None:
        self._state, self._clock, self._publish, self._journal = state, clock, publish, journal
        self.own_ids = OwnIds(clock.wall())
        self.event_ids, self.metric_ids = (
            SeenIds(settings.dedupe_ids, settings.dedupe_seconds, self.own_ids) for _ in range(2)
        )
        self._event_intake = EventIntake(state, self.event_ids)
        self._metric_intake = MetricIntake(state, self.metric_ids)

    def event(self, event: NewEvent) -> Taken:
        """Record one event.

        Raises:
            Refused: it may not be recorded; the message says why.
            Unavailable: it could not be written down.
        """
        return self._record(One((event,)), self._events_entry).taken()

    def events(self, batch: Decoded[NewEvent]) -> Receipt:
        """Record all events of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record(batch, self._events_entry).receipt()

    def metric(self, metric: NewMetric) -> Taken:
        """Record one metric.

        Raises:
            Refused: it may not be recorded; the message says why.
            Unavailable: it could not be written down.
        """
        return self._record(One((metric,)), self._metrics_entry).taken()

    def metrics(self, batch: Decoded[NewMetric]) -> Receipt:
        """Record all metrics of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record(batch, self._metrics_entry).receipt()

    def heartbeat(self, beat: NewHeartbeat) -> None:
        """Record a heartbeat.

        Raises:
            Refused: there is no room for another service.
            Unavailable: it could not be written down.
        """
        with self._state.lock:
            self._journal.check()
            now = self._now()
            if self._state.services.without_room((beat.service,)):
                refused = too_many_services(beat.service)
                self._state.counters.rejected("heartbeats", Counter([refused.code]))
                raise refused
            wait = self._write(self._heartbeat_entry(beat, now))
        wait()

    def replay(self, kind: str, received: float, id_prefix: str, records: Sequence[Any]) -> None:
        """Count what one entry of the journal has; in the order of the journal that gives the state that was."""
        with self._state.lock:
            self._state.advance(received)
            if kind == "events":
                entry, _ = self._events_entry(_Whole(records), received, id_prefix, again=True)
            elif kind == "metrics":
                entry, _ = self._metrics_entry(_Whole(records), received, id_prefix, again=True)
            else:
                entry = self._heartbeat_entry(records[0], received)
            entry.apply()

    def reject(self, kind: str, codes: Iterable[str]) -> None:
        """Count what was turned away before it came here: `kind` is events, metrics or heartbeats."""
        with self._state.lock:
            self._state.counters.rejected(kind, Counter(codes))

    def _record(self, batch: Decoded[R], enter: "_Enter[R]") -> _Done[R]:
        with self._state.lock:
            self._journal.check()
            entry, done = enter(batch, self._now(), self.own_ids.prefix())
            if done.errors:
                self._state.counters.rejected(entry.kind, Counter(error.code for error in done.errors))
            if not done.kept.records and not done.duplicates:
                return done
            wait = self._write(entry)
        wait()
        return done

    def _write(self, entry: Entry) -> Callable[[], None]:
        try:
            return self._journal.write(entry)
        except BaseException:
            entry.undo()  # else its ids stay taken, and the retry counts for nothing
            raise

    def _events_entry(
        self, batch: Decoded[NewEvent], now: float, id_prefix: str, *, again: bool = False
    ) -> tuple[Entry, _Done[NewEvent]]:
        checked = self._event_intake.check(batch, now, again=again)
        kept = Kept(checked.records, now, rfc3339(now), id_prefix)

        def apply() -> None:
            self._state.apply(checked.observe(), now, events=kept)
            self._publish(kept, self._state.events.last_sequence)

        return self._entry("events", kept, checked, apply, self.event_ids)

    def _metrics_entry(
        self, batch: Decoded[NewMetric], now: float, id_prefix: str, *, again: bool = False
    ) -> tuple[Entry, _Done[NewMetric]]:
        checked = self._metric_intake.check(batch, now, again=again)
        kept = Kept(checked.records, now, rfc3339(now), id_prefix)

        def apply() -> None:
            self._state.apply(checked.observe(), now, metrics=kept)

        return self._entry("metrics", kept, checked, apply, self.metric_ids)

    def _entry(
        self, kind: str, kept: Kept[R], checked: Checked[R], count: Callable[[], None], ids: SeenIds
    ) -> tuple[Entry, _Done[R]]:
        """What the journal gets, and what the client is told once that is done."""

        def apply() -> None:
            if kept.records:
                count()
                self.own_ids.give(kept.id_prefix)
                ids.keep(checked.ids)
            self._state.counters.taken(kind, len(kept.records), checked.duplicates)

        def undo() -> None:
            for id_ in checked.ids:
                ids.release(id_)
            self._undone(kind, len(kept.records) + checked.duplicates)

        done = _Done(kept, checked.duplicates, checked.repeated_id, checked.errors)
        return Entry(kind, kept.received, kept.id_prefix, kept.records, apply, undo), done

    def _heartbeat_entry(self, beat: NewHeartbeat, now: float) -> Entry:
        self._state.services.promise((beat.service,))

        def apply() -> None:
            self._state.beat(beat, now)
            self._state.counters.taken("heartbeats", 1, 0)

        return Entry("heartbeats", now, "", (beat,), apply, partial(self._undone, "heartbeats", 1))

    def _undone(self, kind: str, count: int) -> None:
        """What was to be applied will not be."""
        self._state.forget_promises()
        self._state.counters.rejected(kind, Counter({Unavailable.code: count}))

    def _now(self) -> float:
        """The time by the clock; where that was set back before the oldest day kept, no bucket would hold it."""
        now = max(self._clock.wall(), self._state.oldest)
        self._state.advance(now)
        return now


_Enter = Callable[[Decoded[R], float, str], tuple[Entry, _Done[R]]]


class _Whole(NamedTuple, Generic[R]):
    """Records of which each was readable."""

    items: Sequence[R]
    errors: Sequence[ItemError] = ()

    @property
    def places(self) -> Sequence[int]:
        """Where they stand: all, in their order."""
        return range(len(self.items))
