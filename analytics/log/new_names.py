"""New names: the services, event types and series of a record that the service does not know yet."""

from collections.abc import Hashable

from analytics.log.metrics import series_of
from analytics.records import NO_SERVICE, NewEvent, NewHeartbeat, NewMetric, series_tags
from analytics.state.state import State


def unknown_names(state: State, record: object) -> frozenset[Hashable]:
    """The names that the service would learn by this record; the caller holds the state's lock."""
    if isinstance(record, NewMetric):
        service = record.tags.get("service") or NO_SERVICE if record.tags else NO_SERVICE
        series = series_of(record.name, service, series_tags(record.tags))
        return _unknown(state, service).union(key for key in series if key not in state.limits)
    if isinstance(record, NewEvent):
        types = () if state.limits.has_type(record.type) else (("type", record.type),)
        return _unknown(state, record.service).union(types)
    assert isinstance(record, NewHeartbeat)
    return _unknown(state, record.service)


def _unknown(state: State, service: str) -> frozenset[Hashable]:
    return frozenset() if state.services.has(service) else frozenset((("service", service),))
