"""Series of endpoints: what each endpoint counted, at every resolution, in a store of typed series of its own.

So they are apart from the limit of custom series. The endpoints that have series are those of the endpoint tables.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from analytics.points import COUNTER, NAME_LABEL, Labels
from analytics.state.exact import UNIT
from analytics.state.observations import EVENTS_SERIES
from analytics.state.record_series import RECORD_SERIES
from analytics.state.rollup import Level
from analytics.state.series.observed import Observed
from analytics.state.series.store import SERVICE_LABEL, SeriesStore
from analytics.state.sums import Key, Total

ENDPOINT_LABEL = "endpoint"
REQUESTS, ERRORS = "endpoint_requests_total", "endpoint_errors_total"
LATENCY_SUM, LATENCY_COUNT = "endpoint_latency_milliseconds_sum", "endpoint_latency_milliseconds_count"
FAMILIES = (REQUESTS, ERRORS, LATENCY_SUM, LATENCY_COUNT)
RESERVED = frozenset((*FAMILIES, "endpoint_latency_milliseconds", EVENTS_SERIES)) | RECORD_SERIES
"""Names that series of clients cannot have."""
_SPARE = 4
"""One endpoint in so many may be waiting for its ids to be used again, beyond those that have series."""


class EndpointSeries:
    """Counters by service and endpoint. A counter exists from its first increase on.

    Only complete seconds are observed, in a fixed order, so equal logs give equal series; `Endpoints` has those that
    are pending. Those that are counted together go into the buckets together, since late ones, such as a history that
    is imported, have a second of their own each. New endpoints wait while too many ids of replaced ones are not free
    yet.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        changed_late: Callable[[int, int, Iterable[int]], None] = lambda level, start, ids: None,
    ) -> None:
        self.store = SeriesStore(levels, changed_late=changed_late)
        self.since = 0.0
        """Since when all endpoints are counted (seconds since the epoch): directories of older versions have none."""
        self._ids: dict[Key, list[int]] = {}
        self._retired = 0
        self._observed = Observed.none()

    def begin(self, at: float, totals: Mapping[Key, Total]) -> None:
        """Begin at a time with running totals, of which no usage is known."""
        self.since = at
        for key in sorted(totals):
            for labels, value in zip(labels_of_endpoint(key), figures(totals[key]), strict=True):
                if value:
                    life = self.store.lives[self.store.add(labels, COUNTER, at)]
                    life.newest, life.total = at, value

    def observe(self, at: int, counted: Iterable[tuple[Key, Total]], most: int) -> None:
        """Count what was used in one second; `most` endpoints are kept in the tables. Call `merge` after the last."""
        store = self.store
        if self._retired != store.retired:
            self._ids, self._retired = {}, store.retired
        room = len(FAMILIES) * (most + most // _SPARE) - store.ids.taken
        observed = Observed.none()
        numbers, values = observed.ids, observed.values
        for key, total in counted:
            ids = self._ids.get(key)
            if ids is None:
                ids = self._ids[key] = [store.ids.get(labels, -1) for labels in labels_of_endpoint(key)]
            for place, value in enumerate(figures(total)):
                if value:
                    if ids[place] < 0:
                        if room <= 0:
                            continue
                        room -= 1
                        ids[place] = store.add(labels_of_endpoint(key)[place], COUNTER, at)
                    numbers.append(ids[place])
                    values.append(value)
        observed.ats.extend([float(at)] * len(observed.ids))
        store.note(COUNTER, observed, at)
        self._observed.extend(observed)

    def merge(self) -> None:
        """Put what was observed into the buckets."""
        observed, self._observed = self._observed, Observed.none()
        self.store.buckets[COUNTER].add(observed)

    def forget(self, keys: Iterable[Key]) -> None:
        """Retire the series of endpoints that are no longer kept."""
        self.merge()
        ids = self.store.ids
        found = [ids.get(labels, -1) for key in keys for labels in labels_of_endpoint(key)]
        self.store.retire([number for number in found if number >= 0])


def labels_of_endpoint(key: Key) -> list[Labels]:
    """The labels of the series of an endpoint, in the order of `FAMILIES`."""
    service, endpoint = key
    return [((NAME_LABEL, name), (ENDPOINT_LABEL, endpoint), (SERVICE_LABEL, service)) for name in FAMILIES]


def key_of(labels: Labels) -> Key:
    """The service and endpoint of a series."""
    (_, (_, endpoint), (_, service)) = labels
    return service, endpoint


def figures(total: Total) -> tuple[float, float, float, int]:
    """The increases of the series of an endpoint, in the order of `FAMILIES`."""
    errors = total.errors if total.errors_in_units else 0.0
    try:  # the same floats, without a division of large integers
        return float(total.requests_in_units) * UNIT, errors, float(total.ms_in_units) * UNIT, total.timed
    except OverflowError:
        return total.requests, errors, total.milliseconds, total.timed


def increases(pending: Mapping[Key, Total]) -> Iterator[tuple[Labels, float]]:
    """Labels and increases of usage that is not observed yet."""
    for key, total in pending.items():
        for labels, value in zip(labels_of_endpoint(key), figures(total), strict=True):
            if value:
                yield labels, value
