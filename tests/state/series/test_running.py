"""Running histograms: everything that a series observed, whatever has expired."""

from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.points import HISTOGRAM, ExponentialHistogram
from analytics.state.series.observed import Observed
from analytics.state.series.running import RunningHistograms
from tests.state.series.rig import START, Rig, series

DAY = 86_400


def one(scale: int, positive: dict[int, float], total: float = 1.0) -> ExponentialHistogram:
    return ExponentialHistogram(scale, sum(positive.values()) + 2, total, positive, zero_count=2)


def test_values_and_histograms_add_up() -> None:
    running = RunningHistograms()
    running.observe(Observed([1, 2, 1], [8.0, 1.0, 3.5], [0.0] * 3, [None, None, one(6, {64: 3.0}, 3.5)]))
    running.observe(Observed([1], [2.0], [0.0], [None]))
    found = running.get(1)
    assert found is not None
    assert (found.sum, found.sketch.buckets.values) == (13.5, 7)
    assert found.sketch.buckets.positive == {191: 1, 64: 3, 63: 1}
    assert found.sketch.buckets.zero == 2
    assert running.get(3) is None


def test_coarser_histograms_make_the_distribution_coarser_and_finer_ones_do_not() -> None:
    running = RunningHistograms()
    running.observe(Observed([1, 1], [0.0, 0.0], [0.0] * 2, [one(8, {256: 1.0, 259: 1.0}), one(6, {64: 1.0})]))
    found = running.get(1)
    assert found is not None
    assert (found.sketch.buckets.scale, found.sketch.buckets.positive) == (6, {64: 3})
    running.observe(Observed([1], [0.0], [0.0], [one(0, {1: 1.5})]))
    assert (found.sketch.buckets.scale, found.sketch.buckets.positive) == (0, {1: 4.5})


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.001, 1e9)), max_size=30))
def test_a_dump_is_restored_and_continues(values: list[tuple[int, float]]) -> None:
    running, copy = RunningHistograms(), RunningHistograms()
    half = len(values) // 2
    for each in values[:half]:
        running.observe(Observed([each[0]], [each[1]], [0.0], [None]))
    copy.restore(running.dump())
    for target in (running, copy):
        for each in values[half:]:
            target.observe(Observed([each[0]], [each[1]], [0.0], [None]))
    assert copy.dump() == running.dump()
    for number in range(3):
        mine = [value for known, value in values if known == number]
        found = running.get(number)
        assert (0 if found is None else found.sketch.buckets.values) == len(mine)
        if found is not None:
            assert found.sum == pytest.approx(sum(mine))
            assert set(found.sketch.buckets.positive) == {ceil(log2(value) * 64) - 1 for value in mine}


def test_the_store_keeps_them_as_long_as_the_series_lives() -> None:
    rig = Rig()
    for day in range(8):
        rig.at(START + day * DAY)
        number = rig.histogram(series("size", host="a"), one(6, {3: 1.0}))
    found = rig.store.running.get(number)
    assert found is not None
    assert found.sketch.buckets.values == 24
    rig.at(START + 40 * DAY)
    assert rig.store.running.get(number) is None
    assert rig.store.running.dump() == {}
    again = rig.histogram(series("size", host="b"), one(6, {3: 1.0}))
    assert rig.store.lives[again].kind == HISTOGRAM
    assert rig.store.running.get(again).sketch.buckets.values == 3  # type: ignore[union-attr]
