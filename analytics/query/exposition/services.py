"""Families of what services report: traffic, latency, endpoints, events, users and health."""

from collections.abc import Callable, Iterator

from analytics.points import NAME_LABEL, Labels
from analytics.query.exposition.family import MetricFamily, Native, Slice, Slices, Value
from analytics.query.figures import number, total
from analytics.records import NO_TAGS
from analytics.state.endpoint_series import REQUESTS, figures, key_of, labels_of_endpoint
from analytics.state.health import WORST_FIRST
from analytics.state.observations import EVENT_TYPE, EVENTS_SERIES, EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.series.matchers import equal
from analytics.state.services import Service
from analytics.state.state import State
from analytics.state.sums import Key
from analytics.state.users import ACTIVE_SECONDS

LATENCY_POWERS = range(-1, 15)
"""Classic buckets of latencies have the bounds 0.5 ms, 1 ms, 2 ms and so on up to 16,384 ms."""
SERVICES_AT_ONCE, HISTOGRAMS_AT_ONCE, KEYS_AT_ONCE = 250, 25, 2_000
"""Number of services, of histograms, and of keys examined, in a slice."""

REQUESTS_METRIC = MetricFamily("requests", "counter", "Requests")
ERRORS_METRIC = MetricFamily("errors", "counter", "Failed requests and errors")
LATENCY_METRIC = MetricFamily("latency_milliseconds", "histogram", "Latency in milliseconds")
STATUS_METRIC = MetricFamily("service_status", "gauge", "1 for the state that holds, else 0")
HEARTBEAT_AGE_METRIC = MetricFamily("heartbeat_age_seconds", "gauge", "Seconds since the latest heartbeat")
USERS_METRIC = MetricFamily("users", "gauge", "Distinct users of the last five minutes, the present one included")
EVENTS_METRIC = MetricFamily("events", "counter", "Events, by type")
ENDPOINT_REQUESTS_METRIC = MetricFamily("endpoint_requests", "counter", "Requests of the heaviest endpoints")
ENDPOINT_ERRORS_METRIC = MetricFamily(
    "endpoint_errors", "counter", "Failed requests and errors of the heaviest endpoints"
)


def services(state: State, now: float) -> Slices:
    """The families by service; counters count since ever."""
    yield from _each(state, REQUESTS_METRIC, lambda service: traffic_total(state, "requests", service))
    yield from _each(state, ERRORS_METRIC, lambda service: traffic_total(state, "errors", service))
    yield from _each(state, LATENCY_METRIC, lambda service: latency(state, service), HISTOGRAMS_AT_ONCE)
    yield from _each(state, USERS_METRIC, lambda service: recent_users(state, now, service), HISTOGRAMS_AT_ONCE)
    yield from _each(state, HEARTBEAT_AGE_METRIC, lambda service: _heartbeat_age(now, service))
    yield from _status(state, now)


def traffic_total(state: State, name: str, service: Service) -> float:
    """The requests or errors of a service since ever."""
    before = service.baseline.requests if name == "requests" else service.baseline.errors
    return number(total(state.series.since_ever((name, service.name, NO_TAGS))) + before)


def latency(state: State, service: Service) -> Native | None:
    """The latencies of a service since ever (ms), or None without any."""
    cell = state.series.since_ever(("latency", service.name, NO_TAGS))
    if cell is None:
        return None
    return Native(cell.count, total(cell), None if cell.quantiles is None else cell.quantiles.buckets, LATENCY_POWERS)


def recent_users(state: State, now: float, service: Service) -> int | None:
    """Distinct users of the last five minutes, the present one included; None if the service never had any."""
    if service.name not in state.users.totals:
        return None
    minute = state.series.levels[Resolution.MINUTE]
    end = minute.start(now) + minute.size
    minutes = range(end - ACTIVE_SECONDS, end, minute.size)
    cell = state.users.merged(0, minutes, [service.name])
    return cell.users.estimate if cell else 0


def events(state: State) -> Slices:
    """Events by service and type since ever."""
    keys = list(state.series.totals)
    for first in range(0, max(1, len(keys)), KEYS_AT_ONCE):
        found: list[tuple[Labels, Value]] = []
        for key in keys[first : first + KEYS_AT_ONCE]:
            name, service, tags = key
            if name == EVENTS_SERIES and service != EVERY_SERVICE and tags and tags[0][0] == EVENT_TYPE:
                cell = state.series.since_ever(key)
                if cell is not None:  # else it expired meanwhile
                    found.append(((("service", service), *tags), cell.count))
        yield Slice(EVENTS_METRIC, found)
        yield None


def endpoints(state: State) -> Slices:
    """Requests and errors of the endpoints that are kept, since each was first kept."""
    keys = _endpoints(state)
    for metric, place in ((ENDPOINT_REQUESTS_METRIC, 0), (ENDPOINT_ERRORS_METRIC, 1)):
        for first in range(0, max(1, len(keys)), SERVICES_AT_ONCE):
            part = keys[first : first + SERVICES_AT_ONCE]
            found = ((key, _endpoint_total(state, key, place)) for key in part)
            yield Slice(metric, [((("service", key[0]), ("endpoint", key[1])), number(total)) for key, total in found])
            yield None


def _endpoints(state: State) -> list[Key]:
    """The endpoints that have series, and those that are pending."""
    store = state.endpoint_series.store
    found = dict.fromkeys(map(key_of, map(store.labels, store.select([equal(NAME_LABEL, REQUESTS)]).tolist())))
    for table in state.endpoints.pending.values():
        found |= dict.fromkeys(key for key, total in table.items() if total.requests_in_units)
    return list(found)


def _endpoint_total(state: State, key: Key, place: int) -> float:
    """The running total of a series of an endpoint, the one at an index of `FAMILIES`; 0 if it was replaced."""
    store = state.endpoint_series.store
    known = store.ids.get(labels_of_endpoint(key)[place])
    pending = [table[key] for table in state.endpoints.pending.values() if key in table]
    return (store.lives[known].total if known is not None else 0.0) + sum(figures(each)[place] for each in pending)


def _heartbeat_age(now: float, service: Service) -> float | None:
    newest = service.newest
    return None if newest is None else number(max(0.0, now - newest.last))


def _status(state: State, now: float) -> Slices:
    for part in _parts(state, SERVICES_AT_ONCE // len(WORST_FIRST)):
        series: list[tuple[Labels, Value]] = []
        for service in part:
            status, _ = service.health(now)
            series += [((("service", service.name), ("status", each)), int(status == each)) for each in WORST_FIRST]
        yield Slice(STATUS_METRIC, series)
        yield None


def _each(
    state: State, metric: MetricFamily, value: Callable[[Service], Value | None], size: int = SERVICES_AT_ONCE
) -> Slices:
    """The values of a metric by service, without those that are None."""
    for part in _parts(state, size):
        found = ((service.name, value(service)) for service in part)
        yield Slice(metric, [((("service", name),), figure) for name, figure in found if figure is not None])
        yield None


def _parts(state: State, size: int) -> Iterator[list[Service]]:
    known = state.services.all()
    for first in range(0, max(1, len(known)), size):
        yield known[first : first + size]
