"""Metrics in the intake: grouped by series and second."""

from collections.abc import Hashable, Sequence

from analytics.log import refusal
from analytics.log.groups import Group, Groups
from analytics.log.intake import Checked, new_service
from analytics.log.refusal import Refused
from analytics.records import NO_SERVICE, NO_TAGS, Kept, NewMetric, SeriesTags, series_tags
from analytics.state.delta import SeriesKey
from analytics.state.limits import CardinalityLimits
from analytics.state.observations import EVENTS_SERIES, TRAFFIC, Observations
from analytics.state.state import State


def series_of(name: str, service: str, tags: SeriesTags) -> tuple[SeriesKey, ...]:
    """The series of a metric that need room within ANALYTICS_MAX_SERIES."""
    tagged: tuple[SeriesKey, ...] = ((name, service, tags),) if tags else ()
    return tagged if name in TRAFFIC else (*tagged, (name, service, NO_TAGS))


class MetricGroup(Group[NewMetric]):
    """Metrics of one series in one second."""

    __slots__ = ("_endpoint", "_is_folded", "_tags", "name")

    def __init__(self, first: NewMetric, seen: Observations) -> None:
        super().__init__(seen)
        self.name = first.name
        self._tags = series_tags(first.tags)
        self._endpoint = first.tags.get("endpoint") if first.tags else None
        self._is_folded = False
        self.series = series_of(self.name, self.service, self._tags)

    def admit(self, limits: CardinalityLimits) -> Refused | None:
        """Reserve room for the series. If there is none, traffic metrics are counted without tags, others refused."""
        if limits.admit(self.series):
            return None
        if self.name in TRAFFIC:
            self._is_folded, self.series = True, ()
            return None
        return refusal.too_many_series(self.name)

    def observe(self) -> None:
        """Observe the values; the last value is the one with the newest timestamp."""
        values = [item.value for item in self.items]
        last, last_at = values[-1], self.seen.at
        if any([item.timestamp is not None for item in self.items]):  # noqa: C419  # quicker than a generator
            ats = [self.seen.at if item.timestamp is None else item.timestamp.timestamp() for item in self.items]
            pairs = list(zip(ats, values, strict=True))
            last_at, last = max(reversed(pairs), key=lambda pair: pair[0])  # the later one of equal times
        tags = NO_TAGS if self._is_folded else self._tags
        self.seen.add_metrics(self.name, values, last, last_at, tags, self._endpoint)

    def count(self, state: State) -> None:
        """Remember the metric's unit, and count items whose tags were dropped."""
        if self._is_folded:
            state.counters.dropped("series_tags_folded", len(self.items))
        for item in reversed(self.items):
            if item.unit:
                state.units[self.name, self.service] = item.unit
                break


class MetricGroups(Groups[NewMetric]):
    """The groups of a batch of metrics."""

    def __init__(self, now: float, *, is_timed: bool) -> None:
        super().__init__(now, is_timed=is_timed)
        self._by_series: dict[object, MetricGroup] = {}

    def of(self, items: Sequence[NewMetric]) -> list[Group[NewMetric]]:
        """The group of each item."""
        return [self._of(item) for item in items]

    def _of(self, item: NewMetric) -> MetricGroup:
        second = self.second(item)
        key = (second, item.name, *item.tags.items()) if item.tags else (second, item.name)
        group = self._by_series.get(key)
        if group is None:
            service = item.tags.get("service") or NO_SERVICE if item.tags else NO_SERVICE
            group = self._by_series[key] = MetricGroup(item, self.seen(service, second))
            self.all.append(group)
        return group


class Metrics:
    """The intake's rules for metrics."""

    groups = MetricGroups

    def refusal(self, item: NewMetric) -> Refused | None:
        """The refusal of a reserved name or a negative amount of traffic."""
        if item.name == EVENTS_SERIES:
            return Refused(
                "reserved_name",
                f"The name {EVENTS_SERIES!r} is reserved for the count of events: use another name.",
                "name",
            )
        if item.value < 0 and item.name in TRAFFIC:
            return Refused("negative_value", f"{item.name} cannot be negative: {item.value}.", "value")
        return None

    def detached(self, item: NewMetric) -> NewMetric:
        """The item itself: it does not keep the body of its request in memory."""
        return item

    def new_names(self, state: State, record: NewMetric) -> frozenset[Hashable]:
        service = record.tags.get("service") or NO_SERVICE if record.tags else NO_SERVICE
        series = series_of(record.name, service, series_tags(record.tags))
        return new_service(state, service).union(key for key in series if key not in state.limits)

    def record(self, state: State, kept: Kept[NewMetric], checked: Checked[NewMetric]) -> int:
        """Count metrics, and keep them in the ring of recent metrics."""
        state.apply(checked.observe(), kept.received, metrics=kept)
        return state.metrics.last_sequence
