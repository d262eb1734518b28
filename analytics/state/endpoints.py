"""Endpoint tables: the busiest of the last minute, and each service's heaviest over all retained time.

Each service keeps its heaviest endpoints by Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of
Frequent and Top-k Elements in Data Streams, ICDT 2005): a new endpoint takes the place of the lightest and inherits
its count as its possible error.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush, nsmallest

from analytics.state.sums import Key, SlidingSum, Total

DAY = 86_400
MINUTE = 60
NAME_LIMIT = 256
"""Longer endpoint names are cut to this many characters."""


class Endpoints:
    """All endpoint tables: at most `per_service` endpoints of a service, and `in_all`.

    Args:
        on_evicted: called once for each endpoint that made room for another.
    """

    def __init__(self, now: float, days: int, per_service: int, in_all: int, on_evicted: Callable[[], None]) -> None:
        self.last_minute = SlidingSum(1, MINUTE, now)
        self.retained = SlidingSum(DAY, days, 0)
        """Its days advance by the times of records alone, so that a replay at any later time gives the same."""
        self._days, self.per_service, self.in_all = days, per_service, in_all
        self._on_evicted = on_evicted
        self._inherited: dict[str, dict[str, float]] = {}
        self._evicted: dict[str, tuple[float, float]] = {}
        """By service, the greatest weight that made room within the retained time, and when that last happened."""
        self._lightest: dict[str, list[tuple[float, str]]] = {}
        self._waiting: dict[tuple[int, int], dict[Key, Total]] = {}

    def add(self, at: float, shown_at: float, service: str, endpoint: str, more: Total) -> None:
        """Take what was observed of an endpoint at `at`; in the last minute it counts at `shown_at`.

        It is counted in the tables when its second is over, in an order of its own: so it does not matter when, and
        in which pieces, it came.
        """
        seconds, key = (int(at), int(shown_at)), (service, endpoint[:NAME_LIMIT])
        self._waiting.setdefault(seconds, {}).setdefault(key, Total()).add(more)

    def proceed(self, to: float) -> None:
        """Count what waits, and let days beyond the retention leave."""
        waiting, self._waiting = self._waiting, {}
        for (at, shown_at), table in sorted(waiting.items()):
            for key in sorted(table):
                self._count(at, shown_at, key, table[key])
        left = self.retained.advance(to)
        for service, endpoint in left:
            if (service, endpoint) not in self.retained.totals:
                self._inherited[service].pop(endpoint, None)
        for service in {service for service, _ in left}:
            if self._inherited[service]:
                self._lightest[service] = self._heap(service)
            else:
                del self._inherited[service], self._lightest[service]
        if left:
            since = to - self._days * DAY
            self._evicted = {name: last for name, last in self._evicted.items() if last[1] >= since}

    def _count(self, at: int, shown_at: int, key: Key, more: Total) -> None:
        if at // DAY < self.retained.oldest:
            return
        service, endpoint = key
        second = self.last_minute.bucket(shown_at)
        if key in second or len(second) < self.in_all:
            self.last_minute.add(shown_at, key, more)
        inherited = self._inherited.setdefault(service, {})
        if endpoint not in inherited:
            if len(inherited) >= self.per_service or len(self.retained.totals) >= self.in_all:
                self._evict(service if inherited else max(self._inherited, key=self._size), now=at)
            error, _ = self._evicted.get(service, (0.0, 0.0))
            inherited[endpoint] = error
            heappush(self._lightest.setdefault(service, []), (error, endpoint))
        self.retained.add(at, key, more)

    def _with_waiting(self, totals: Mapping[Key, Total], since: int, service: str | None = None) -> dict[Key, Total]:
        """`totals`, and what waits since that second, of one service or all."""
        more: dict[Key, Total] = {}
        for (_, shown_at), table in self._waiting.items():
            for key, waiting in table.items():
                if shown_at >= since and service in (None, key[0]):
                    if key not in more:
                        more[key] = Total()
                        if key in totals:
                            more[key].add(totals[key])
                    more[key].add(waiting)
        return {**totals, **more}

    def busiest(self, count: int) -> list[tuple[Key, Total]]:
        """The `count` endpoints with the most requests in the last minute, equals in the order of their names."""
        totals = self._with_waiting(self.last_minute.totals, self.last_minute.oldest)
        busiest = nsmallest(count, totals.items(), key=lambda item: (item[1].rank, item[0]))
        return [(key, total) for key, total in busiest if total.requests > 0]

    def of_service(self, service: str) -> list[tuple[str, Total, float]]:
        """Endpoint, its total and by how much its count may understate it, heaviest first."""
        inherited, (evicted, _) = self._inherited.get(service, {}), self._evicted.get(service, (0.0, 0.0))
        retained = self.retained.totals
        counted = {(service, name): retained[service, name] for name in inherited if (service, name) in retained}
        totals = self._with_waiting(counted, 0, service)
        rows = [(name, total, inherited.get(name, evicted)) for (_, name), total in totals.items()]
        return sorted(rows, key=lambda row: (row[1].rank, row[0]))[: self.per_service]

    def dump(self) -> tuple[dict[str, dict[str, float]], dict[str, tuple[float, float]]]:
        """What the sliding sums do not say, for `restore`: inherited weights by service and endpoint, and evictions."""
        return self._inherited, self._evicted

    def restore(self, inherited: dict[str, dict[str, float]], evicted: dict[str, tuple[float, float]]) -> None:
        """Become what was dumped; the sliding sums are restored already, and may have lost days by now."""
        known = {
            service: {name: error for name, error in endpoints.items() if (service, name) in self.retained.totals}
            for service, endpoints in inherited.items()
        }
        self._inherited = {service: endpoints for service, endpoints in known.items() if endpoints}
        self._evicted = evicted
        self._lightest = {service: self._heap(service) for service in self._inherited}

    @property
    def waiting(self) -> Mapping[tuple[int, int], Mapping[Key, Total]]:
        """What is not counted in the tables yet, by when it was observed and when it counts in the last minute."""
        return self._waiting

    def __len__(self) -> int:
        """How many endpoints are known, those that wait included as far as there is room for them."""
        waiting = {key for table in self._waiting.values() for key in table} - self.retained.totals.keys()
        known = len(self.retained.totals)
        for service, new in Counter(service for service, _ in waiting).items():
            known += min(new, max(0, self.per_service - len(self._inherited.get(service, ()))))
        return min(known, self.in_all)

    def _heap(self, service: str) -> list[tuple[float, str]]:
        """The endpoints of `service` by their weights."""
        heap = [(self._weight(service, endpoint), endpoint) for endpoint in self._inherited[service]]
        heapify(heap)
        return heap

    def _size(self, service: str) -> int:
        return len(self._inherited[service])

    def _weight(self, service: str, endpoint: str) -> float:
        usage = self.retained.totals.get((service, endpoint))
        return self._inherited[service][endpoint] + (usage.requests if usage else 0)

    def _evict(self, service: str, now: float) -> None:
        """Make room by the lightest endpoint of `service`: what it weighed, a newcomer may have missed."""
        heap, inherited = self._lightest[service], self._inherited[service]
        while True:
            weight, endpoint = heappop(heap)
            if endpoint not in inherited:
                continue
            current = self._weight(service, endpoint)
            if current > weight:  # it grew since it was put there
                heappush(heap, (current, endpoint))
                continue
            del inherited[endpoint]
            self.retained.forget((service, endpoint))
            most, _ = self._evicted.get(service, (0.0, 0.0))
            self._evicted[service] = (max(most, current), now)
            self._on_evicted()
            return
