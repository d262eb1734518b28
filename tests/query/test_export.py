"""Rows of exports: their content, filters and columns."""

from typing import Any

import msgspec
import pytest

from analytics.filters.event_filter import EventFilter, EventSelection
from analytics.log.metrics import NO_SERVICE as COUNTED_AS
from analytics.query.export import (
    COLUMNS,
    EVENT_EXPORT,
    METRIC_EXPORT,
    NO_SERVICE,
    MetricFilter,
    day_rows,
    hour_rows,
    service_rows,
)
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from tests.state.rig import DAY, HOUR, MIDNIGHT, NOON, Rig, event, metric, when


def exported(rig: Rig, log: Any, wanted: Any) -> list[Any]:
    _, after, last = rig.ask(log.bounds)
    found = list(log.rows(rig.ask(log.slices, after, last - after), wanted.select))
    assert [number for number, _ in found] == sorted({number for number, _ in found})
    return [row for _, row in found]


def test_events_come_in_the_order_of_arrival_and_can_be_sent_again() -> None:
    rig = Rig()
    rig.events(event("view", "cart", at=NOON - 60, id="1", data={"n": 1}), event("view", "shop", user_id=""))
    rig.events(event("buy", "cart", user_id="ann"))
    rows = exported(rig, EVENT_EXPORT, EventSelection(EventFilter()))
    assert [(row.type, row.service, row.user_id) for row in rows] == [
        ("view", "cart", None),
        ("view", "shop", ""),
        ("buy", "cart", "ann"),
    ]
    assert [row.timestamp for row in rows] == [
        "2023-11-14T11:59:00.000Z",
        "2023-11-14T12:00:00.000Z",
        "2023-11-14T12:00:00.000Z",
    ]
    again = SchemaDecoder(EventSchema(), NewEvent, 10).many(msgspec.json.encode(rows))
    assert not again.errors
    assert [item.id for item in again.items] == [row.id for row in rows]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "1234"),
        ({"type": "view", "service": "cart"}, "1"),
        ({"user_id": "ann"}, "3"),
        ({"since": NOON - 60, "until": NOON}, "12"),
        ({"q": "needle"}, "24"),
        ({"q": "needle", "type": "view"}, "2"),
    ],
)
def test_filters_of_events_match_those_of_reads(asked: dict[str, Any], found: str) -> None:
    rig = Rig()
    rig.events(
        event("view", "cart", id="1", at=NOON - 60),
        event("view", "shop", id="2", at=NOON - 1, data={"text": "a Needle"}),
        event("buy", "cart", id="3", user_id="ann"),
    )
    rig.events(event("needle", "cart", id="4", at=NOON - 61))
    assert "".join(row.id for row in exported(rig, EVENT_EXPORT, EventSelection(EventFilter(**asked)))) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "1234"),
        ({"name": "cpu"}, "134"),
        ({"service": "shop"}, "12"),
        ({"service": "unknown"}, "4"),
        ({"tags": (("host", "a"),)}, "13"),
        ({"tags": (("host", "a"), ("zone", "z"))}, "3"),
        ({"since": NOON - 60, "until": NOON}, "2"),
    ],
)
def test_filters_of_metrics_combine(asked: dict[str, Any], found: str) -> None:
    rig = Rig()
    rig.metrics(
        metric("cpu", 1, id="1", tags={"host": "a"}),
        metric("ram", 2, id="2", at=NOON - 60),
        metric("cpu", 3, "cart", id="3", tags={"host": "a", "zone": "z"}),
        metric("cpu", 4, None, id="4"),
    )
    assert "".join(row.id for row in exported(rig, METRIC_EXPORT, MetricFilter(**asked))) == found
    assert NO_SERVICE == COUNTED_AS


def test_metrics_keep_their_order_within_a_millisecond() -> None:
    rig, times = Rig(), []
    for value in range(3):
        rig.clock.advance(0.000005)
        times.append(when(rig.clock.wall()))
        rig.metrics(metric("cpu", value))
    rig.metrics(metric("cpu", 3, at=NOON - 1))
    rows = exported(rig, METRIC_EXPORT, MetricFilter())
    again = SchemaDecoder(MetricSchema(), NewMetric, 10).many(msgspec.json.encode(rows))
    assert [item.timestamp for item in again.items] == [*times, when(NOON - 1)]
    assert len(set(times)) == 3


def test_tables_have_the_rows_of_the_reads_and_the_documented_columns() -> None:
    rig = Rig()
    rig.events(event(service="shop", data={"latency": 3}), event(service="cart", at=NOON - DAY))
    now, services = rig.ask(service_rows, None)
    assert now == NOON
    assert [row["name"] for row in services] == ["cart", "shop"]
    assert [row["name"] for row in rig.ask(service_rows, "shop")[1]] == ["shop"]
    hours, days = rig.ask(hour_rows, None, None)[1], rig.ask(day_rows, None, None)[1]
    assert (len(hours), len(days)) == (7 * 24, 90)
    assert sum(row["requests"] for row in hours) == sum(row["requests"] for row in days) == 2
    for kind, rows in (("services", services), ("hourly", hours), ("daily", days)):
        assert all(tuple(row) == tuple(COLUMNS[kind]) for row in rows)


def test_buckets_that_begin_in_the_range_are_exported() -> None:
    rig = Rig()
    found = rig.ask(hour_rows, NOON - 2 * HOUR + 1, NOON)[1]
    assert [row["hour"] for row in found] == ["2023-11-14T11:00:00Z"]
    found = rig.ask(day_rows, MIDNIGHT - DAY, MIDNIGHT)[1]
    assert [row["date"] for row in found] == ["2023-11-13"]
