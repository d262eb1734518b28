"""Adding up StatsD's samples: counters, gauges, histograms, sets, and room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.statsd.aggregation import Aggregation
from analytics.doors.statsd.lines import StatsdSample, parse
from analytics.points import NewPoint
from analytics.state.quantiles import Quantiles


def aggregation(*lines: str, most_series: int = 100, most_members: int = 100) -> Aggregation:
    made = Aggregation(most_series, most_members)
    add(made, *lines)
    return made


def add(made: Aggregation, *lines: str) -> None:
    for sample in parse("\n".join(lines).encode()):
        assert isinstance(sample, StatsdSample)
        made.add(sample)


def values(points: list[NewPoint]) -> dict[str, float | None]:
    return {point.name: point.value for point in points}


def test_counters_add_up_by_their_rates_and_begin_anew() -> None:
    made = aggregation("a:1|c", "a:2|c|@0.1", "a:1|c|#k:v")
    points = made.take()
    assert sorted((len(point.labels), point.value, point.is_cumulative) for point in points) == [
        (2, 21.0, False),
        (3, 1.0, False),
    ]
    assert made.take() == []


def test_a_gauge_is_its_last_value_and_changes_go_on_after_a_flush() -> None:
    made = aggregation("g:5|g", "g:7|g", "g:+2|g", "h:-3|g")
    assert values(made.take()) == {"g": 9, "h": -3}
    add(made, "g:-4|g")
    assert values(made.take()) == {"g": 5}


def test_timers_are_histograms_in_milliseconds() -> None:
    (point,) = aggregation("t:10|ms", "t:20|ms|@0.5", "t:0|ms", "t:-1|ms").take()
    assert point.unit == "ms"
    assert point.histogram is not None
    assert (point.histogram.count, point.histogram.sum, point.histogram.zero_count) == (5, 49, 1)
    assert sum(point.histogram.negative.values()) == 1


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
def test_histograms_have_the_quantiles_of_the_sketches_of_the_service(numbers: list[float]) -> None:
    (point,) = aggregation(*(f"h:{number!r}|h" for number in numbers)).take()
    assert point.histogram is not None
    sketch = Quantiles()
    sketch.add(numbers)
    middles = [2 ** ((index + 0.5) / 64) for index in sorted(point.histogram.positive)]
    (least, greatest) = sketch.at(0.0, 1.0)
    assert least is not None
    assert greatest is not None
    assert (middles[0], middles[-1]) == (
        pytest.approx(least, rel=0.006),
        pytest.approx(greatest, rel=0.006),
    )
    assert point.histogram.count == sum(point.histogram.positive.values()) == len(numbers)


def test_sets_count_distinct_members_until_they_are_taken() -> None:
    made = aggregation("u:a|s", "u:b|s", "u:a|s", "v:a|s")
    assert made.take() == []
    assert values(made.take_sets()) == {"u": 2, "v": 1}
    assert made.take_sets() == []


def test_points_with_a_time_keep_it() -> None:
    points = aggregation("a:1|c|T1700000000", "a:2|c|T1700000001", "g:3|g|T1700000000").take()
    assert [(point.name, point.value, point.at) for point in points] == [
        ("a_total", 1, 1_700_000_000),
        ("a_total", 2, 1_700_000_001),
        ("g", 3, 1_700_000_000),
    ]


def test_newcomers_are_dropped_and_counted_where_there_is_no_room() -> None:
    made = aggregation("a:1|c", "b:1|c", "c:1|c", "a:1|c", "g:1|g", "h:1|h", most_series=2)
    assert values(made.take()) == {"a_total": 2, "b_total": 1, "g": 1, "h": None}
    assert made.dropped == {"statsd_full": 1}


def test_sets_hold_a_limited_number_of_members() -> None:
    made = aggregation("u:a|s", "u:b|s", "v:c|s", "u:a|s", "u:z|s", most_members=3)
    assert values(made.take_sets()) == {"u": 2, "v": 1}
    assert made.dropped == {"statsd_full": 1}


def test_counters_do_not_fall() -> None:
    made = aggregation("a:-1|c", "a:-1|c|T1700000000")
    assert made.take() == []
    assert made.dropped == {"statsd_negative": 2}


def test_remembered_gauges_are_limited() -> None:
    made = aggregation("a:1|g", "b:1|g", most_series=2)
    made.take()
    add(made, "c:1|g", "d:1|g")
    made.take()
    add(made, "a:+1|g")
    assert values(made.take()) == {"a": 1}, "the oldest is forgotten, and counts from zero"
