"""Families of custom metrics, by the kinds of their points."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.query.exposition.custom import MOST_BOUNDS, powers_of
from tests.query.exposition.reading import exposed, messages, samples
from tests.state.rig import DAY, Rig, metric

SHOP = ("service", "shop")


def test_gauges_show_their_latest_value_with_tags_as_labels() -> None:
    rig = Rig()
    rig.metric("memory", 5, unit="MB", tags={"host": 'a"\\b\n'})
    rig.metrics(metric("memory", 7), metric("memory", 6, tags={"host": "b"}))
    text = exposed(rig)
    found = samples(text)
    assert found["memory", ("host", 'a"\\b\n'), SHOP] == 5
    assert found["memory", ("host", "b"), SHOP] == 6
    assert found["memory", SHOP] == 7
    assert "# HELP memory Custom metric, in MB\n# TYPE memory gauge\n" in text


def test_counters_count_since_ever() -> None:
    rig = Rig(daily_days=3)
    for day in range(1, 7):
        rig.metrics(metric("jobs", 2, kind="counter"), metric("mails_total", 1, kind="counter"))
        rig.clock.advance(DAY)
        found = samples(exposed(rig))
        assert (found["jobs_total", SHOP], found["mails_total", SHOP]) == (2 * day, day)
    assert "# TYPE jobs_total counter" in exposed(rig)


def test_histograms_hold_all_values_since_ever() -> None:
    rig = Rig(daily_days=3)
    for day in range(1, 7):
        rig.metrics(*(metric("size", value, kind="histogram") for value in (0, 1, 3, 4, 100)))
        rig.clock.advance(DAY)
        found = samples(exposed(rig))
        assert found["size_count", SHOP] == 5 * day
        assert found["size_sum", SHOP] == 108 * day
        buckets = {key[1][1]: value / day for key, value in found.items() if key[0] == "size_bucket"}
        expected = {"1.0": 2, "2.0": 2, "4.0": 4, "8.0": 4, "16.0": 4, "32.0": 4, "64.0": 4, "128.0": 5, "+Inf": 5}
        assert buckets == expected
    histogram = messages(rig)["size"].metric[0].histogram
    assert (histogram.schema, histogram.sample_count_float, histogram.zero_count_float) == (6, 30, 6)
    assert sum(histogram.positive_count) == 24


def test_tagged_traffic_is_exposed_as_traffic_alone() -> None:
    rig = Rig()
    rig.metrics(*(metric(name, 1, tags={"zone": "a"}) for name in ("requests", "errors", "latency")))
    names = {key[0] for key in samples(exposed(rig)) if ("zone", "a") in key}
    assert names == set()


@given(st.lists(st.integers(-999, 1_023), max_size=4))
def test_bounds_of_histograms_reach_around_all_values_and_are_few(extents: list[int]) -> None:
    powers = powers_of(extents)
    assert len(powers) <= MOST_BOUNDS + 1
    assert all(2.0**power for power in powers)
    for extent in extents:
        assert powers[0] <= extent
        assert extent <= powers[-1] or powers[-1] > 1_023 - powers.step


@given(st.lists(st.integers(-999, 1_023), min_size=1, max_size=4), st.integers(-999, 1_023))
def test_a_family_that_grows_keeps_or_loses_bounds_but_moves_none(extents: list[int], more: int) -> None:
    before, after = powers_of(extents), powers_of([*extents, more])
    within = [power for power in after if before[0] <= power <= before[-1]]
    assert set(within) <= set(before)
