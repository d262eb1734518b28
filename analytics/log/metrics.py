"""The handler of metrics: custom ones are typed series, `requests`, `errors` and `latency` the traffic of a service."""

from collections import Counter
from collections.abc import Hashable, Sequence

from analytics.clock import rfc3339
from analytics.kinds import METRICS
from analytics.log import refusal
from analytics.log.admission import admitted, make_room
from analytics.log.intake import new_service, time_refusal
from analytics.log.outcome import Outcome
from analytics.log.own_ids import OwnIds
from analytics.log.refusal import Refused
from analytics.log.seen_ids import SeenIds
from analytics.log.traffic import Traffic
from analytics.points import COUNTER, GAUGE, NAME_LABEL, POINT_KINDS, Labels, labels_of
from analytics.records import NO_SERVICE, ItemError, Kept, NewMetric
from analytics.state.endpoint_series import RESERVED
from analytics.state.observations import TRAFFIC
from analytics.state.series.observed import Observed
from analytics.state.series.store import SERVICE_LABEL
from analytics.state.state import State

INSTANCE_LABEL = "instance"
MAX_TARGETS = 20_000
"""How many targets are remembered; each takes about 300 bytes."""


class MetricTarget:
    """Where the values of a metric with certain tags go: found once, for all metrics that have them.

    Attributes:
        traffic: its name, if it counts as traffic of its service.
        labels: of its typed series; empty for traffic without tags.
        number: id of that series; -1 before it is known.
        is_amount: whether its values may not be negative.
        refused: why such metrics are never kept.
    """

    __slots__ = ("endpoint", "is_amount", "kind", "labels", "number", "refused", "service", "traffic")

    def __init__(self, metric: NewMetric) -> None:
        tags = metric.tags or {}
        name = metric.name
        self.service = tags.get("service") or NO_SERVICE
        self.endpoint = tags.get("endpoint")
        self.traffic = name if name in TRAFFIC else ""
        self.kind = GAUGE if self.traffic else metric.kind
        self.is_amount = bool(self.traffic) or self.kind == COUNTER
        self.labels = labels_of(_labels(metric, tags, self.service))
        if self.traffic and len(self.labels) == len((NAME_LABEL, SERVICE_LABEL)):
            self.labels = ()
        self.number = -1
        self.refused: Refused | None = None
        if name in RESERVED:
            self.refused = refusal.reserved_name(name)
        elif metric.kind not in POINT_KINDS:
            self.refused = refusal.unknown_kind(metric.kind)


def _labels(metric: NewMetric, tags: dict[str, str], service: str) -> list[tuple[str, str]]:
    instance = [(INSTANCE_LABEL, metric.instance)] if metric.instance else []
    return [*instance, *tags.items(), (SERVICE_LABEL, service), (NAME_LABEL, metric.name)]


class Metrics:
    """Applies metrics: decides which are kept, counts them, and keeps them in the ring of recent metrics.

    Like the intake of other kinds, it depends on the records, their time and the state alone.
    """

    def __init__(self, state: State, ids: SeenIds, own_ids: OwnIds) -> None:
        self._state, self._ids, self._own_ids = state, ids, own_ids
        self._targets: dict[tuple[object, ...], MetricTarget] = {}
        self._retired = state.series_store.retired

    def apply(self, records: Sequence[NewMetric], received: float, id_prefix: str) -> Outcome[NewMetric]:
        """Apply the metrics of an entry."""
        state = self._state
        state.set_time(received)
        targets = self._targets_of(records)
        unknown = {target.labels for target in targets if target.number < 0 and target.labels}
        if unknown:
            make_room(state, {target.labels for target in targets if target.labels}, received)
            targets = self._targets_of(records)
        entry = _MetricIntake(state, self._ids, received)
        kept = [item for item, target in zip(records, targets, strict=True) if entry.take(item, target)]
        batch = Kept(kept, received, rfc3339(received), id_prefix)
        if kept:
            entry.count()
            state.apply(entry.traffic.observations(), received, metrics=batch)
            self._own_ids.give(id_prefix)
        if entry.errors:
            state.counters.rejected(METRICS.name, Counter(error.code for error in entry.errors))
        repeated = entry.repeated
        state.counters.taken(METRICS.name, len(kept), len(repeated))
        last = state.metrics.last_sequence if kept else 0
        return Outcome(batch, last, len(repeated), repeated[-1] if repeated else "", entry.errors, entry.dropped)

    def new_names(self, record: NewMetric) -> frozenset[Hashable]:
        """The service and the series of the metric, if they are not known yet."""
        target = MetricTarget(record)
        unknown = target.labels and target.labels not in self._state.series_store.ids
        series: frozenset[Labels] = frozenset((target.labels,) if unknown else ())
        return new_service(self._state, target.service) | series

    def _targets_of(self, records: Sequence[NewMetric]) -> list[MetricTarget]:
        if self._retired != self._state.series_store.retired or len(self._targets) > MAX_TARGETS:
            self._targets.clear()
            self._retired = self._state.series_store.retired
        find = self._targets.get
        found: list[MetricTarget] = []
        for item in records:
            tags = item.tags
            key: tuple[object, ...] = (item.name, item.kind, item.instance)
            if tags:
                key += (*tags.items(),)
            target = find(key)
            if target is None:
                target = self._targets[key] = self._target(item)
            found.append(target)
        return found

    def _target(self, item: NewMetric) -> MetricTarget:
        target = MetricTarget(item)
        store = self._state.series_store
        number = store.ids.get(target.labels)
        if number is not None and store.lives[number].kind == target.kind:
            target.number = number
        return target


