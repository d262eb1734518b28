"""Takes batches of metrics apart: time, signs, bounds, duplicates, and the groups to count."""

from collections.abc import Mapping, Sequence
from functools import partial

from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.intake import Checked, Decoded, time_refusal
from analytics.ingest.refusal import Refused
from analytics.records import NO_SERVICE, NO_TAGS, ItemError, NewMetric, SeriesTags, series_tags
from analytics.state.observations import EVENTS, TRAFFIC, Observations
from analytics.state.state import State


class MetricIntake:
    """Tells which new metrics may be recorded, and what to count of them."""

    def __init__(self, state: State, ids: SeenIds) -> None:
        self._state, self._ids = state, ids

    def check(self, batch: Decoded[NewMetric], now: float, *, again: bool = False) -> Checked[NewMetric]:
        """Everything of `batch` that may be recorded at `now`; `again` where it was so before: it has room, and ids."""
        errors = list(batch.errors)
        metrics: list[NewMetric] = []
        ids: list[str] = []
        seconds: dict[tuple[str, int], Observations] = {}
        services: set[str] = set()
        duplicates, repeated_id, oldest = 0, "", self._state.oldest
        for place, item in zip(batch.places, batch.items, strict=True):
            refused = _meaning_refusal(item)
            if refused is None and item.timestamp is not None:
                refused = time_refusal(item.timestamp, now, oldest)
            if refused is None and item.id is not None and not again and self._ids.knows(item.id, now):
                duplicates, repeated_id = duplicates + 1, item.id
                continue
            service = _service(item)
            is_known = again or service in services
            if refused is None and not is_known and self._state.services.without_room((service,)):
                refused = refusal.too_many_services(service)
            tags = self._admit(item, service, again=again) if refused is None else refused
            if isinstance(tags, Refused):
                errors.append(ItemError(place, tags.code, tags.message, tags.field))
                continue
            if item.id is not None:
                self._ids.take(item.id, now)
                ids.append(item.id)
            at = now if item.timestamp is None else item.timestamp.timestamp()
            seen = seconds.get((service, int(at)))
            if seen is None:
                services.add(service)
                seen = seconds[service, int(at)] = Observations(service, at)
            seen.metric(item.name, item.value, at, tags, item.tags.get("endpoint") if item.tags else None)
            metrics.append(item)
        self._state.services.promise(services)
        return Checked(metrics, ids, partial(self._observe, metrics, seconds), duplicates, repeated_id, errors)

    def _observe(
        self, metrics: Sequence[NewMetric], seconds: Mapping[tuple[str, int], Observations]
    ) -> list[Observations]:
        """What was gathered, and the units that the metrics have."""
        for item in metrics:
            if item.unit:
                self._state.units[item.name, _service(item)] = item.unit
        return list(seconds.values())

    def _admit(self, item: NewMetric, service: str, *, again: bool) -> SeriesTags | Refused:
        """The tags under which to count it, or why not; traffic keeps counting where its tags find no room."""
        tags = series_tags(item.tags)
        is_traffic = item.name in TRAFFIC
        if (is_traffic and not tags) or self._state.limits.admit(item.name, service, tags):
            return tags
        if not is_traffic:
            return tags if again else refusal.too_many_series(item.name)
        self._state.counters.dropped("series_tags_folded")
        return NO_TAGS


def _service(item: NewMetric) -> str:
    return item.tags.get("service") or NO_SERVICE if item.tags else NO_SERVICE


def _meaning_refusal(item: NewMetric) -> Refused | None:
    if item.name == EVENTS:
        return Refused("reserved_name", f"The name {EVENTS!r} is taken by the count of events.", "name")
    if item.value < 0 and item.name in TRAFFIC:
        return Refused("negative_value", f"{item.name} cannot be negative ({item.value}).", "value")
    return None
