"""Which visits of the demo shop are traced: few enough live, and a bounded number of those before."""

import random
from collections.abc import Iterator, Sequence

from analytics.feed.bad_deploy import BadDeploy
from analytics.feed.incidents import DemoIncident, KnownIncidents
from analytics.feed.shop import PageVisit, Shop, time_of_day_factor
from analytics.feed.shop_traces import FAILED_STATUS, ShopTrace, Tracer

HOURS = 3
"""Hours of history that have traces."""
MOST_SPANS, MOST_LINES = 6_000, 2_500
"""Limits of the spans and lines of the history; there are fewer."""
_SLOT, _FAILED_SLOT = 2.0, 1.0
"""Seconds of which one visit is traced, and one with a failed request; visits do not come in order."""
_REMEMBERED = 120.0
_RATE, _RATE_OF_DEPLOY = 1.0, 3.5
"""Events per second of the history's own shop, and after the bad deploy, when every checkout is traced."""
_KEPT, _KEPT_CHECKOUTS, _KEPT_OF_DEPLOY = 0.12, 0.3, 0.04
"""Shares of visits that are traced."""
_STEP = 60


class LiveTraces:
    """Traces some visits of the shop while it runs, failed ones rather than others."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._begun: dict[tuple[float, int], float] = {}
        self._traces: list[ShopTrace] = []

    def watch(self, visit: PageVisit) -> None:
        """ShopTrace the visit unless another one was traced at its time."""
        length = _FAILED_SLOT if has_failed(visit) else _SLOT
        slot = (length, int(visit.at // length))
        if slot not in self._begun:
            self._begun[slot] = visit.at
            self._traces.append(self._tracer.trace(visit))

    def take(self) -> ShopTrace:
        """The traces since the last call."""
        taken, self._traces = self._traces, []
        newest = max(self._begun.values(), default=0.0)
        self._begun = {slot: at for slot, at in self._begun.items() if at > newest - _REMEMBERED}
        return ShopTrace.joined(taken)


def past_traces(
    rng: random.Random, now: float, deploy: BadDeploy, incidents: Sequence[DemoIncident]
) -> Iterator[ShopTrace]:
    """Traces of the last hours before `now`, of a shop of its own with these incidents, oldest first.

    In the time of the bad deploy, all checkouts are among them.
    """
    visits: list[PageVisit] = []
    begin = now - HOURS * 3_600
    shop = Shop(rng, begin, KnownIncidents([*incidents, deploy.incident]), visits.append)
    tracer = Tracer(rng, deploy)
    spans = lines = 0
    for step in range(HOURS * 3_600 // _STEP):
        start = begin + step * _STEP
        is_bad = deploy.at <= start < deploy.incident.ends
        rate = (_RATE_OF_DEPLOY if is_bad else _RATE) / time_of_day_factor(start + _STEP)
        shop.advance(start, start + _STEP, rate)
        found = ShopTrace.joined(tracer.trace(visit) for visit in visits if rng.random() < _share(visit, is_bad=is_bad))
        visits.clear()
        spans, lines = spans + len(found.spans), lines + len(found.lines)
        if spans > MOST_SPANS or lines > MOST_LINES:
            return
        yield found


def has_failed(visit: PageVisit) -> bool:
    """Whether a request of the visit failed."""
    return any(event["data"]["status"] >= FAILED_STATUS for event in visit.requests)


def _share(visit: PageVisit, *, is_bad: bool) -> float:
    if visit.page == "checkout":
        return 1.0 if is_bad else _KEPT_CHECKOUTS
    return _KEPT_OF_DEPLOY if is_bad else _KEPT
