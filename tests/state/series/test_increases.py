"""Cumulative totals become exact increases: resets, restarts, repeated and late points."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.points import ExponentialHistogram
from analytics.state.series.increases import (
    FEW_SOURCES,
    LONGEST_SILENCE,
    MOST_SOURCES,
    Increases,
    Rise,
    SourceTotal,
)


class Series:
    """One series; `add` returns the increase of a total, or None if it counts nothing new."""

    def __init__(self, increases: Increases | None = None, number: int = 0) -> None:
        self.increases = Increases() if increases is None else increases
        self.number = number
        self.newest: float | None = None

    def add(self, at: float, value: float, source: str = "", started: float | None = None) -> float | None:
        rise = self.increases.rise(self.number, source, SourceTotal(at, value, started), self.newest)
        self.newest = max(self.newest or at, at)
        return None if rise is None else rise.increase


def test_the_first_total_is_the_baseline() -> None:
    assert Increases().rise(0, "", SourceTotal(10, 500.0), None) == Rise(0.0, 500.0)


def test_a_rise_counts_the_difference_and_a_fall_counts_whole() -> None:
    series = Series()
    assert [series.add(at, value) for at, value in ((1, 5.0), (2, 9.0), (3, 9.0), (4, 2.0), (5, 3.0))] == [
        0,
        4,
        0,
        2,
        1,
    ]


def test_repeated_totals_change_nothing() -> None:
    series = Series()
    found = [series.add(at, value) for at, value in ((1, 5.0), (3, 9.0), (3, 9.0), (1, 5.0), (4, 10.0), (3, 9.0))]
    assert found == [0, 4, None, None, 1, None]


def test_another_start_is_a_reset_even_if_the_total_rose() -> None:
    series = Series()
    assert series.add(10, 5.0, started=1) == 0
    assert series.add(20, 7.0, started=12) == 7
    assert series.add(30, 8.0, started=12) == 1


def test_a_first_total_that_started_after_the_last_point_counts_whole() -> None:
    series = Series()
    assert series.add(10, 100.0, "a", started=1) == 0
    assert series.add(30, 6.0, "b", started=20) == 6
    assert series.add(31, 8.0, "c", started=5) == 0


def test_a_new_series_of_a_known_source_counts_whole() -> None:
    increases = Increases()
    Series(increases, 0).add(10, 1.0, "a", started=1)
    assert Series(increases, 1).add(20, 3.0, "a", started=15) == 3
    assert Series(increases, 2).add(20, 3.0, "a", started=5) == 0
    assert Series(increases, 3).add(20, 3.0, "b", started=15) == 0


def test_sources_are_compared_with_themselves_alone() -> None:
    series = Series()
    for at in range(1, 4):
        assert series.add(at, 100.0 * at, "a") == (100 if at > 1 else 0)
        assert series.add(at, 3.0 * at, "b") == (3 if at > 1 else 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=30), st.randoms())
def test_increases_add_up_to_what_the_source_counted(history: list[tuple[int, bool]], dice: object) -> None:
    series, total, counted, found = Series(), 0.0, 0.0, 0.0
    for at, (gain, is_restart) in enumerate(history, 1):
        if is_restart and gain < total:
            total = 0.0
        total += gain
        if at > 1:
            counted += gain
        found += series.add(at, total) or 0.0
        assert series.add(at, total) is None
    assert found == counted


def histogram(scale: int = 3, **buckets: float) -> ExponentialHistogram:
    positive = {int(index[1:]): count for index, count in buckets.items()}
    return ExponentialHistogram(scale, sum(positive.values()), 10.0 * sum(positive.values()), positive)


def totals(*found: ExponentialHistogram) -> list[Rise | None]:
    increases = Increases()
    return [increases.rise(0, "", SourceTotal(at, each.count, None, each), None) for at, each in enumerate(found, 1)]


def test_a_cumulative_histogram_counts_the_difference() -> None:
    first, second = totals(histogram(i1=3, i2=1), histogram(i1=5, i2=1, i4=2))
    assert first == Rise(0.0, 4.0)
    assert second is not None
    assert second.histogram == ExponentialHistogram(3, 4, 40.0, {1: 2, 4: 2})


def test_a_histogram_of_which_a_bucket_fell_counts_whole() -> None:
    reset = histogram(i1=1, i2=9)
    _, second = totals(histogram(i1=3, i2=1), reset)
    assert second is not None
    assert second.histogram == reset


def test_a_histogram_that_became_coarser_is_compared_at_the_coarser_scale() -> None:
    _, second = totals(histogram(i4=3, i5=1), histogram(2, i2=6))
    assert second is not None
    assert second.histogram == ExponentialHistogram(2, 2, 20.0, {2: 2})


@pytest.mark.parametrize("kept", [0, 1])
def test_forgotten_series_begin_anew(kept: int) -> None:
    increases = Increases()
    series = [Series(increases, number) for number in range(2)]
    for each in series:
        each.add(1, 5.0, "a")
    increases.forget(1 - kept)
    assert len(increases) == 1
    assert increases.sources() == {"a": 1}
    assert series[kept].add(2, 6.0, "a") == 1
    assert series[1 - kept].add(2, 9.0, "a") == 0
    increases.forget(0)
    increases.forget(1)
    assert increases.sources() == {}


def test_restored_totals_continue() -> None:
    increases, copy = Increases(), Increases()
    Series(increases, 4).add(10, 1.0, "a", started=1)
    copy.restore({4: dict(increases.of(4))}, increases.sources(), {}, -inf, None)
    assert Series(copy, 4).add(11, 3.0, "a", started=1) == 2
    assert Series(copy, 5).add(20, 3.0, "a", started=15) == 3


def recording_since(time: float) -> Increases:
    increases = Increases()
    increases.recorded_since = time
    return increases


def test_a_new_source_that_began_after_the_first_record_counts_whole() -> None:
    increases = recording_since(100)
    assert Series(increases, 0).add(120, 3.0, "a", started=110) == 3
    assert Series(increases, 1).add(120, 5.0, "b", started=90) == 0
    assert Series(increases, 2).add(120, 5.0, "c") == 0
    assert Series(Increases(), 0).add(120, 3.0, "a", started=110) == 0, "it is not known what was recorded"


def test_two_processes_that_take_turns_are_not_resets() -> None:
    series = Series(recording_since(100))
    found = [
        series.add(at, value, f"x/{started}", started)
        for at, value, started in ((120, 10.0, 110), (121, 2.0, 105), (130, 14.0, 110), (131, 5.0, 105))
    ]
    assert found == [10, 2, 4, 3]


def test_a_total_that_began_at_its_own_time_has_an_unknown_start() -> None:
    series = Series(recording_since(100))
    assert series.add(120, 50.0, "a", started=120) == 0
    assert series.add(130, 53.0, "a", started=120) == 3
    assert series.add(140, 55.0, "a", started=140) == 2
    assert series.add(150, 56.0, "a", started=140) == 1
    assert series.add(160, 2.0, "a", started=155) == 2


def test_a_source_that_was_forgotten_with_its_series_does_not_count_twice() -> None:
    increases = recording_since(100)
    assert Series(increases, 0).add(200, 7.0, "a", started=110) == 7
    increases.forget(0)
    assert Series(increases, 1).add(900, 9.0, "a", started=110) == 0
    assert Series(increases, 1).add(901, 4.0, "b", started=300) == 4


def test_sources_that_were_silent_for_long_are_forgotten() -> None:
    series = Series(recording_since(0))
    for start in range(1, FEW_SOURCES + 1):
        assert series.add(start + 1, 1.0, str(start), started=start) == 1
    late = LONGEST_SILENCE + FEW_SOURCES
    assert series.add(late, 2.0, "new", started=late - 1) == 2
    assert list(series.increases.of(0)) == [str(FEW_SOURCES - 1), str(FEW_SOURCES), "new"]
    assert series.add(late + 1, 3.0, "1", started=1) == 0, "part of it was counted"
    assert series.add(late + 2, 4.0, "1", started=1) == 1


def test_a_series_has_a_limited_number_of_sources() -> None:
    series = Series(recording_since(0))
    for start in range(1, 3 * MOST_SOURCES):
        assert series.add(start + 0.5, 1.0, str(start), started=start) == 1
    assert len(series.increases) == len(series.increases.sources()) == MOST_SOURCES
    series.increases.forget(0)
    assert (series.increases.sources(), series.increases.silent(0)) == ({}, -inf)
    assert series.increases.forgotten == 3 * MOST_SOURCES - 0.5


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), min_size=1, max_size=80))
def test_all_that_new_processes_count_is_counted_once(history: list[tuple[int, int]]) -> None:
    series, totals = Series(recording_since(0.5)), dict[int, float]()
    found = 0.0
    for at, (process, gain) in enumerate(history, 100):
        totals[process] = totals.get(process, 0.0) + gain
        started = 1.0 + process
        found += series.add(at, totals[process], f"x/{started}", started) or 0.0
    assert found == sum(totals.values())
