"""Typed series in PromQL: the same answers as from raw samples, where buckets know enough."""

import random

import pytest

from analytics.points import COUNTER, GAUGE, HISTOGRAM, ExponentialHistogram, NewPoint, labels_of
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine
from analytics.promql.raw_samples import RawSamples, Sample
from tests.query.cells.rig import QueryRig, row, same, values_of
from tests.state.rig import NOON

EVERY = 15
"""Seconds between samples."""
EXACT = [
    "cpu",
    "sum by (host) (cpu)",
    "cpu > 5",
    "topk(2, cpu)",
    "avg_over_time(cpu[{0}])",
    "sum_over_time(cpu[{0}])",
    "min_over_time(cpu[{0}])",
    "max_over_time(cpu[{0}])",
    "count_over_time(cpu[{0}])",
    "last_over_time(cpu[{0}])",
    "present_over_time(cpu[{0}])",
    "max by (host) (avg_over_time(cpu[{0}]))",
    "cpu - cpu offset 1m",
    "hits_total",
    "sum by (host) (hits_total)",
    "hits_total / on (host, zone) cpu",
    "quantile(0.9, cpu)",
    "count(hits_total) by (zone)",
    "cpu * on (host) group_left sum by (host) (cpu)",
    "absent(cpu)",
    "absent_over_time(nothing[{0}])",
]


def pair(minutes: float) -> tuple[QueryRig, PromqlEngine]:
    """The same samples in the service's store and as raw samples: gauges and cumulative counters."""
    rig, raw, chance = QueryRig(), RawSamples(), random.Random(7)
    series = [(host, zone) for host in "abc" for zone in "xy"]
    totals = dict.fromkeys(series, 0.0)
    for step in range(int(minutes * 60 // EVERY)):
        at, points = NOON + step * EVERY, []
        for host, zone in series:
            totals[host, zone] += chance.randrange(10)
            for name, kind, value in (
                ("cpu", GAUGE, round(chance.uniform(-5, 20), 3)),
                ("hits_total", COUNTER, totals[host, zone]),
            ):
                labels = labels_of({"__name__": name, "host": host, "zone": zone, "service": "shop"}.items())
                points.append(NewPoint(labels, kind, value, at=at, is_cumulative=kind == COUNTER))
                raw.add(labels, [Sample(at * 1000, value)])
        assert rig.points(*points).rejected == 0
        rig.wait(EVERY)
    return rig, PromqlEngine(raw)


@pytest.fixture(scope="module")
def recent() -> tuple[QueryRig, PromqlEngine]:
    return pair(4.75)


@pytest.mark.parametrize("query", EXACT)
def test_seconds_give_the_answers_of_raw_samples(query: str, recent: tuple[QueryRig, PromqlEngine]) -> None:
    rig, raw = recent
    at = rig.clock.wall() - 8
    text = query.format("1m")
    expected = values_of(raw.instant(text, round(at * 1000), Budget()))
    assert same(rig.values(text, at), expected), (rig.values(text, at), expected)


@pytest.mark.parametrize("query", EXACT)
def test_minutes_give_the_answers_of_raw_samples(query: str, recent: tuple[QueryRig, PromqlEngine]) -> None:
    rig, raw = recent
    text = query.format("1m")
    at = NOON + 119  # after the last sample of a minute, and before the first one of the next
    expected = values_of(raw.instant(text, round(at * 1000), Budget()))
    assert same(rig.values(text, at), expected), (rig.values(text, at), expected)


def test_samples_of_seconds_are_exact_and_carry_no_info(recent: tuple[QueryRig, PromqlEngine]) -> None:
    rig, raw = recent
    at = rig.clock.wall() - 8
    for query in ("changes(cpu[1m])", "deriv(cpu[1m])", "stddev_over_time(cpu[1m])", "resets(hits_total[1m])"):
        answer = rig.query(query, at)
        assert same(values_of(answer), values_of(raw.instant(query, round(at * 1000), Budget())))
        assert answer.infos == []


def test_an_increase_is_exact_where_raw_samples_extrapolate(recent: tuple[QueryRig, PromqlEngine]) -> None:
    rig, raw = recent
    at = rig.clock.wall() - 8
    counted = values_of(raw.instant("hits_total - hits_total offset 1m", round(at * 1000), Budget()))
    assert same(rig.values("increase(hits_total[1m])", at), counted)
    summed = values_of(raw.instant("sum(hits_total - hits_total offset 1m)", round(at * 1000), Budget()))
    assert same(rig.values("sum(increase(hits_total[1m]))", at), summed)


def test_series_that_ended_are_not_shown() -> None:
    rig = QueryRig()
    labels = labels_of({"__name__": "cpu", "service": "shop"}.items())
    rig.points(NewPoint(labels, GAUGE, 3.0, at=NOON))
    rig.wait(10)
    assert rig.value("cpu") == 3
    rig.points(NewPoint(labels, GAUGE, None, at=NOON + 10))
    rig.wait(5)
    assert rig.values("cpu") == {}
    assert rig.value("max_over_time(cpu[1m])") == 3


def test_histograms_of_points_are_native_ones() -> None:
    rig = QueryRig()
    for host, index in (("a", 10), ("b", 20)):
        labels = labels_of({"__name__": "wait", "host": host, "service": "shop"}.items())
        rig.points(NewPoint(labels, HISTOGRAM, histogram=ExponentialHistogram(3, 4.0, 9.0, {index: 4.0}), at=NOON))
    rig.wait(10)
    (found,) = rig.query("sum(increase(wait[1m]))").value.histograms[0].tolist()
    assert (found.schema, found.count, found.sum, found.positive) == (3, 8.0, 18.0, {11: 4.0, 21: 4.0})


def test_series_are_found_by_all_matchers() -> None:
    rig = QueryRig()
    for host in ("a", "b", ""):
        labels = labels_of({"__name__": "cpu", "host": host, "service": "shop"}.items())
        rig.points(NewPoint(labels, GAUGE, 1.0, at=NOON))
    counts = {
        '{__name__="cpu", host="a"}': 1,
        'cpu{host!="a"}': 2,
        'cpu{host=~"a|b"}': 2,
        'cpu{host!~"a|b"}': 1,
        'cpu{host=""}': 1,
        "{host=~'.+'}": 2,
    }
    for query, count in counts.items():
        assert len(rig.values(query)) == count, query


def test_a_metric_with_the_labels_of_an_own_series_does_not_hide_it() -> None:
    rig = QueryRig()
    rig.metric("requests", 7, tags={"service": "shop"})
    same_labels = {"__name__": "requests_total", "service": "shop"}
    rig.points(
        NewPoint(labels_of(same_labels.items()), COUNTER, 100.0),
        NewPoint(labels_of({**same_labels, "path": "/"}.items()), COUNTER, 3.0),
    )
    assert rig.values("requests_total * 1") == {row(service="shop"): 7.0, row(service="shop", path="/"): 3.0}
