"""Typed points in the log: what is counted, refused and repeated, and that a replay gives the same."""

from typing import Any

import numpy as np
import pytest

from analytics.kinds import POINTS
from analytics.points import COUNTER, GAUGE, HISTOGRAM, Exemplar, ExponentialHistogram, NewPoint, labels_of
from analytics.records import Receipt
from analytics.state.series.matchers import equal
from tests.state.rig import DAY, NOON, Rig, batch


def point(name: str = "cpu", kind: str = GAUGE, value: float | None = 1.0, **more: Any) -> NewPoint:
    """A point of a series of service `shop`, with more `tags`."""
    tags = {"__name__": name, "service": "shop", **more.pop("tags", {})}
    return NewPoint(labels_of(tags.items()), kind, value, **more)


def record(rig: Rig, *points: NewPoint) -> Receipt:
    return rig.recorder.record_batch(POINTS, batch(*points))


def figures(rig: Rig, kind: str, column: str, name: str = "cpu") -> list[float]:
    """One figure of all series of a name over today."""
    store = rig.state.series_store
    ids = store.select([equal("__name__", name)])
    found = store.window(kind, 3, NOON, NOON + 1).matrix(ids, column).values
    return [float(value) for value in found.ravel()]


def codes(receipt: Receipt) -> list[tuple[int, str]]:
    return [(error.index, error.code) for error in receipt.errors]


def test_points_of_all_kinds_are_counted() -> None:
    rig = Rig()
    histogram = ExponentialHistogram(6, 2.0, 9.0, {3: 2.0})
    receipt = record(
        rig,
        point(value=4.0),
        point(value=2.0, tags={"host": "a"}),
        point("hits_total", COUNTER, 3.0),
        point("wait", HISTOGRAM, None, histogram=histogram),
    )
    assert (receipt.accepted, receipt.rejected) == (4, 0)
    assert figures(rig, GAUGE, "sum") == [4.0, 2.0]
    assert figures(rig, COUNTER, "increase", "hits_total") == [3.0]
    assert figures(rig, HISTOGRAM, "count", "wait") == [2.0]
    assert rig.state.services.has("shop")
    assert rig.stats()["ingest"]["points"] == {"accepted": 4, "duplicates": 0, "rejected": 0}


@pytest.mark.parametrize(("at", "code"), [(1e20, "timestamp_in_future"), (-1e20, "timestamp_too_old")])
def test_times_outside_of_the_calendar_are_refused_alone(at: float, code: str) -> None:
    rig = Rig()
    receipt = record(rig, point(value=4.0), point("late", at=at))
    assert (receipt.accepted, codes(receipt)) == (1, [(1, code)])


def test_cumulative_totals_count_their_increase_once() -> None:
    rig = Rig()
    totals = [
        point("hits_total", COUNTER, value, at=NOON + at, is_cumulative=True) for at, value in enumerate((5, 9, 2))
    ]
    assert record(rig, *totals).accepted == 3
    again = record(rig, *totals)
    assert (again.accepted, again.duplicates) == (0, 3)
    assert figures(rig, COUNTER, "increase", "hits_total") == [6.0]
    ids = rig.state.series_store.select([equal("__name__", "hits_total")])
    assert rig.state.series_store.totals(ids).tolist() == [11.0]


def test_a_late_total_moves_its_part_of_the_increase_to_its_time() -> None:
    rig = Rig()

    def by_second() -> list[float]:
        store = rig.state.series_store
        ids = store.select([equal("__name__", "hits_total")])
        return [
            float(value) for value in store.window(COUNTER, 0, NOON - 5, NOON).matrix(ids, "increase").values.ravel()
        ]

    for at, value in ((-5, 5.0), (-1, 20.0), (-3, 8.0), (-4, 6.0)):
        record(rig, point("hits_total", COUNTER, value, at=NOON + at, is_cumulative=True))
    assert by_second() == [0.0, 1.0, 2.0, 0.0, 12.0]
    ids = rig.state.series_store.select([equal("__name__", "hits_total")])
    assert rig.state.series_store.totals(ids).tolist() == [20.0]
    assert figures(rig, COUNTER, "increase", "hits_total") == [15.0]


