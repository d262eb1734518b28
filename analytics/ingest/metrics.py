"""Takes batches of metrics apart: time, signs, bounds, duplicates, and the groups to count."""

from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.intake import Decoded, Intake, checked_time
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
        reserved: list[str] = []
        seconds: dict[tuple[str, int], Observations] = {}
        duplicates, repeated_id, oldest = 0, "", self._state.oldest
        for place, item in zip(batch.places, batch.items, strict=True):
            try:
                at = now if item.timestamp is None else checked_time(item.timestamp, now, oldest)
                _check_meaning(item)
                if item.id is not None and item.id in self._ids:
                    duplicates, repeated_id = duplicates + 1, item.id
                    continue
                service = (item.tags or {}).get("service") or NO_SERVICE
                if not self._state.services.has_room(service):
                    raise refusal.too_many_services(service)
                tags, endpoint = self._series(item, service)
            except Refused as refused:
                errors.append(ItemError(place, refused.code, refused.message, refused.field))
                continue
            if item.id is not None:
                self._ids.reserve(item.id, now)
                reserved.append(item.id)
            seen = self._seconds(service, at, now, seconds)
            seen.metric(item.name, item.value, at, tags, endpoint)
            if item.unit:
                self._state.units[item.name, seen.service] = item.unit
            metrics.append(item)
        counted = [seen for seen in seconds.values() if not seen.is_empty]
        return Intake(metrics, counted, reserved, duplicates, repeated_id, errors)

    def _seconds(
        self, service: str, at: float, now: float, seconds: dict[tuple[str, int], Observations]
    ) -> Observations:
        seen = seconds.get((service, int(at)))
        if seen is None:
            self._state.services.admit(service, now)
            seen = seconds[service, int(at)] = Observations(service, at)
        return seen

    def _series(self, item: NewMetric, service: str) -> tuple[SeriesTags, str | None]:
        """The tags under which to count, and the endpoint; traffic keeps counting where tags find no room."""
        tags = series_tags(item.tags)
        endpoint = (item.tags or {}).get("endpoint")
        if not tags and item.name in TRAFFIC:
            return NO_TAGS, endpoint
        if self._state.admit_series(item.name, service, tags):
            return tags, endpoint
        if item.name not in TRAFFIC:
            raise refusal.too_many_series(item.name)
        self._state.counters.dropped("series_tags_folded")
        return NO_TAGS, endpoint


def _check_meaning(item: NewMetric) -> None:
    if item.name == EVENTS:
        raise Refused("reserved_name", f"The name {EVENTS!r} is taken by the count of events.", "name")
    if item.value < 0 and item.name in TRAFFIC:
        raise Refused("negative_value", f"{item.name} cannot be negative ({item.value}).", "value")