class _MetricIntake:
    """The metrics of one entry: checked one by one, and counted together."""

    def __init__(self, state: State, ids: SeenIds, received: float) -> None:
        self._state, self._ids, self._received = state, ids, received
        self._are_unique = state.quotas is not None
        self._oldest = state.oldest
        self.traffic = Traffic(received)
        self.errors: list[ItemError] = []
        self.repeated: list[str] = []
        self.dropped: list[int] = []
        self._place = -1
        self._folded = 0
        self._observed = {kind: Observed.none() for kind in POINT_KINDS}
        self._services: dict[str, float] = {}

    def take(self, item: NewMetric, target: MetricTarget) -> bool:
        """Check a metric, and count it if it is kept; returns whether it is."""
        self._place += 1
        now = at = self._received
        if target.refused is not None:
            return self._refuse(target.refused)
        value = item.value
        if value < 0 and target.is_amount:
            return self._refuse(_negative(item, target))
        if item.timestamp is not None:
            refused = time_refusal(item.timestamp, now, self._oldest)
            if refused is not None:
                return self._refuse(refused)
            at = item.timestamp.timestamp()
        if item.id is not None and self._are_unique and self._ids.knows(item.id, now, item.sender):
            self.repeated.append(item.id)
            self.dropped.append(self._place)
            return False
        service = target.service
        if target.number < 0 or service not in self._services:
            refused = self._admit(target)
            if refused is not None:
                return self._refuse(refused)
            self._services[service] = at
        elif at > self._services[service]:
            self._services[service] = at
        if item.id is not None:
            self._ids.add(item.id, now, item.sender)
        if item.unit:
            self._state.units[item.name, service] = item.unit
        if target.number >= 0:
            observed = self._observed[target.kind]
            observed.ids.append(target.number)
            observed.values.append(value)
            observed.ats.append(at)
            observed.histograms.append(None)
        if target.traffic:
            self.traffic.add(target.traffic, service, target.endpoint, value, at)
        return True

    def count(self) -> None:
        """Count what was kept, other than traffic."""
        state, now = self._state, self._received
        for kind, observed in self._observed.items():
            state.series_store.observe(kind, observed, now)
        for name, at in self._services.items():
            service = state.services.admit(name, now)
            service.last_seen = max(service.last_seen, now, at)
        if self._folded:
            state.counters.dropped("series_tags_folded", self._folded)

    def _refuse(self, refused: Refused) -> bool:
        self.dropped.append(self._place)
        self.errors.append(ItemError(self._place, refused.code, refused.message, refused.field))
        return False

    def _admit(self, target: MetricTarget) -> Refused | None:
        """Make the service and the series known. Without room, traffic counts without tags; others are refused."""
        state, service = self._state, target.service
        services = state.services
        if not services.has(service) and not services.room:
            return refusal.too_many_services(service)
        if target.labels and target.number < 0:
            found = admitted(state, target.labels, target.kind, self._received)
            if not isinstance(found, Refused):
                target.number = found
            elif target.traffic:
                self._folded += 1
            else:
                return found
        services.admit(service, self._received)
        return None


def _negative(item: NewMetric, target: MetricTarget) -> Refused:
    if not target.traffic:
        return refusal.negative_increase(item.value)
    return Refused("negative_value", f"{item.name} cannot be negative: {item.value}.", "value")
