"""Values derived from the labels of series, and kept with them."""

import numpy as np

from analytics.promql.series_labels import SeriesLabels

ROWS = [
    (("__name__", "cpu"), ("host", "b")),
    (("__name__", "cpu"), ("host", "a")),
    (("__name__", "memory"), ("host", "a")),
]


def test_columns_come_in_the_order_of_their_labels() -> None:
    series = SeriesLabels(ROWS)
    assert series.ordered(np.array([0, 2])).tolist() == [0, 2]
    assert series.ordered(np.arange(3)).tolist() == [1, 0, 2]
    assert series.ordered(np.array([0, 1])).tolist() == [1, 0]
    assert SeriesLabels([]).ordered(np.zeros(0, np.int64)).tolist() == []


def test_labels_are_encoded_in_the_order_that_is_asked_for() -> None:
    series = SeriesLabels(ROWS)
    assert series.encoded([2, 0]) == [b'{"__name__":"memory","host":"a"}', b'{"__name__":"cpu","host":"b"}']
    assert series.encoded([0, 1])[1] == b'{"__name__":"cpu","host":"a"}'


def test_series_without_names_may_have_the_same_labels() -> None:
    series = SeriesLabels(ROWS)
    assert series.are_unique
    assert series.nameless.rows == [(("host", "b"),), (("host", "a"),), (("host", "a"),)]
    assert not series.nameless.are_unique


def test_groups_are_slices_of_their_order() -> None:
    groups = SeriesLabels(ROWS).grouped(("host",), without=False)
    order, starts, sizes = groups.order
    assert groups.of_series.tolist() == [0, 1, 1]
    assert (order, starts.tolist(), sizes.tolist()) == (None, [0, 1], [1, 2])
    mixed = SeriesLabels([ROWS[1], ROWS[0], ROWS[2]]).grouped(("host",), without=False).order
    assert mixed.series is not None
    assert mixed.series.tolist() == [0, 2, 1]


def test_groupings_are_right_however_many_are_asked_for() -> None:
    series = SeriesLabels(ROWS)
    for number in range(30):
        assert len(series.grouped(("host", f"other{number}"), without=False).series) == 2
        assert len(series.grouped(("host",), without=False).series) == 2
