"""PromQL over the own metrics: exact increases, gauges, and classic buckets of histograms."""

import pytest

from analytics.promql.budget import Budget
from analytics.query.own_series.columns import MOST_SERIES
from tests.query.own_series.rig import Rig, counter, durations, memory


def test_increases_are_exact_and_begin_with_the_first_sample() -> None:
    rig = Rig()
    for seconds, value in ((0, 100), (15, 103), (30, 103), (45, 110)):
        rig.sample(seconds, counter(value))
    assert rig.ask("increase(analytics_drops_total[1m])") == {"late": 10}
    assert rig.ask("rate(analytics_drops_total[30s])") == {"late": pytest.approx(7 / 30)}
    assert rig.ask("analytics_drops_total") == {"late": 110}


def test_a_counter_that_appears_later_counts_from_zero() -> None:
    rig = Rig()
    rig.sample(0, counter(1))
    rig.sample(15, counter(1), counter(4, reason="full"))
    assert rig.ask("increase(analytics_drops_total[1m])") == {"late": 0, "full": 4}


def test_gauges_have_the_newest_value_and_all_of_a_window() -> None:
    rig = Rig()
    for seconds, value in ((0, 5), (15, 9), (30, 1)):
        rig.sample(seconds, memory(value))
    assert rig.ask("analytics_memory_bytes") == {"": 1}
    assert rig.ask("max_over_time(analytics_memory_bytes[1m])") == {"": 9}
    assert rig.ask("avg_over_time(analytics_memory_bytes[1m])") == {"": 5}


def test_a_gauge_that_is_no_longer_reported_ends() -> None:
    rig = Rig()
    rig.sample(0, memory(5))
    for seconds in range(15, 400, 15):
        rig.sample(seconds, counter(1))
    assert rig.ask("analytics_memory_bytes", 60) == {"": 5}
    assert rig.ask("analytics_memory_bytes") == {}


def test_histograms_are_classic_buckets() -> None:
    rig = Rig()
    rig.sample(0, durations([]))
    rig.sample(15, durations([0.003] * 90 + [0.2] * 10))
    assert rig.ask("increase(analytics_request_seconds_count[1m])") == {"/": 100}
    assert rig.ask("increase(analytics_request_seconds_sum[1m])") == {"/": pytest.approx(2.27)}
    assert rig.ask('increase(analytics_request_seconds_bucket{le="0.005"}[1m])') == {"0.005,/": 90}
    found = rig.ask("histogram_quantile(0.5, sum by (le) (rate(analytics_request_seconds_bucket[1m])))")
    assert found[""] == pytest.approx(0.0025 + 0.0025 * 50 / 90)


def test_older_samples_are_merged_by_minute_and_hour_without_losing_anything() -> None:
    rig = Rig()
    day = 24 * 3600
    for step in range(day // 30 + 1):
        rig.sample(step * 30, counter(step), memory(step % 7))
    assert len(rig.own._rows.all()) < 300
    assert rig.ask("increase(analytics_drops_total[2h])", 5 * 3600 + 960) == {"late": 240}
    assert rig.ask("increase(analytics_drops_total[10m])", day - 3600) == {"late": 20}
    assert rig.ask("count_over_time(analytics_memory_bytes[10m])", day - 3600) == {"": 20}
    assert rig.ask("max_over_time(analytics_memory_bytes[10m])", day - 3600) == {"": 6}
    assert rig.ask("sum(analytics_drops_total)", day - 3600) == {"": (day - 3600) // 30 - 1}


def test_samples_of_more_than_a_day_ago_are_dropped() -> None:
    rig = Rig()
    for hour in range(30):
        rig.sample(hour * 3600, counter(hour * 10), memory(hour))
    assert rig.ask("analytics_memory_bytes", 2 * 3600) == {}
    assert rig.ask("analytics_memory_bytes", 10 * 3600) == {"": 10}
    assert rig.ask("increase(analytics_drops_total[1h])", 10 * 3600 + 60) == {"late": 10}


def test_series_beyond_the_limit_are_counted_and_left_out() -> None:
    rig = Rig()
    many = range(MOST_SERIES + 10)
    rig.sample(0, *(counter(1, reason=str(number)) for number in many))
    (kept,) = rig.ask("count(analytics_drops_total)").values()
    assert kept < MOST_SERIES
    (family,) = rig.own.own_families()
    assert family.values[()] == len(many) - kept


def test_a_sample_that_is_not_later_is_ignored() -> None:
    rig = Rig()
    rig.sample(15, counter(2))
    rig.sample(15, counter(9))
    rig.sample(0, counter(9))
    assert rig.ask("analytics_drops_total", 15) == {"late": 2}


def test_names_types_and_labels_are_listed() -> None:
    rig = Rig()
    rig.sample(0, counter(1), memory(1), durations([]))
    assert {name: about["type"] for name, (about,) in rig.own.described.items()} == {
        "analytics_drops_total": "counter",
        "analytics_memory_bytes": "gauge",
        "analytics_request_seconds": "histogram",
    }
    found = rig.own.labels([], rig.now - 1, rig.now, Budget())
    assert (("__name__", "analytics_drops_total"), ("reason", "late")) in found
    assert rig.own.labels([], rig.now + 1, rig.now + 2, Budget()) == []
