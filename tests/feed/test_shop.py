"""The model of the demo shop: plausible, and reproducible with a seed."""

import random
from collections import Counter
from typing import Any

import pytest

from analytics.feed.incidents import LIVE_SCHEDULE, DemoIncident, DemoIncidents
from analytics.feed.shop import Shop, rfc3339, time_of_day_factor
from analytics.feed.shop_data import ERROR_MESSAGES, LEAVE, NEXT, PAGES, SERVICES

NOW = 1_800_000_000.0


def open_shop(seed: int = 1) -> Shop:
    rng = random.Random(seed)
    return Shop(rng, NOW, DemoIncidents(rng, NOW, list(ERROR_MESSAGES)))


def play(shop: Shop, seconds: int, rate: float = 50) -> list[dict[str, Any]]:
    return [event for n in range(seconds) for event in shop.advance(NOW + n, NOW + n + 1, rate)]


def test_the_same_seed_gives_the_same_day() -> None:
    assert play(open_shop(3), 20) == play(open_shop(3), 20)
    assert play(open_shop(3), 20) != play(open_shop(4), 20)


def test_every_type_and_every_service_appears() -> None:
    events = play(open_shop(), 900)
    types = Counter(event["type"] for event in events)
    assert set(types) == {
        "request",
        "error",
        "purchase",
        "product_view",
        "search",
        "cart_add",
        "page_view",
        "visual_search",
        "points_awarded",
        "inventory_update",
    }
    assert {event["service"] for event in events} == set(SERVICES)
    assert types["product_view"] > types["cart_add"] > types["purchase"] > 0
    users = {event["user_id"] for event in events}
    assert None in users
    assert len(users) > 100


@pytest.mark.parametrize("seed", range(20))
def test_all_services_are_active_from_the_beginning(seed: int) -> None:
    requests = [event for event in play(open_shop(seed), 5) if event["type"] == "request"]
    assert len({(event["service"], event["data"]["endpoint"]) for event in requests}) >= 5


def test_events_are_valid_for_the_service() -> None:
    for event in play(open_shop(), 60):
        assert set(event) == {"type", "service", "user_id", "timestamp", "data"}
        assert "2027-01-15T08:00:00.000Z" <= event["timestamp"] <= "2027-01-15T08:01:00.000Z"
        if event["type"] == "request":
            assert event["data"]["latency"] > 0
            assert 200 <= event["data"]["status"] < 600


def test_a_purchase_is_the_sum_of_the_basket() -> None:
    events = play(open_shop(), 600)
    spent = sum(e["data"]["total"] for e in events if e["type"] == "purchase")
    added = sum(e["data"]["price"] * e["data"]["quantity"] for e in events if e["type"] == "cart_add")
    assert 0 < spent < added


def test_stock_is_never_negative() -> None:
    quantities = [e["data"]["new_quantity"] for e in play(open_shop(), 1_200) if e["type"] == "inventory_update"]
    assert min(quantities) >= 0


def test_the_rate_follows_the_day_and_keeps_its_mean() -> None:
    assert time_of_day_factor(NOW) == pytest.approx(0.4)
    assert time_of_day_factor(NOW + 12 * 3_600) == pytest.approx(1.6)
    assert sum(time_of_day_factor(NOW + hour * 3_600) for hour in range(24)) == pytest.approx(24)
    assert len(play(open_shop(), 600)) == pytest.approx(50 * 0.4 * 600, rel=0.05)


def test_heartbeat_counters_never_decrease_and_match_what_was_sent() -> None:
    shop = open_shop()
    before = {name: shop.heartbeat(name, NOW)["metrics"] for name in SERVICES}
    sent: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for minute in range(10):
        for second in range(60):
            at = NOW + minute * 60 + second
            for event in shop.advance(at, at + 1, 50):
                sent[event["service"]] += event["type"] == "request"
                failed[event["service"]] += event["type"] == "error" or event["data"].get("status", 0) >= 500
        for name in SERVICES:
            now = shop.heartbeat(name, NOW + (minute + 1) * 60)["metrics"]
            assert now["request_count"] == sent[name] >= before[name]["request_count"]
            assert now["error_count"] == failed[name] >= before[name]["error_count"]
            assert now["uptime"] > before[name]["uptime"]
            before[name] = now


