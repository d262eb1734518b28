"""The one door that every record passes: taken apart, applied to the state, counted, published."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sized
from itertools import count
from typing import Generic, NamedTuple

from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.events import EventIntake
from analytics.ingest.intake import Decoded, One
from analytics.ingest.metrics import MetricIntake
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

    Applying a batch does no I/O and never yields, so what is counted, kept and published never disagrees.

    Args:
        publish: gets the events of each batch once they are counted, and the sequence number of the last one.
    """

    def __init__(
        self, state: State, settings: Settings, clock: Clock, publish: Callable[[Kept[NewEvent], int], None]
    ) -> None:
        self._state, self._clock, self._publish = state, clock, publish
        self._run, self._requests = secrets.token_hex(5), count(1)
        event_ids, metric_ids = (SeenIds(settings.dedupe_ids, settings.dedupe_seconds) for _ in range(2))
        self._event_intake = EventIntake(state, event_ids)
        self._metric_intake = MetricIntake(state, metric_ids)

    def event(self, event: NewEvent) -> Taken:
        """Record one event.

        Raises:
            Refused: it may not be recorded; the message says why.
        """
        return self._record_events(One((event,))).taken()

    def events(self, batch: Decoded[NewEvent]) -> Receipt:
        """Record all events of a batch that may be recorded."""
        return self._record_events(batch).receipt()

    def metric(self, metric: NewMetric) -> Taken:
        """Record one metric.

        Raises:
            Refused: it may not be recorded; the message says why.
        """
        return self._record_metrics(One((metric,))).taken()

    def metrics(self, batch: Decoded[NewMetric]) -> Receipt:
        """Record all metrics of a batch that may be recorded."""
        return self._record_metrics(batch).receipt()

    def heartbeat(self, beat: NewHeartbeat) -> None:
        """Record a heartbeat.

        Raises:
            Refused: there is no room for another service.
        """
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            if not self._state.beat(beat, now):
                refused = too_many_services(beat.service)
                self._state.counters.rejected("heartbeats", Counter([refused.code]))
                raise refused
            self._state.counters.taken("heartbeats", 1, 0)

    def reject(self, kind: str, codes: Iterable[str]) -> None:
        """Count what was turned away before it came here: `kind` is events, metrics or heartbeats."""
        with self._state.lock:
            self._state.counters.rejected(kind, Counter(codes))

    def _record_events(self, batch: Decoded[NewEvent]) -> _Done[NewEvent]:
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            intake = self._event_intake.take(batch, now)
            kept = Kept(intake.records, now, rfc3339(now), self._id_prefix())
            if intake.records:
                self._state.apply(intake.observations, now, events=kept)
                self._publish(kept, self._state.events.last_sequence)
            self._count("events", intake.records, intake.duplicates, intake.errors)
        return _Done(kept, intake.duplicates, intake.repeated_id, intake.errors)

    def _record_metrics(self, batch: Decoded[NewMetric]) -> _Done[NewMetric]:
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            intake = self._metric_intake.take(batch, now)
            kept = Kept(intake.records, now, rfc3339(now), self._id_prefix())
            if intake.records:
                self._state.apply(intake.observations, now, metrics=kept)
            self._count("metrics", intake.records, intake.duplicates, intake.errors)
        return _Done(kept, intake.duplicates, intake.repeated_id, intake.errors)

    def _count(self, kind: str, records: Sized, duplicates: int, errors: list[ItemError]) -> None:
        counters = self._state.counters
        counters.taken(kind, len(records), duplicates)
        if errors:
            counters.rejected(kind, Counter(error.code for error in errors))

    def _id_prefix(self) -> str:
        """For the ids of one request's records: unique over restarts."""
        return f"{self._run}-{next(self._requests)}-"
