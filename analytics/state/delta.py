"""Cells that one second of observations adds to the series, including the sums over all services."""

from collections.abc import Iterable

from analytics.records import NO_TAGS, SeriesTags
from analytics.state.cells import Cell, UserCell
from analytics.state.exact import UNIT_BITS, exact_sum
from analytics.state.observations import EVENT_TYPE, EVENTS_SERIES, EVERY_SERVICE, TRAFFIC, Observations

SeriesKey = tuple[str, str, SeriesTags]
"""Name, service (`EVERY_SERVICE`: all services) and tags (`NO_TAGS`: all tags)."""


def is_lasting(key: SeriesKey) -> bool:
    """Whether a series counts for ever: traffic of a service, and its events by type."""
    name, service, tags = key
    if service == EVERY_SERVICE:
        return False
    return tags == NO_TAGS if name in TRAFFIC else name == EVENTS_SERIES and tags != NO_TAGS


def series_delta(observations: Iterable[Observations]) -> dict[SeriesKey, Cell]:
    """The cells of observations of one second.

    Traffic and events count in the series of their service, and in the one over all services.
    """
    delta: dict[SeriesKey, Cell] = {}
    all_types: dict[str, int] = {}
    latest = 0
    for seen in observations:
        service, at = seen.service, int(seen.at)
        latest = max(latest, at)
        if seen.event_types:
            for event_type, count in seen.event_types.items():
                all_types[event_type] = all_types.get(event_type, 0) + count
                delta[EVENTS_SERIES, service, ((EVENT_TYPE, event_type),)] = Cell.tally(count, at)
            delta[EVENTS_SERIES, service, NO_TAGS] = Cell.tally(sum(seen.event_types.values()), at)
        if seen.requests is not None:
            _put_traffic(delta, "requests", service, seen.requests)
        if seen.errors is not None:
            _put_traffic(delta, "errors", service, seen.errors)
        if seen.latencies:
            latency = Cell.of(seen.latencies, at, (seen.latency_sum, UNIT_BITS), sketched=True)
            latency.last_at, latency.last = seen.latest
            _put_traffic(delta, "latency", service, latency)
        for count, mean, reported_at in seen.mean_latencies:
            # a reported mean says nothing about percentiles: no sketch
            _put_traffic(
                delta, "latency", service, Cell(count, *exact_sum((count * mean,)), mean, mean, mean, reported_at)
            )
    if all_types:
        for event_type, count in all_types.items():
            delta[EVENTS_SERIES, EVERY_SERVICE, ((EVENT_TYPE, event_type),)] = Cell.tally(count, latest)
        delta[EVENTS_SERIES, EVERY_SERVICE, NO_TAGS] = Cell.tally(sum(all_types.values()), latest)
    return delta


def users_delta(observations: Iterable[Observations]) -> dict[str, UserCell]:
    """Distinct users by service, and of all services, in observations of one second."""
    delta = {seen.service: UserCell.of(seen.users) for seen in observations if seen.users}
    if delta:
        everybody = UserCell()
        for cell in delta.values():
            everybody.merge(cell)
        delta[EVERY_SERVICE] = everybody
    return delta


def _put_traffic(delta: dict[SeriesKey, Cell], name: str, service: str, cell: Cell) -> None:
    _put(delta, (name, EVERY_SERVICE, NO_TAGS), cell)
    key = (name, service, NO_TAGS)
    if key in delta:
        delta[key].merge(cell)
    else:
        delta[key] = cell


def _put(delta: dict[SeriesKey, Cell], key: SeriesKey, cell: Cell) -> None:
    mine = delta.get(key)
    if mine is None:
        delta[key] = cell.copy()
    else:
        mine.merge(cell)
