"""The handler of typed points: it checks them and adds them to the series store."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final, Literal

from analytics.clock import rfc3339, rfc3339_second
from analytics.kinds import POINTS
from analytics.log import refusal
from analytics.log.admission import MAX_LABELS, admitted, make_room
from analytics.log.intake import AHEAD, new_service
from analytics.log.outcome import Outcome
from analytics.log.refusal import Refused
from analytics.points import COUNTER, GAUGE, HISTOGRAM, POINT_KINDS, Exemplar, ExponentialHistogram, NewPoint
from analytics.records import ItemError, Kept
from analytics.state.endpoint_series import RESERVED
from analytics.state.quantiles import INITIAL_SCALE
from analytics.state.series.increases import SourceTotal
from analytics.state.series.observed import Observed
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.state import State


class Points:
    """Applies typed points.

    A point that repeats another one counts as a duplicate. A stale marker or an exemplar of an unknown series changes
    nothing.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewPoint], received: float, id_prefix: str) -> Outcome[NewPoint]:
        """Apply the points of an entry; the outcome depends on them, `received` and the state alone."""
        state = self._state
        state.set_time(received)
        entry = _PointIntake(state, received)
        entry.make_room(records)
        kept: list[NewPoint] = []
        errors: list[ItemError] = []
        dropped: list[int] = []
        for place, point in enumerate(records):
            found = entry.take(point)
            if found is None:
                kept.append(point)
                continue
            dropped.append(place)
            if found != REPEATED:
                errors.append(ItemError(place, found.code, found.message, found.field))
        entry.finish()
        duplicates = len(dropped) - len(errors)
        if errors:
            state.counters.rejected(POINTS.name, Counter(error.code for error in errors))
        state.counters.taken(POINTS.name, len(kept), duplicates)
        state.version += 1
        return Outcome(Kept(kept, received, rfc3339(received), id_prefix), 0, duplicates, "", errors, dropped)

    def new_names(self, record: NewPoint) -> frozenset[Hashable]:
        """The service and the series of the point, if the service does not know them yet."""
        if record.labels in self._state.series_store.ids:
            return frozenset()
        service = dict(record.labels).get(SERVICE_LABEL)
        known = new_service(self._state, service) if service else frozenset()
        return known | {record.labels}


NO_OBSERVATIONS = ExponentialHistogram(INITIAL_SCALE, 0.0, 0.0, {})
"""A histogram without observations, which the baseline of a cumulative histogram adds."""
REPEATED: Final = "repeated"
"""Stands for a point that changes nothing."""


