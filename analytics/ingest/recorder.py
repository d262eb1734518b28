"""The one door that every record passes: taken apart, applied to the state, counted, published."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from analytics.clock import Clock
from analytics.config import Settings
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.events import EventIntake
from analytics.ingest.ids import NewIds
from analytics.ingest.intake import Decoded, Intake, One
from analytics.ingest.metrics import MetricIntake
from analytics.ingest.refusal import Refused, too_many_services
from analytics.records import Event, Metric, NewEvent, NewHeartbeat, NewMetric, Receipt
from analytics.state.state import State

MAX_ERRORS = 100
"""How many errors a receipt spells out; all are counted."""


class Taken(NamedTuple):
    """The answer for a single record: its id and time (RFC 3339), and whether its id was seen before."""

    id: str
    timestamp: str
    duplicate: bool


class Recorder:
    """Records events, metrics and heartbeats.

    Applying a batch does no I/O and never yields, so what is counted, kept and published never disagrees.

    Args:
        publish: gets the events of each batch once they are counted.
    """

    def __init__(self, state: State, settings: Settings, clock: Clock, publish: Callable[[list[Event]], None]) -> None:
        self._state, self._clock, self._publish = state, clock, publish
        new_ids = NewIds()
        event_ids, metric_ids = (SeenIds(settings.dedupe_ids, settings.dedupe_seconds) for _ in range(2))
        self._event_intake = EventIntake(state, event_ids, new_ids)
        self._metric_intake = MetricIntake(state, metric_ids, new_ids)

    def event(self, event: NewEvent) -> Taken:
        """Record one event.

        Raises:
            Refused: it may not be recorded; the message says why.
        """
        return _single(self._record_events(One((event,))))

    def events(self, batch: Decoded[NewEvent]) -> Receipt:
        """Record all events of a batch that may be recorded."""
        return _receipt(self._record_events(batch))

    def metric(self, metric: NewMetric) -> Taken:
        """Record one metric.

        Raises:
            Refused: it may not be recorded; the message says why.
        """
        return _single(self._record_metrics(One((metric,))))

    def metrics(self, batch: Decoded[NewMetric]) -> Receipt:
        """Record all metrics of a batch that may be recorded."""
        return _receipt(self._record_metrics(batch))

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

    def _record_events(self, batch: Decoded[NewEvent]) -> Intake[Event]:
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            intake = self._event_intake.take(batch, now)
            if intake.records:
                self._state.apply(intake.observations, now, events=intake.records)
                self._publish(intake.records)
            self._count("events", intake)
        return intake

    def _record_metrics(self, batch: Decoded[NewMetric]) -> Intake[Metric]:
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            intake = self._metric_intake.take(batch, now)
            if intake.records:
                self._state.apply(intake.observations, now, metrics=intake.records)
            self._count("metrics", intake)
        return intake

    def _count(self, kind: str, intake: Intake[Event] | Intake[Metric]) -> None:
        counters = self._state.counters
        counters.taken(kind, len(intake.records), intake.duplicates)
        if intake.errors:
            counters.rejected(kind, Counter(error.code for error in intake.errors))


def _single(intake: Intake[Event] | Intake[Metric]) -> Taken:
    if intake.errors:
        error = intake.errors[0]
        raise Refused(error.code, error.message, error.field)
    return Taken(*intake.last, duplicate=bool(intake.duplicates))


def _receipt(intake: Intake[Event] | Intake[Metric]) -> Receipt:
    errors = sorted(intake.errors, key=lambda error: error.index)
    return Receipt(len(intake.records), intake.duplicates, len(errors), errors[:MAX_ERRORS])
