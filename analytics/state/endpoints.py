"""Endpoint tables: the busiest endpoints of the last minute, and the heaviest of each service over all kept days.

A service keeps its heaviest endpoints by the Space-Saving algorithm (Metwally, Agrawal, El Abbadi: Efficient
Computation of Frequent and Top-k Elements in Data Streams, ICDT 2005): a new endpoint replaces the lightest one and
inherits its count as its possible error.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush, nsmallest

from analytics.clock import DAY_SECONDS, MINUTE_SECONDS
from analytics.state.endpoint_series import EndpointSeries
from analytics.state.sums import Key, SlidingSum, Total

NAME_LIMIT = 256
"""Longer endpoint names are truncated to this many characters."""


class Endpoints:
    """All endpoint tables: at most `per_service` endpoints of a service, and `in_all`.

    Args:
        on_evicted: called for each endpoint that another one replaced.
        series: get the usage of the endpoints that are kept.
    """

    def __init__(
        self,
        now: float,
        days: int,
        per_service: int,
        in_all: int,
        on_evicted: Callable[[], None],
        series: EndpointSeries | None = None,
    ) -> None:
        self.last_minute = SlidingSum(1, MINUTE_SECONDS, now)
        self.retained = SlidingSum(DAY_SECONDS, days, 0)
        """Its days advance by the times of records alone, so that a replay at any later time gives the same."""
        self.per_service, self.in_all = per_service, in_all
        self._on_evicted, self._series = on_evicted, series
        self._inherited: dict[str, dict[str, float]] = {}
        self._evicted: dict[str, tuple[float, float]] = {}
        """By service: the greatest weight evicted within the kept days, and the time of the last eviction."""
        self._lightest: dict[str, list[tuple[float, str]]] = {}
        self._pending: dict[tuple[int, int], dict[Key, Total]] = {}

    def add(self, at: float, shown_at: float, service: str, endpoint: str, more: Total) -> None:
        """Add usage observed at `at`; the last minute counts it at `shown_at`.

        It is pending until its second is over, and is then counted in a fixed order, so the tables do not depend on how
        and when it was split into requests.
        """
        seconds, key = (int(at), int(shown_at)), (service, endpoint[:NAME_LIMIT])
        self._pending.setdefault(seconds, {}).setdefault(key, Total()).add(more)

    def flush(self, to: float) -> None:
        """Count pending usage, and drop the days that are past retention at `to`."""
        pending, self._pending = self._pending, {}
        for (at, shown_at), table in sorted(pending.items()):
            used = sorted(table)
            for key in used:
                self._count(at, shown_at, key, table[key])
            if self._series is not None and at // DAY_SECONDS >= self.retained.oldest:
                kept = self.retained.totals
                counted = [(key, table[key]) for key in used if key in kept]
                self._series.observe(at, counted, self.in_all)
        if self._series is not None:
            self._series.merge()
        self.expire(to)

    def expire(self, now: float) -> None:
        """Drop the days that are past retention at `now`."""
        left = self.retained.advance(now)
        gone = sorted(key for key in left if key not in self.retained.totals)
        for service, endpoint in gone:
            self._inherited[service].pop(endpoint, None)
        if self._series is not None:
            self._series.forget(gone)
        for service in {service for service, _ in left}:
            if self._inherited[service]:
                self._lightest[service] = self._heap(service)
            else:
                del self._inherited[service], self._lightest[service]
        if left:
            since = now - self.retained.keep * DAY_SECONDS
            self._evicted = {name: last for name, last in self._evicted.items() if last[1] >= since}

    def _count(self, at: int, shown_at: int, key: Key, more: Total) -> None:
        if at // DAY_SECONDS < self.retained.oldest:
            return
        service, endpoint = key
        second = self.last_minute.bucket(shown_at)
        if key in second or len(second) < self.in_all:
            self.last_minute.add(shown_at, key, more)
        inherited = self._inherited.setdefault(service, {})
        if endpoint not in inherited:
            if len(inherited) >= self.per_service or len(self.retained.totals) >= self.in_all:
                self._evict(service if inherited else max(self._inherited, key=self._size), at)
            error, _ = self._evicted.get(service, (0.0, 0.0))
            inherited[endpoint] = error
            heappush(self._lightest.setdefault(service, []), (error, endpoint))
        self.retained.add(at, key, more)

    def _with_pending(self, totals: Mapping[Key, Total], since: int, service: str | None = None) -> dict[Key, Total]:
        """`totals` with the pending usage since that second, of one service or all."""
        more: dict[Key, Total] = {}
        for (_, shown_at), table in self._pending.items():
            for key, pending in table.items():
                if shown_at >= since and service in (None, key[0]):
                    if key not in more:
                        more[key] = Total()
                        if key in totals:
                            more[key].add(totals[key])
                    more[key].add(pending)
        return {**totals, **more}

    def busiest(self, count: int) -> list[tuple[Key, Total]]:
        """The `count` endpoints with the most requests in the last minute; equals are ordered by name."""
        totals = self._with_pending(self.last_minute.totals, self.last_minute.oldest)
        busiest = nsmallest(count, totals.items(), key=lambda item: (item[1].rank, item[0]))
        return [(key, total) for key, total in busiest if total.requests > 0]

    def in_days(self, days: range) -> Iterator[list[Mapping[Key, Total]]]:
        """Tables that add up to the usage on those days, numbered since the epoch.

        The tables of one list are to be read together; between two lists, usage may be added.
        """
        pending = [(at // DAY_SECONDS, table) for (at, _), table in self._pending.items()]
        open_days = {day for day, _ in pending if day in days}
        yield [table for day, table in pending if day in days] + [self.retained.bucket(day) for day in open_days]
        yield from ([self.retained.bucket(day)] for day in days if day not in open_days)

    def of_service(self, service: str) -> list[tuple[str, Total, float]]:
        """Endpoints with their totals and the most that each may be undercounted by, heaviest first."""
        inherited, (evicted, _) = self._inherited.get(service, {}), self._evicted.get(service, (0.0, 0.0))
        retained = self.retained.totals
        counted = {(service, name): retained[service, name] for name in inherited if (service, name) in retained}
        totals = self._with_pending(counted, 0, service)
        rows = [(name, total, inherited.get(name, evicted)) for (_, name), total in totals.items()]
        return sorted(rows, key=lambda row: (row[1].rank, row[0]))[: self.per_service]

    def totals(self) -> dict[Key, Total]:
        """Totals of all endpoints by service and endpoint, in a new dict."""
        return self._with_pending(self.retained.totals, 0)

    def dump(self) -> tuple[dict[str, dict[str, float]], dict[str, tuple[float, float]]]:
        """Inherited weights by service and endpoint, and evictions by service, for `restore`."""
        return self._inherited, self._evicted

    def restore(self, inherited: dict[str, dict[str, float]], evicted: dict[str, tuple[float, float]]) -> None:
        """Replace the content by a dump, after the sliding sums, which may have dropped days since."""
        known = {
            service: {name: error for name, error in endpoints.items() if (service, name) in self.retained.totals}
            for service, endpoints in inherited.items()
        }
        self._inherited = {service: endpoints for service, endpoints in known.items() if endpoints}
        self._evicted = evicted
        self._lightest = {service: self._heap(service) for service in self._inherited}

    @property
    def pending(self) -> Mapping[tuple[int, int], Mapping[Key, Total]]:
        """Usage not counted in the tables yet, by time of observation and time in the last minute."""
        return self._pending

    def __len__(self) -> int:
        """Number of endpoints, including the pending ones for which there is room."""
        pending = {key for table in self._pending.values() for key in table} - self.retained.totals.keys()
        known = len(self.retained.totals)
        for service, new in Counter(service for service, _ in pending).items():
            known += min(new, max(0, self.per_service - len(self._inherited.get(service, ()))))
        return min(known, self.in_all)

    def _heap(self, service: str) -> list[tuple[float, str]]:
        """Heap of the endpoints of `service` by weight."""
        heap = [(self._weight(service, endpoint), endpoint) for endpoint in self._inherited[service]]
        heapify(heap)
        return heap

    def _size(self, service: str) -> int:
        return len(self._inherited[service])

    def _weight(self, service: str, endpoint: str) -> float:
        usage = self.retained.totals.get((service, endpoint))
        return self._inherited[service][endpoint] + (usage.requests if usage else 0)

    def _evict(self, service: str, at: float) -> None:
        """Evict the lightest endpoint of `service` for one that was used at `at`.

        A new one may have been undercounted by up to its weight, as long as the newest day is kept: the evicted usage
        may be of that day, also if the endpoint that replaces it was used earlier.
        """
        heap, inherited = self._lightest[service], self._inherited[service]
        while True:
            weight, endpoint = heappop(heap)
            if endpoint not in inherited:
                continue
            current = self._weight(service, endpoint)
            if current > weight:  # it grew since it was pushed
                heappush(heap, (current, endpoint))
                continue
            del inherited[endpoint]
            self.retained.forget((service, endpoint))
            if self._series is not None:
                self._series.forget([(service, endpoint)])
            most, _ = self._evicted.get(service, (0.0, 0.0))
            self._evicted[service] = (max(most, current), max(at, self.retained.newest * DAY_SECONDS))
            self._on_evicted()
            return