class _PointIntake:
    """The points of one entry: checked one by one, and observed together."""

    def __init__(self, state: State, received: float) -> None:
        self._state, self._received = state, received
        self._observed = {COUNTER: Observed.none(), GAUGE: Observed.none(), HISTOGRAM: Observed.none()}
        self._services: set[str] = set()
        self._times: dict[int, float] = {}

    def make_room(self, points: Sequence[NewPoint]) -> None:
        """Let silent series make room for the new ones."""
        store = self._state.series_store
        if any([point.labels not in store.ids for point in points]):  # noqa: C419  # quicker than a generator
            make_room(self._state, {point.labels for point in points}, self._received)

    def take(self, point: NewPoint) -> Refused | Literal["repeated"] | None:
        """Take a point; returns why it is refused, or `REPEATED`."""
        at = self._received if point.at is None else point.at
        if at > self._received + AHEAD:
            return refusal.in_future(rfc3339(at), AHEAD)
        if at < self._state.oldest:
            return refusal.too_old(rfc3339(at), rfc3339_second(self._state.oldest))
        store = self._state.series_store
        number = store.ids.get(point.labels)
        if point.exemplars and not point.has_value:
            self._keep_exemplars(point, number, at)
            return None
        if number is None or store.lives[number].kind != point.kind:
            found = self._admit(point)
            if found is None or isinstance(found, Refused):
                return found
            number = found
        self._services.add(store.lives[number].service)
        outcome = self._observe(point, number, at)
        if point.exemplars and not isinstance(outcome, Refused):
            self._keep_exemplars(point, number, at)
        return outcome

    def finish(self) -> None:
        """Observe what was taken, and note which services sent it."""
        store, now = self._state.series_store, self._received
        for kind, observed in self._observed.items():
            store.observe(kind, observed, now)
        for service in sorted(self._services - {""}):
            known = self._state.services.admit(service, now)
            known.last_seen = max(known.last_seen, now)

    def _admit(self, point: NewPoint) -> int | Refused | None:
        """The id of a new series, why it is refused, or None for a stale marker, which needs no series."""
        labels = dict(point.labels)
        if not point.name or len(point.labels) > MAX_LABELS + 1 or len(labels) < len(point.labels):
            return refusal.wrong_labels(len(point.labels) - 1, MAX_LABELS)
        if point.kind not in POINT_KINDS:
            return refusal.unknown_kind(point.kind)
        if point.name in RESERVED:
            return refusal.reserved_name(point.name)
        service = labels.get(SERVICE_LABEL)
        services = self._state.services
        if service and service not in self._services and not services.has(service) and not services.room:
            return refusal.too_many_services(service)
        if not point.has_value:
            return None
        found = admitted(self._state, point.labels, point.kind, self._received)
        if service and not isinstance(found, Refused):
            services.admit(service, self._received)
        return found

    def _keep_exemplars(self, point: NewPoint, number: int | None, at: float) -> None:
        """Keep the exemplars of a series that is known, except those of times that are not kept."""
        if number is None:
            return
        for exemplar in point.exemplars:
            when = at if exemplar.at is None else exemplar.at
            if self._state.oldest <= when <= self._received + AHEAD:
                self._state.series_store.exemplars.add(number, Exemplar(exemplar.labels, exemplar.value, when))

    def _observe(self, point: NewPoint, number: int, at: float) -> Refused | Literal["repeated"] | None:
        store, value, histogram = self._state.series_store, point.value, point.histogram
        if not point.has_value:
            store.end(number, at)
            return None
        if point.unit:
            self._state.units[point.name, store.lives[number].service] = point.unit
        if point.kind == HISTOGRAM:
            if histogram is None:
                return refusal.wrong_value(point.kind)
            value = histogram.count if point.is_cumulative else histogram.sum
        elif value is None:
            return refusal.wrong_value(point.kind)
        if point.is_cumulative and point.kind != GAUGE:
            total = SourceTotal(at, value, point.started, histogram)
            rise = store.rise(number, point.source, total)
            if rise is None:
                return REPEATED
            value, histogram = rise.increase, rise.histogram
            if point.kind == HISTOGRAM:
                histogram = histogram or NO_OBSERVATIONS
                value = histogram.sum
            if rise.later:
                self._add(point.kind, number, rise.later, rise.later_at)
        elif point.kind == COUNTER and value < 0:
            return refusal.negative_increase(value)
        elif self._is_repeated_change(point, number):
            return REPEATED
        if point.kind == GAUGE and point.at is not None:
            if at <= self._times.get(number, store.lives[number].newest):
                self._flush(GAUGE)
                if store.is_repeated(number, at):
                    return REPEATED
            self._times[number] = max(at, self._times.get(number, at))
        self._add(point.kind, number, value, at, histogram)
        return None

    def _is_repeated_change(self, point: NewPoint, number: int) -> bool:
        """Whether the same change was sent before: of the same interval, if its sender names it."""
        if point.kind == GAUGE or point.at is None or point.started is None:
            return False
        return self._state.series_store.deltas.is_repeated(number, point.source, point.started, point.at)

    def _add(
        self, kind: str, number: int, value: float, at: float, histogram: ExponentialHistogram | None = None
    ) -> None:
        observed = self._observed[kind]
        observed.ids.append(number)
        observed.values.append(value)
        observed.ats.append(at)
        observed.histograms.append(histogram)

    def _flush(self, kind: str) -> None:
        self._state.series_store.observe(kind, self._observed[kind], self._received)
        self._observed[kind] = Observed.none()
