"""Ids of series: interning, the inverted index, and matchers."""

import re

from hypothesis import given
from hypothesis import strategies as st

from analytics.points import Labels, labels_of
from analytics.state.series.ids import SeriesIds
from analytics.state.series.matchers import Matcher, equal, matching, not_equal, not_matching
from tests.state.series.rig import series

names = st.sampled_from(("__name__", "a", "b"))
label_values = st.sampled_from(("x", "y", "xy"))
labels = st.dictionaries(names, label_values, min_size=1).map(lambda found: labels_of(found.items()))
patterns = st.sampled_from(("x", "x.*", ".+", ".*", "", "x|y"))
matchers = st.one_of(
    st.builds(equal, names, label_values | st.just("")),
    st.builds(not_equal, names, label_values | st.just("")),
    st.builds(matching, names, patterns.map(re.compile)),
    st.builds(not_matching, names, patterns.map(re.compile)),
)


@given(st.lists(labels), st.sets(st.integers(0, 10)), st.lists(matchers, max_size=4))
def test_select_finds_what_looking_at_all_series_finds(
    every: list[Labels], removed: set[int], conditions: list[Matcher]
) -> None:
    ids = SeriesIds()
    known = {ids.add(each): each for each in every}
    for number in removed & known.keys():
        ids.retire(number)
        del known[number]
    expected = [
        number
        for number, each in known.items()
        if all(matcher.matches(dict(each).get(matcher.label, "")) for matcher in conditions)
    ]
    assert ids.select(conditions).tolist() == sorted(expected)
    assert ids.values("a") == sorted({dict(each)["a"] for each in known.values() if "a" in dict(each)})


def test_equal_labels_have_one_id() -> None:
    ids = SeriesIds()
    assert ids.add(series("cpu", host="a")) == ids.add(series("cpu", host="a"))
    assert len(ids) == 1
    assert ids.labels(0) == series("cpu", host="a")


def test_a_freed_id_is_used_again_and_a_retired_one_is_not() -> None:
    ids = SeriesIds()
    first = ids.add(series("cpu", host="a"))
    ids.retire(first)
    second = ids.add(series("cpu", host="b"))
    assert second != first
    ids.free([first])
    assert ids.add(series("cpu", host="c")) == first
    assert ids.select([equal("host", "a")]).tolist() == []
    assert ids.size == 2


@given(st.lists(labels), st.sets(st.integers(0, 10)))
def test_restored_ids_continue_as_they_were(every: list[Labels], removed: set[int]) -> None:
    ids, copy = SeriesIds(), SeriesIds()
    known = {ids.add(each) for each in every}
    for number in sorted(removed & known):
        ids.retire(number)
        ids.free([number])
    copy.restore(*ids.dump())
    assert list(copy.dump()) == list(ids.dump())
    assert copy.select([]).tolist() == ids.select([]).tolist()
    assert copy.add(series("new")) == ids.add(series("new"))
    assert copy.counts("a") == ids.counts("a")
