"""Limits: full tables reject new entries, count them by reason, and keep their content."""

import pytest

from analytics.log.refusal import Refused
from tests.state.rig import DAY, MIDNIGHT, Rig, event, metric


def test_a_service_above_the_limit_is_refused_and_known_ones_continue() -> None:
    rig = Rig()
    receipt = rig.events(*(event("page_view", f"service-{number}") for number in range(1_001)))
    assert (receipt.accepted, receipt.rejected) == (1_000, 1)
    (error,) = receipt.errors
    assert (error.index, error.code, error.field) == (1_000, "too_many_services", "service")
    with pytest.raises(Refused, match="ANALYTICS_MAX_SERVICES"):
        rig.metric("memory", 1, "one-more")
    assert rig.events(event("page_view", "service-5")).accepted == 1
    stats = rig.stats()
    assert stats["drops"] == {"too_many_services": 2}
    assert stats["totals"]["services"] == 1_000
    assert stats["ingest"]["events"] == {"accepted": 1_001, "duplicates": 0, "rejected": 1}
    assert stats["ingest"]["metrics"] == {"accepted": 0, "duplicates": 0, "rejected": 1}


def test_forgotten_services_make_room_for_new_ones() -> None:
    rig = Rig(wall=MIDNIGHT, max_services=1)
    rig.event(service="old")
    rig.clock.advance(90 * DAY)
    rig.event(service="new")
    assert list(rig.snapshot()["services"]) == ["new"]


def test_event_types_beyond_the_limit_are_counted_as_other() -> None:
    rig = Rig(max_event_types=2)
    receipt = rig.events(*(event(type_) for type_ in ("a", "b", "c", "d", "c", "a", "other")))
    assert receipt.accepted == 7
    stats = rig.stats()
    assert stats["events_by_type"] == {"other": 4, "a": 2, "b": 1}
    assert stats["drops"] == {"event_type_folded": 3}
    assert stats["totals"]["events"] == 7
    kept = [record["type"] for record in rig.realtime["recent_events"]]
    assert kept == ["other", "a", "c", "d", "c", "b", "a"], "the record keeps its type"


def test_a_request_is_counted_even_if_its_type_is_counted_as_other() -> None:
    rig = Rig(max_event_types=1)
    rig.event("purchase")
    rig.event("request", data={"status": 500, "latency": 5})
    rig.event("error")
    assert (rig.row()["request_count"], rig.row()["error_count"]) == (1, 2)
    assert rig.stats()["events_by_type"] == {"other": 2, "purchase": 1}


def test_event_types_of_all_services_share_one_limit() -> None:
    rig = Rig(max_event_types=2)
    rig.events(event("a", "x"), event("b", "y"), event("a", "y"), event("c", "x"))
    assert rig.stats()["events_by_type"] == {"a": 2, "b": 1, "other": 1}


def test_expired_event_types_make_room_for_new_ones() -> None:
    rig = Rig(wall=MIDNIGHT, max_event_types=1)
    rig.event("a")
    rig.clock.advance(90 * DAY)
    rig.event("b")
    assert rig.stats()["events_by_type"] == {"b": 1}
    assert rig.stats()["drops"] == {}


def test_series_beyond_the_limit_are_refused_and_known_ones_continue() -> None:
    rig = Rig(max_series=2)
    rig.metric("memory", 1, tags={"host": "a"})
    rig.metric("cpu", 1)
    for name, tags in (("disk", {}), ("memory", {"host": "b"}), ("cpu", {"host": "a"})):
        with pytest.raises(Refused) as refused:
            rig.metric(name, 1, tags=tags)
        assert (refused.value.code, refused.value.field) == ("too_many_series", "name")
    rig.metric("memory", 2, tags={"host": "a"})
    rig.metric("cpu", 2)
    stats = rig.stats()
    assert stats["drops"] == {"too_many_series": 3}
    assert stats["totals"]["limited_series"] == 2
    assert rig.service()["metrics"]["memory"]["count"] == 2


