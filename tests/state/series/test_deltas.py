"""Intervals of changes that are remembered, so that they count once."""

from analytics.state.series.deltas import MOST_DELTA_SOURCES, REMEMBERED_INTERVALS, Deltas


def test_the_newest_intervals_of_each_source_are_recognised() -> None:
    deltas = Deltas()
    for end in range(REMEMBERED_INTERVALS + 1):
        assert not deltas.is_repeated(1, "a", 0.0, end)
    assert deltas.is_repeated(1, "a", 0.0, 1.0)
    assert not deltas.is_repeated(1, "a", 0.0, 0.0), "others came since"
    assert not deltas.is_repeated(1, "b", 0.0, 1.0)
    assert not deltas.is_repeated(2, "a", 0.0, 1.0)


def test_sources_of_a_series_are_bounded_and_forgotten_with_it() -> None:
    deltas = Deltas()
    for number in range(MOST_DELTA_SOURCES + 1):
        deltas.is_repeated(1, str(number), 0.0, 1.0)
    assert len(deltas.of(1)) == MOST_DELTA_SOURCES
    assert "0" not in deltas.of(1)
    deltas.forget(1)
    assert not deltas.is_repeated(1, "9", 0.0, 1.0)
