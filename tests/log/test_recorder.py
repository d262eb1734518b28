"""The recorder: receipts that add up, ids and times of recorded items, and published events."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds import EVENTS, HEARTBEATS, KINDS
from analytics.log.outcome import MAX_ERRORS
from analytics.log.refusal import Refused
from analytics.records import ItemError, NewEvent
from analytics.schemas.compiled import DecodedBatch
from tests.state.rig import NOON, Rig, event, metric


def kept(rig: Rig) -> list[dict[str, Any]]:
    """The events that a client reads, newest first."""
    return msgspec.json.decode(msgspec.json.encode(rig.found()["events"]))


def test_an_event_is_kept_as_in_the_contract() -> None:
    rig = Rig(wall=NOON + 0.25)
    taken = rig.event("purchase", "checkout", user_id="user-123", data={"order_id": "ORDER-123", "total": 99.99})
    assert taken.timestamp == "2023-11-14T12:00:00.250Z"
    assert kept(rig) == [
        {
            "type": "purchase",
            "service": "checkout",
            "user_id": "user-123",
            "timestamp": "2023-11-14T12:00:00.250Z",
            "data": {"order_id": "ORDER-123", "total": 99.99},
            "id": taken.id,
        }
    ]
    assert list(kept(rig)[0]) == ["type", "service", "user_id", "timestamp", "data", "id"]


def test_an_event_with_a_timestamp_also_has_the_time_it_was_received() -> None:
    rig = Rig()
    rig.event("search", user_id=None, at=NOON - 60, id="mine")
    assert kept(rig) == [
        {
            "type": "search",
            "service": "shop",
            "user_id": None,
            "timestamp": "2023-11-14T11:59:00.000Z",
            "data": {},
            "id": "mine",
            "received_at": "2023-11-14T12:00:00.000Z",
        }
    ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(2023, 11, 14, 11, 0, 0, 0, timezone.utc), "2023-11-14T11:00:00.000Z"),  # noqa: UP017
        (datetime(2023, 11, 14, 11, 0, 0, 123_000, timezone(timedelta(hours=1))), "2023-11-14T10:00:00.123Z"),
        (datetime(2023, 11, 14, 11, 0, 0, 123_456, timezone(timedelta(hours=-1))), "2023-11-14T12:00:00.123456Z"),
        (datetime(2023, 11, 14, 1, 0, 0, 0, timezone(timedelta(hours=5, minutes=30))), "2023-11-13T19:30:00.000Z"),
    ],
)
def test_times_are_in_utc_without_trailing_zeros(when: datetime, expected: str) -> None:
    rig = Rig()
    assert rig.recorder.record(EVENTS, NewEvent("a", "shop", timestamp=when)).timestamp == expected
    assert kept(rig)[0]["timestamp"] == expected
    (found,), _ = rig.state.events.examine(lambda kept, places: [0], None, 1, 1)
    assert found.kept.at(found.place) == when.timestamp()


def test_assigned_ids_are_unique() -> None:
    rig = Rig()
    rig.events(*(event() for _ in range(200)))
    ids = {record["id"] for record in kept(rig)} | {rig.event().id for _ in range(50)} | {rig.metric("a", 1).id}
    assert len(ids) == 251
    assert all(re.fullmatch(r"[0-9a-z-]{1,128}", id_) for id_ in ids)
    assert Rig().event().id not in ids


def test_published_events_are_the_kept_ones() -> None:
    rig = Rig()
    rig.events(event("a", id="1"), event("b", at=0), event("c", id="1"), event("d"))
    rig.metric("memory", 1)
    rig.beat()
    published = [msgspec.json.decode(json) for json in rig.published]
    assert [event["type"] for event in published] == ["a", "d"]
    assert published == kept(rig)[::-1]


outcomes = st.lists(st.sampled_from(["good", "old", "early", "again", "unreadable", "negative"]), max_size=30)


@given(outcomes, st.sampled_from(["events", "metrics"]))
def test_every_item_of_a_batch_gets_its_outcome(script: list[str], kind: str) -> None:
    rig = Rig()
    make = {"events": event, "metrics": lambda **fields: metric("latency", fields.pop("value", 1), **fields)}[kind]
    items, places, unreadable, expected = [], [], [], []
    good = again = 0
    for place, outcome in enumerate(script):
        if outcome == "unreadable" or (outcome == "negative" and kind == "events"):
            unreadable.append(ItemError(place, "validation_failed", "Not readable.", "type"))
            expected.append((place, "validation_failed"))
            continue
        fields: dict[str, Any] = {
            "good": {},
            "old": {"at": 0},
            "early": {"at": NOON + 301},
            "again": {"id": "again"},
            "negative": {"value": -1},
        }[outcome]
        items.append(make(**fields))
        places.append(place)
        good += outcome == "good"
        again += outcome == "again"
        code = {"old": "timestamp_too_old", "early": "timestamp_in_future", "negative": "negative_value"}.get(outcome)
        if code:
            expected.append((place, code))
    batch: DecodedBatch[Any] = DecodedBatch(items, places, unreadable)
    receipt = rig.recorder.record_batch(KINDS[kind], batch)
    assert receipt.accepted == good + bool(again)
    assert receipt.duplicates == max(0, again - 1)
    assert receipt.rejected == len(expected)
    assert receipt.accepted + receipt.duplicates + receipt.rejected == len(script)
    assert [(error.index, error.code) for error in receipt.errors] == expected
    stats = rig.stats()
    assert sum(stats["ingest"][kind].values()) == len(script)
    assert sum(stats["drops"].values()) == len(expected)


def test_a_receipt_lists_the_first_hundred_errors_and_counts_all() -> None:
    rig = Rig()
    receipt = rig.events(*(event(at=0 if number % 2 else None) for number in range(500)))
    assert (receipt.accepted, receipt.rejected) == (250, 250)
    assert [error.index for error in receipt.errors] == list(range(1, 2 * MAX_ERRORS, 2))
    assert rig.stats()["drops"] == {"timestamp_too_old": 250}


def test_valid_items_are_kept_beside_invalid_ones() -> None:
    rig = Rig()
    receipt = rig.metrics(metric("requests", 2), metric("requests", -1), metric("events", 1), metric("memory", -3))
    assert [(error.index, error.code, error.field) for error in receipt.errors] == [
        (1, "negative_value", "value"),
        (2, "reserved_name", "name"),
    ]
    assert (receipt.accepted, rig.overview["total_requests"]) == (2, 2)
    assert rig.service()["metrics"]["memory"]["last"] == -3


@pytest.mark.parametrize("name", ["requests", "errors", "latency"])
@pytest.mark.parametrize(("value", "taken"), [(0, True), (-0.0, True), (0.001, True), (-0.001, False), (-1e300, False)])
def test_traffic_cannot_be_negative(name: str, value: float, taken: bool) -> None:
    rig = Rig()
    if taken:
        assert rig.metric(name, value).id
        return
    with pytest.raises(Refused) as refused:
        rig.metric(name, value)
    assert (refused.value.code, refused.value.status, refused.value.field) == ("negative_value", 422, "value")
    assert rig.stats()["totals"]["metrics_kept"] == 0


@pytest.mark.parametrize(
    "name",
    [
        "events",
        "Events",
        "event",
        "unique",
        "endpoint_requests_total",
        "endpoint_latency_milliseconds",
        "endpoint_load",
    ],
)
def test_the_names_of_events_and_endpoints_are_reserved(name: str) -> None:
    rig = Rig()
    if name in ("Events", "event", "unique", "endpoint_load"):
        assert rig.metric(name, 1).id
        return
    with pytest.raises(Refused) as refused:
        rig.metric(name, 1)
    assert (refused.value.code, refused.value.field) == ("reserved_name", "name")


def test_a_refused_record_only_changes_the_counters() -> None:
    rig = Rig()
    before = rig.snapshot()
    for record in (lambda: rig.event(at=0), lambda: rig.metric("latency", -1), lambda: rig.metric("memory", 1, at=0)):
        with pytest.raises(Refused):
            record()
    assert rig.snapshot() == before
    assert rig.published == []
    assert rig.stats()["ingest"]["events"]["rejected"] == 1
    assert rig.stats()["ingest"]["metrics"]["rejected"] == 2


def test_an_empty_batch_records_nothing() -> None:
    rig = Rig()
    receipt = rig.events()
    assert (receipt.accepted, receipt.duplicates, receipt.rejected, receipt.errors) == (0, 0, 0, [])


def test_items_rejected_before_the_log_are_counted_too() -> None:
    rig = Rig()
    rig.recorder.reject(EVENTS, ["malformed_json", "malformed_json"])
    rig.recorder.reject(HEARTBEATS, ["validation_failed"])
    stats = rig.stats()
    assert stats["ingest"]["events"]["rejected"] == 2
    assert stats["ingest"]["heartbeats"]["rejected"] == 1
    assert stats["drops"] == {"malformed_json": 2, "validation_failed": 1}


def test_reads_see_writes() -> None:
    rig = Rig()
    for number in range(1, 30):
        rig.event(user_id=str(number), data={"endpoint": "/a", "latency": number})
        snapshot = rig.snapshot()
        assert snapshot["overview"]["total_requests"] == snapshot["realtime_stats"]["requests_last_1min"] == number
        assert snapshot["overview"]["active_users"] == number
        assert snapshot["realtime_stats"]["top_endpoints"][0]["count"] == number
        assert rig.stats()["totals"]["events"] == number
        assert rig.hours(1)[0]["requests"] == rig.days(1)[0]["events"] == number
        rig.clock.advance(0.01)


@given(st.lists(st.integers(-90, 300), max_size=40), st.integers(0, 3))
def test_all_seconds_and_services_of_a_batch_count(ages: list[int], pause: int) -> None:
    rig = Rig()
    rig.events(*(event(service=f"s{number % 5}", at=NOON - age) for number, age in enumerate(ages)))
    rig.clock.advance(pause)
    assert rig.overview["total_requests"] == len(ages)
    in_view = sum(1 for age in ages if NOON + pause - 59 <= NOON - age <= NOON + pause)
    assert rig.realtime["requests_last_1min"] == in_view


def test_a_batch_of_very_many_seconds_counts_them_all() -> None:
    rig = Rig()
    rig.events(*(event(at=NOON - second * 97) for second in range(5_000)))
    assert rig.overview["total_requests"] == 5_000
    assert sum(day["requests"] for day in rig.days()) == 5_000