def test_traffic_is_counted_even_without_room_for_its_tags() -> None:
    rig = Rig(max_series=1)
    rig.metric("cpu", 1)
    for name in ("requests", "errors", "latency"):
        rig.metric(name, 4, tags={"region": "eu", "endpoint": "/a"})
    row = rig.row()
    assert (row["request_count"], row["error_count"], row["avg_latency_ms"]) == (4, 4, 4)
    assert rig.stats()["drops"] == {"series_tags_folded": 3}
    assert rig.realtime["top_endpoints"][0]["count"] == 4


def test_traffic_without_tags_does_not_count_against_the_limit_of_series() -> None:
    rig = Rig(max_series=1)
    rig.metrics(*(metric(name, 1, f"service-{number}") for number in range(5) for name in ("requests", "latency")))
    assert rig.overview["total_requests"] == 5
    assert rig.stats()["drops"] == {}


def test_a_refused_metric_leaves_no_service_behind() -> None:
    rig = Rig(max_series=1)
    rig.metric("cpu", 1, "known")
    for item in (metric("disk", 1, "new"), metric("events", 1, "new"), metric("latency", -1, "new")):
        assert rig.metrics(item).rejected == 1
    assert list(rig.snapshot()["services"]) == ["known"]
    assert rig.stats()["totals"]["services"] == 1


def test_a_duplicate_leaves_nothing_behind() -> None:
    rig = Rig()
    rig.event("page_view", id="x")
    rig.event("other_type", "other-service", id="x")
    rig.metric("memory", 1, id="y")
    rig.metric("cpu", 1, "third-service", id="y", unit="%")
    stats = rig.stats()
    assert stats["totals"]["services"] == 1
    assert stats["totals"]["limited_series"] == 2
    assert stats["events_by_type"] == {"page_view": 1}


def test_a_duplicate_takes_no_room_from_a_later_service() -> None:
    rig = Rig(max_services=2)
    rig.event("page_view", id="x")
    receipt = rig.events(event("page_view", "first", id="x"), event("page_view", "second"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (1, 1, 0)
    assert list(rig.snapshot()["services"]) == ["second", "shop"]


@pytest.mark.parametrize("ring", [1, 5, 20])
def test_rings_keep_the_newest_records_and_totals_count_all(ring: int) -> None:
    rig = Rig(events_ring=ring, metrics_ring=ring)
    rig.events(*(event("page_view", id=str(number)) for number in range(30)))
    rig.metrics(*(metric("memory", number) for number in range(30)))
    stats = rig.stats()["totals"]
    assert (stats["events"], stats["events_kept"], stats["metrics_kept"]) == (30, ring, ring)
    newest = [record["id"] for record in rig.realtime["recent_events"]]
    assert newest == [str(number) for number in range(29, 29 - ring, -1)]


def test_a_flood_of_names_keeps_every_table_within_its_limit() -> None:
    limits = {
        "max_services": 5,
        "max_series": 50,
        "max_event_types": 10,
        "max_endpoints": 40,
        "max_service_endpoints": 20,
    }
    rig = Rig(**limits)
    for start in range(0, 3_000, 300):
        rig.clock.advance(7)
        names = [str(number) for number in range(start, start + 300)]
        rig.events(*(event(name, f"s{int(name) % 7}", data={"endpoint": name}) for name in names))
        rig.events(*(event(service=f"s{int(name) % 7}", user_id=name, data={"endpoint": name}) for name in names))
        rig.metrics(*(metric(name, 1, f"s{int(name) % 7}", tags={"host": name}, unit=name[:3]) for name in names))
        rig.metrics(*(metric("latency", 1, f"s{int(name) % 7}", tags={"endpoint": name}) for name in names))
    stats = rig.stats()
    totals = stats["totals"]
    assert totals["services"] == 5
    assert totals["endpoints"] <= 40
    assert totals["limited_series"] <= 50
    assert totals["series"] <= 50 + 5 * 8 + 20
    assert len(stats["events_by_type"]) <= 11
    assert len(rig.state.units) <= 50
    for outcomes in (stats["ingest"]["events"], stats["ingest"]["metrics"]):
        assert sum(outcomes.values()) == 6_000
    assert {"too_many_services", "too_many_series", "event_type_folded", "endpoint_evicted"} <= stats["drops"].keys()