def test_a_change_that_is_sent_again_counts_once() -> None:
    rig = Rig()

    def change(end: float, kind: str = COUNTER, **more: Any) -> NewPoint:
        histogram = ExponentialHistogram(6, 2.0, 9.0, {3: 2.0}) if kind == HISTOGRAM else None
        value = None if histogram else 3.0
        name = "wait" if histogram else "hits_total"
        return point(name, kind, value, at=NOON + end, started=NOON + end - 10, histogram=histogram, **more)

    sent = [change(-20), change(-10), change(0, source="a"), change(0, source="b"), change(0, HISTOGRAM)]
    assert record(rig, *sent, sent[0]).duplicates == 1
    assert (record(rig, *sent).accepted, record(rig, change(-30)).accepted) == (0, 1), "one that is late is none"
    assert figures(rig, COUNTER, "increase", "hits_total") == [15.0]
    assert figures(rig, HISTOGRAM, "count", "wait") == [2.0]
    without_start = point("hits_total", COUNTER, 3.0, at=NOON)
    assert record(rig, without_start, without_start).accepted == 2
    assert figures(rig, COUNTER, "increase", "hits_total") == [21.0]


def exemplars(rig: Rig, name: str) -> list[tuple[float, float | None]]:
    """Values and times of the exemplars of all series of a name."""
    store = rig.state.series_store
    ids = store.select([equal("__name__", name)]).tolist()
    return [(each.value, each.at) for number in ids for each in store.exemplars.of(number)]


def test_exemplars_are_kept_once_and_alone_make_no_series() -> None:
    rig = Rig()
    labels = (("trace_id", "ab"),)
    of_future, of_past = (Exemplar(labels, 9.0, NOON + at) for at in (DAY, -200 * DAY))
    sent = (Exemplar(labels, 0.25), Exemplar(labels, 0.5, NOON - 9), of_future, of_past)
    for _ in range(2):
        record(rig, point("hits_total", COUNTER, 3.0, at=NOON - 1, is_cumulative=True, exemplars=sent))
    assert exemplars(rig, "hits_total") == [(0.5, NOON - 9), (0.25, NOON - 1)]
    alone = [point(name, GAUGE, None, exemplars=(Exemplar(labels, 7.0),)) for name in ("hits_total", "unknown")]
    assert record(rig, *alone).rejected == 0
    assert exemplars(rig, "hits_total")[-1] == (7.0, NOON)
    assert rig.state.series_store.kind_of("unknown") is None
    assert figures(rig, COUNTER, "increase", "hits_total") == [0.0]
    assert record(rig, point("hits_total", GAUGE, 3.0, exemplars=(Exemplar(labels, 8.0),))).rejected == 1
    assert len(exemplars(rig, "hits_total")) == 3


def test_cumulative_histograms_count_their_increase_once() -> None:
    rig = Rig()

    def total(at: float, count: float) -> NewPoint:
        histogram = ExponentialHistogram(6, count, 3 * count, {4: count})
        return point("wait", HISTOGRAM, None, histogram=histogram, at=NOON + at, is_cumulative=True)

    record(rig, total(0, 5.0), total(1, 7.0))
    assert record(rig, total(1, 7.0)).duplicates == 1
    assert figures(rig, HISTOGRAM, "count", "wait") == [2.0]
    assert figures(rig, HISTOGRAM, "sum", "wait") == [6.0]


