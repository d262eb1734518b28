"""Takes batches of metrics apart: time, signs, bounds, duplicates, and the groups to count."""

from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.intake import Decoded, Intake, time_refusal
from analytics.ingest.refusal import Refused
from analytics.records import NO_TAGS, ItemError, NewMetric, SeriesTags, series_tags
from analytics.state.observations import EVENTS, TRAFFIC, Observations
from analytics.state.state import State

NO_SERVICE = "unknown"
"""The service of metrics that name none."""


class MetricIntake:
    """Turns new metrics into metrics to keep and observations to count."""

    def __init__(self, state: State, ids: SeenIds) -> None:
        self._state, self._ids = state, ids

    def take(self, batch: Decoded[NewMetric], now: float) -> Intake[NewMetric]:
        """Everything of `batch` that may be recorded at `now`."""
        errors = list(batch.errors)
        metrics: list[NewMetric] = []
        seconds: dict[tuple[str, int], Observations] = {}
        duplicates, repeated_id, oldest = 0, "", self._state.oldest
        for place, item in zip(batch.places, batch.items, strict=True):
            refused = _meaning_refusal(item)
            if refused is None and item.timestamp is not None:
                refused = time_refusal(item.timestamp, now, oldest)
            if refused is None and item.id is not None and self._ids.knows(item.id, now):
                duplicates, repeated_id = duplicates + 1, item.id
                continue
            given = item.tags or {}
            service = given.get("service") or NO_SERVICE
            tags = self._admit(item, service) if refused is None else refused
            if isinstance(tags, Refused):
                errors.append(ItemError(place, tags.code, tags.message, tags.field))
                continue
            if item.id is not None:
                self._ids.reserve(item.id, now)
            at = now if item.timestamp is None else item.timestamp.timestamp()
            seen = seconds.get((service, int(at)))
            if seen is None:
                self._state.services.admit(service, now)
                seen = seconds[service, int(at)] = Observations(service, at)
            seen.metric(item.name, item.value, at, tags, given.get("endpoint"))
            if item.unit:
                self._state.units[item.name, service] = item.unit
            metrics.append(item)
        counted = [seen for seen in seconds.values() if not seen.is_empty]
        return Intake(metrics, counted, duplicates, repeated_id, errors)

    def _admit(self, item: NewMetric, service: str) -> SeriesTags | Refused:
        """The tags under which to count it, or why not; traffic keeps counting where its tags find no room."""
        if not self._state.services.has_room(service):
            return refusal.too_many_services(service)
        tags = series_tags(item.tags)
        is_traffic = item.name in TRAFFIC
        if (is_traffic and not tags) or self._state.admit_series(item.name, service, tags):
            return tags
        if not is_traffic:
            return refusal.too_many_series(item.name)
        self._state.counters.dropped("series_tags_folded")
        return NO_TAGS


def _meaning_refusal(item: NewMetric) -> Refused | None:
    if item.name == EVENTS:
        return Refused("reserved_name", f"The name {EVENTS!r} is taken by the count of events.", "name")
    if item.value < 0 and item.name in TRAFFIC:
        return Refused("negative_value", f"{item.name} cannot be negative ({item.value}).", "value")
    return None
