"""The one door that every record passes: checked, written down, applied to the state, published."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple

from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.errors import Unavailable
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.events import Events
from analytics.ingest.heartbeats import Heartbeats
from analytics.ingest.intake import Checked, Decoded, Intake, One
from analytics.ingest.journal import Entry, Journal, nothing
from analytics.ingest.metrics import Metrics
from analytics.ingest.own import OwnIds
from analytics.ingest.refusal import Refused
from analytics.records import ItemError, Kept, NewEvent, NewHeartbeat, NewMetric, NewStart, R, Receipt
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


class _Kind(NamedTuple, Generic[R]):
    """One kind of record: how it is checked and applied, and whether its records get ids from the service."""

    name: str
    intake: Intake[R]
    apply: Callable[[Kept[R], Checked[R]], None]
    has_ids: bool = True


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
        self.event_ids, self.metric_ids, no_ids = (
            SeenIds(settings.dedupe_ids, settings.dedupe_seconds, self.own_ids) for _ in range(3)
        )
        self._events = _Kind("events", Intake(Events(), state, self.event_ids), self._count_events)
        self._metrics = _Kind("metrics", Intake(Metrics(), state, self.metric_ids), self._count_metrics)
        self._heartbeats = _Kind(
            "heartbeats", Intake(Heartbeats(state.services), state, no_ids), self._count_heartbeats, has_ids=False
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
        return self._record(self._events, One((event,))).taken()

    def events(self, batch: Decoded[NewEvent]) -> Receipt:
        """Record all events of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record(self._events, batch).receipt()

    def metric(self, metric: NewMetric) -> Taken:
        """Record one metric.

        Raises:
            Refused: it may not be recorded; the message says why.
            Unavailable: it could not be written down.
        """
        return self._record(self._metrics, One((metric,))).taken()

    def metrics(self, batch: Decoded[NewMetric]) -> Receipt:
        """Record all metrics of a batch that may be recorded.

        Raises:
            Unavailable: they could not be written down.
        """
        return self._record(self._metrics, batch).receipt()

    def heartbeat(self, beat: NewHeartbeat) -> None:
        """Record a heartbeat.

        Raises:
            Refused: there is no room for another service.
            Unavailable: it could not be written down.
        """
        self._record(self._heartbeats, One((beat,))).taken()

    def start(self) -> None:
        """Record that the service starts, where there are services that it knows from before.

        Raises:
            Unavailable: it could not be written down.
        """
        with self._state.lock:
            if not len(self._state.services):
                return
            wait = self._write(self._start_entry(self._now()))
        wait()

    def replay(self, kind: str, received: float, id_prefix: str, records: Sequence[Any]) -> None:
        """Count the records of one entry of the journal; in the order of the journal that gives the state it had."""
        with self._state.lock:
            self._state.advance(received)
            if kind == "starts":
                entry = self._start_entry(received)
            else:
                entry, _ = self._enter(self._kinds[kind], _Whole(records), received, id_prefix, again=True)
            entry.apply()

    def reject(self, kind: str, codes: Iterable[str]) -> None:
        """Count what was turned away before it came here: `kind` is events, metrics or heartbeats."""
        with self._state.lock:
            self._state.counters.rejected(kind, Counter(codes))

    def _record(self, kind: _Kind[R], batch: Decoded[R]) -> _Done[R]:
        with self._state.lock:
            self._journal.check()
            id_prefix = self.own_ids.prefix() if kind.has_ids else ""
            entry, done = self._enter(kind, batch, self._now(), id_prefix)
            if done.errors:
                self._state.counters.rejected(kind.name, Counter(error.code for error in done.errors))
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

    def _enter(
        self, kind: _Kind[R], batch: Decoded[R], now: float, id_prefix: str, *, again: bool = False
    ) -> tuple[Entry, _Done[R]]:
        """Check a batch: the entry for the journal, and the answer for the client once that is applied."""
        checked = kind.intake.check(batch, now, again=again)
        kept = Kept(checked.records, now, rfc3339(now), id_prefix)

        def apply() -> None:
            if kept.records:
                kind.apply(kept, checked)
                if kind.has_ids:
                    self.own_ids.give(id_prefix)
                kind.intake.ids.keep(checked.ids)
            self._state.keep(checked.claim)
            self._state.counters.taken(kind.name, len(kept.records), checked.duplicates)

        def undo() -> None:
            for id_ in checked.ids:
                kind.intake.ids.release(id_)
            self._state.release(checked.claim)
            self._state.counters.rejected(
                kind.name, Counter({Unavailable.code: len(kept.records) + checked.duplicates})
            )

        done = _Done(kept, checked.duplicates, checked.repeated_id, checked.errors)
        return Entry(kind.name, now, id_prefix, kept.records, apply, undo), done

    def _start_entry(self, now: float) -> Entry:
        return Entry("starts", now, "", (NewStart(),), partial(self._state.watch, now), nothing)

    def _count_events(self, kept: Kept[NewEvent], checked: Checked[NewEvent]) -> None:
        self._state.apply(checked.observe(), kept.received, events=kept, failed=checked.failed)
        self._publish(kept, self._state.events.last_sequence)

    def _count_metrics(self, kept: Kept[NewMetric], checked: Checked[NewMetric]) -> None:
        self._state.apply(checked.observe(), kept.received, metrics=kept)

    def _count_heartbeats(self, kept: Kept[NewHeartbeat], checked: Checked[NewHeartbeat]) -> None:
        for beat in kept.records:
            self._state.beat(beat, kept.received)

    def _now(self) -> float:
        """The time by the clock; where that was set back before the oldest day kept, no bucket would hold it."""
        now = max(self._clock.wall(), self._state.oldest)
        self._state.advance(now)
        return now


class _Whole(NamedTuple, Generic[R]):
    """Records of which each was readable."""

    items: Sequence[R]
    errors: Sequence[ItemError] = ()

    @property
    def places(self) -> Sequence[int]:
        """Where they stand: all, in their order."""
        return range(len(self.items))