def test_metrics_report_memory_and_cpu_of_every_service() -> None:
    metrics = open_shop().metrics(NOW)
    assert {(m["name"], m["unit"]) for m in metrics} == {("memory", "MB"), ("cpu", "%")}
    assert {m["tags"]["service"] for m in metrics} == set(SERVICES)
    assert all(0 < m["value"] < (100 if m["name"] == "cpu" else 5_000) for m in metrics)


@pytest.mark.parametrize("seed", range(20))
def test_the_first_incident_begins_and_ends_within_minutes(seed: int) -> None:
    incidents = DemoIncidents(random.Random(seed), NOW, list(ERROR_MESSAGES))
    seen = [incidents.at(NOW + second) for second in range(3_600)]
    first = next(incident for incident in seen if incident is not None)
    assert 40 <= first.begins - NOW <= 75
    assert first.ends < NOW + 300
    assert seen[0] is None
    assert seen[int(first.ends - NOW) + 1] is None
    later = {incident for incident in seen if incident is not None}
    assert 3 <= len(later) <= 10
    assert all(
        LIVE_SCHEDULE.length[0] <= incident.ends - incident.begins <= LIVE_SCHEDULE.length[1] for incident in later
    )


def test_an_incident_rises_and_falls() -> None:
    incident = DemoIncident("cart", 100, 200)
    assert [incident.severity(now) for now in (99, 100, 120, 150, 200)] == [0, 0, 1, 1, 0]
    assert 0 < incident.severity(110) < 1
    assert 0 < incident.severity(190) < 1


def test_a_service_with_an_incident_is_slow_fails_reports_it_and_recovers() -> None:
    shop = open_shop()
    statuses: list[str] = []
    troubled: list[dict[str, Any]] = []
    calm: list[dict[str, Any]] = []
    service = next(i.service for s in range(120) if (i := open_shop().incidents.at(NOW + s)))
    for second in range(300):
        events = shop.advance(NOW + second, NOW + second + 1, 300)
        status = shop.heartbeat(service, NOW + second + 1)["status"]
        if not statuses or statuses[-1] != status:
            statuses.append(status)
        mine = [e["data"] for e in events if e["type"] == "request" and e["service"] == service]
        if status == "unhealthy":
            troubled += mine
        elif status == "healthy":
            calm += mine
    assert statuses == ["healthy", "degraded", "unhealthy", "degraded", "healthy"]

    def mean(requests: list[dict[str, Any]]) -> float:
        return sum(request["latency"] for request in requests) / len(requests)

    def failing(requests: list[dict[str, Any]]) -> float:
        return sum(request["status"] >= 500 for request in requests) / len(requests)

    assert mean(troubled) > 3 * mean(calm)
    assert failing(troubled) > 0.1 > failing(calm)


def test_a_sample_has_one_request_each_of_many_visitors() -> None:
    shop = open_shop()
    sample = shop.sample(NOW, NOW + 3_600, 4_000)
    assert len(sample) == 4_000
    assert {event["type"] for event in sample} == {"request"}
    stamps = [event["timestamp"] for event in sample]
    assert stamps == sorted(stamps)
    assert rfc3339(NOW) <= stamps[0] <= stamps[-1] <= rfc3339(NOW + 3_600)
    assert len({event["user_id"] for event in sample}) > 500
    # Each service has the same share of the requests as in complete visits.
    whole = Counter(event["service"] for event in play(open_shop(), 900) if event["type"] == "request")
    found = Counter(event["service"] for event in sample)
    for service in SERVICES:
        assert found[service] / 4_000 == pytest.approx(whole[service] / whole.total(), abs=0.03)


def test_every_page_leads_to_others_and_out() -> None:
    assert set(NEXT) == set(PAGES)
    for ways in NEXT.values():
        assert LEAVE in ways
        assert set(ways) - {LEAVE} <= set(PAGES)
        assert sum(ways.values()) == pytest.approx(1)