def test_a_gauge_sent_again_counts_once() -> None:
    rig = Rig()
    sent = [point(value=float(at), at=NOON - at) for at in (40, 20, 0)]
    assert record(rig, *sent).accepted == 3
    rig.clock.advance(61)
    assert record(rig, *sent, point(value=9.0, at=NOON + 1)).duplicates == 3
    assert figures(rig, GAUGE, "count") == [4.0]
    assert record(rig, point(value=9.0, at=NOON + 2), point(value=9.0, at=NOON + 2)).duplicates == 1


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (point(kind=COUNTER), "kind_conflict"),
        (point("hits_total", COUNTER, -1.0), "negative_value"),
        (point("other", "summary"), "validation_failed"),
        (point(""), "validation_failed"),
        (point("other", tags={f"tag{number}": "x" for number in range(32)}), "validation_failed"),
        (NewPoint((("__name__", "other"), ("a", "x"), ("a", "y")), GAUGE, 1.0), "validation_failed"),
        (point(at=NOON + 301), "timestamp_in_future"),
        (point(at=NOON - 91 * DAY), "timestamp_too_old"),
        (point("wait", HISTOGRAM, 1.0), "validation_failed"),
        (point("events"), "reserved_name"),
        (point("endpoint_errors_total", COUNTER), "reserved_name"),
    ],
)
def test_a_wrong_point_is_refused_without_the_others(refused: NewPoint, code: str) -> None:
    rig = Rig()
    receipt = record(rig, point(), refused, point(tags={"host": "a"}))
    assert codes(receipt) == [(1, code)]
    assert receipt.accepted == 2
    assert rig.stats()["drops"] == {code: 1}


def test_newcomers_are_refused_when_there_is_no_room() -> None:
    rig = Rig(max_series=2)
    receipt = record(rig, *(point(tags={"host": host}) for host in "abca"))
    assert codes(receipt) == [(2, "too_many_series")]
    rig.clock.advance(400)
    assert codes(record(rig, *(point(tags={"host": host}) for host in "ac"))) == []
    assert codes(record(rig, point(tags={"host": "b"}))) == [(0, "too_many_series")]


def test_a_name_has_a_limit_of_its_own() -> None:
    rig = Rig(max_series_per_name=1)
    receipt = record(rig, *(point(tags={"host": host}) for host in "ab"), point("mem"))
    assert codes(receipt) == [(1, "too_many_series")]
    assert "ANALYTICS_MAX_SERIES_PER_NAME" in receipt.errors[0].message


def test_there_is_room_for_so_many_services() -> None:
    rig = Rig(max_services=1)
    receipt = record(rig, point(), point(tags={"service": "b"}), NewPoint((("__name__", "up"),), GAUGE, 1.0))
    assert codes(receipt) == [(1, "too_many_services")]
    assert [service.name for service in rig.state.services.all()] == ["shop"]


def test_a_stale_marker_ends_a_series_and_makes_none() -> None:
    rig = Rig()
    assert record(rig, point(value=None, at=NOON)).accepted == 1
    assert len(rig.state.series_store) == 0
    record(rig, point(at=NOON - 5), point(value=None, at=NOON))
    assert rig.state.series_store.ended(np.zeros(1, np.int32)).tolist() == [NOON]


def test_the_first_total_of_a_process_that_began_later_counts_whole() -> None:
    rig = Rig()
    record(rig, point(value=1.0))
    began = rig.clock.wall()
    rig.clock.advance(60)
    for source, value, started in (("a", 3.0, began + 1), ("b", 50.0, began - 1), ("c", 70.0, None)):
        record(rig, point("orders_total", COUNTER, value, is_cumulative=True, source=source, started=started))
    assert figures(rig, COUNTER, "increase", "orders_total") == [3.0]
    assert rig.state.series_store.increases.recorded_since == began
    histogram = ExponentialHistogram(6, 2.0, 9.0, {3: 2.0})
    record(rig, point("wait", HISTOGRAM, None, histogram=histogram, is_cumulative=True, started=began + 1))
    assert figures(rig, HISTOGRAM, "count", "wait") == [2.0]
