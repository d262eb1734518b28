"""Two hundred queries over a thousand series of the service's own store, beside a real Prometheus."""

import math
import random
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from analytics.points import COUNTER, GAUGE, Labels, NewPoint, labels_of
from tests.query.cells.prometheus import Prometheus, Values, prometheus
from tests.query.cells.rig import QueryRig
from tests.state.rig import NOON

EVERY = 15
MINUTES = 12
SERVICES, INSTANCES = 25, 20
"""Each instance has a gauge and a counter."""
OLD, YOUNG = NOON + 8 * 60 + 52, NOON + (MINUTES - 1) * 60 + 52
"""Off the step: after the last sample of a minute. The one is older than two minutes, the other is not."""
OVER_TIME = ("avg", "sum", "min", "max", "count", "last", "present")
TEMPLATES = (
    *(f"{function}_over_time(cpu[{{0}}])" for function in OVER_TIME),
    *(f"{operator} by (service) (avg_over_time(cpu[{{0}}]))" for operator in ("sum", "avg", "max", "min", "stddev")),
    "topk(7, sum by (service) (sum_over_time(cpu[{0}])))",
    "bottomk(7, max_over_time(cpu[{0}]))",
    "quantile by (service) (0.9, max_over_time(cpu[{0}]))",
    "sum without (instance) (count_over_time(hits_total[{0}]))",
    "last_over_time(hits_total[{0}])",
    "hits_total - hits_total offset {0}",
    "sum by (service) (hits_total) - sum by (service) (hits_total offset {0})",
    "cpu > bool avg_over_time(cpu[{0}])",
    "cpu / on (instance, service) avg_over_time(cpu[{0}]) > 1",
    "cpu * on (service) group_left sum by (service) (avg_over_time(cpu[{0}]))",
    "cpu unless max_over_time(cpu[{0}]) > 90",
    "cpu and on (service) topk(3, sum by (service) (cpu offset {0}))",
    "avg_over_time(cpu[{0}]) or hits_total",
    "count by (service) (cpu offset {0} > 50)",
    "absent_over_time(nothing{{service='x'}}[{0}])",
    "scalar(sum(sum_over_time(cpu[{0}])))",
    "clamp(round(cpu offset {0}, 0.5), 10, 60)",
    "label_replace(max_over_time(cpu[{0}]), 'short', '$1', 'instance', 'i(.*)')",
    "sum(ln(avg_over_time(cpu{{service=~'s1.*'}}[{0}])))",
    "count_values('value', floor(max_over_time(cpu[{0}]) / 10))",
    "stdvar by (service) (last_over_time(cpu{{instance!~'i[0-4]'}}[{0}]))",
    "group by (service) (min_over_time(cpu[{0}]) < 2)",
)
QUERIES = [(each.format(window), at) for each, window, at in product(TEMPLATES, ("1m", "2m", "5m"), (OLD, YOUNG))]


class Both:
    """The same samples in the service and in Prometheus."""

    def __init__(self, rig: QueryRig, peer: Prometheus) -> None:
        self.rig, self.peer = rig, peer


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        pytest.skip("Prometheus is not installed: apt-get install prometheus")
    rig, chance = QueryRig(max_series=2_000), random.Random(13)
    samples: dict[Labels, list[tuple[int, float]]] = {}
    names = [(f"s{service}", f"i{instance}") for service in range(SERVICES) for instance in range(INSTANCES)]
    totals = dict.fromkeys(names, 0)
    for step in range(MINUTES * 60 // EVERY):
        at, points = NOON + step * EVERY, []
        for service, instance in names:
            totals[service, instance] += chance.randrange(20)
            figures = (
                ("cpu", GAUGE, round(chance.uniform(0, 100), 2)),
                ("hits_total", COUNTER, totals[service, instance]),
            )
            for name, kind, value in figures:
                labels = labels_of({"__name__": name, "service": service, "instance": instance}.items())
                samples.setdefault(labels, []).append((at, float(value)))
                points.append(NewPoint(labels, kind, float(value), at=at, is_cumulative=kind == COUNTER))
        assert rig.points(*points).rejected == 0
        rig.wait(EVERY)
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, samples) as peer:
        yield Both(rig, peer)


def ours(rig: QueryRig, query: str, at: float) -> Values:
    """The service's answer."""
    answer = rig.query(query, at)
    if not hasattr(answer.value, "series"):
        return {(): float(answer.value.values[0])}
    return rig.values(query, at)


def test_two_hundred_queries_agree_with_prometheus(both: Both) -> None:
    assert len(QUERIES) >= 200
    different = []
    for query, at in QUERIES:
        mine, theirs = ours(both.rig, query, at), both.peer.values(query, at)
        if mine.keys() != theirs.keys():
            different.append((query, at, len(mine), len(theirs)))
            continue
        worst = max((_distance(mine[labels], theirs[labels]) for labels in theirs), default=0.0)
        if worst > 1e-9:
            different.append((query, at, worst))
    assert different == []


def test_an_increase_is_what_was_counted_where_prometheus_extrapolates(both: Both) -> None:
    counted = both.peer.values("sum(hits_total) - sum(hits_total offset 5m)", OLD)
    assert ours(both.rig, "sum(increase(hits_total[5m]))", OLD) == counted
    (guessed,) = both.peer.values("sum(increase(hits_total[5m]))", OLD).values()
    (exact,) = counted.values()
    assert guessed != exact
    assert math.isclose(guessed, exact, rel_tol=0.06)


def _distance(first: float, second: float) -> float:
    if first == second or (first != first and second != second):
        return 0.0
    return abs(first - second) / max(abs(first), abs(second))
