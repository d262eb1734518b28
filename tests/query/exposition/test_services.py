"""Families of services: their values, and what they do when time passes."""

import pytest

from tests.query.exposition.reading import exposed, messages, samples
from tests.state.rig import DAY, MINUTE, Rig, event, metric


def test_traffic_health_and_events_of_each_service_are_exposed() -> None:
    rig = Rig()
    rig.events(
        event(data={"latency": 10, "status": 500, "endpoint": "/a"}),
        event(data={"endpoint": "/b"}, user_id="ann"),
        event("view", "cart", user_id="ben"),
    )
    rig.metrics(metric("events", 1))
    rig.beat(status="degraded")
    rig.clock.advance(7)
    found = samples(exposed(rig, connections=4))
    shop, cart = ("service", "shop"), ("service", "cart")
    assert found["analytics_connected_clients",] == 4
    assert found["analytics_tracked_services",] == 2
    assert found["analytics_ingest_items_total", ("kind", "events"), ("outcome", "accepted")] == 3
    assert found["analytics_drops_total", ("reason", "reserved_name")] == 1
    assert found["requests_total", shop] == 2
    assert found["errors_total", shop] == 1
    assert found["requests_total", cart] == 0
    assert found["endpoint_requests_total", ("endpoint", "/a"), shop] == 1
    assert found["endpoint_errors_total", ("endpoint", "/a"), shop] == 1
    assert found["endpoint_requests_total", ("endpoint", "/b"), shop] == 1
    assert found["endpoint_errors_total", ("endpoint", "/b"), shop] == 0
    assert found["events_total", shop, ("type", "request")] == 2
    assert found["events_total", cart, ("type", "view")] == 1
    assert found["users", shop] == found["users", cart] == 1
    assert found["heartbeat_age_seconds", shop] == 7
    assert ("heartbeat_age_seconds", cart) not in found
    states = {key[2][1]: value for key, value in found.items() if key[0] == "service_status" and key[1] == shop}
    assert states.pop("degraded") == 1
    assert len(states) == 6
    assert set(states.values()) == {0}
    assert found["service_status", cart, ("status", "unknown")] == 1


def test_all_families_are_described_even_without_series() -> None:
    found = set(messages(Rig()))
    assert {"requests_total", "latency_milliseconds", "endpoint_errors_total", "events_total", "users"} <= found


def test_no_series_stands_beside_its_own_sum() -> None:
    rig = Rig()
    rig.events(event("view"), event("view", "cart"), event("buy"))
    rig.metrics(
        metric("load", 1, tags={"zone": "a"}), metric("load", 2, tags={"zone": "b"}), metric("load", 3, "cart"),
        metric("requests", 4, tags={"zone": "a"}),
    )  # fmt: skip
    found = samples(exposed(rig))
    assert sum(value for key, value in found.items() if key[0] == "events_total") == 3
    assert sum(value for key, value in found.items() if key[0] == "requests_total") == 4
    assert sum(value for key, value in found.items() if key[0] == "load") == 6


def test_counters_stay_when_their_days_expire() -> None:
    rig = Rig(daily_days=3)
    before: dict[object, float] = {}
    for _ in range(6):
        rig.events(event(data={"latency": 5, "status": 500, "endpoint": "/"}), event("view"))
        rig.metrics(metric("requests", 0.1))
        rig.clock.advance(DAY / 2)
        found = samples(exposed(rig))
        counters = {key: value for key, value in found.items() if key[0].endswith(("_total", "_bucket", "_count"))}
        fell = [key for key, value in before.items() if counters[key] < value]
        assert fell == []
        before = counters
    assert found["requests_total", ("service", "shop")] == pytest.approx(6.6)
    assert found["endpoint_requests_total", ("endpoint", "/"), ("service", "shop")] == 6
    assert found["latency_milliseconds_bucket", ("le", "8.0"), ("service", "shop")] == 6
    assert found["latency_milliseconds_bucket", ("le", "4.0"), ("service", "shop")] == 0


def test_latencies_at_powers_of_two_are_in_the_bucket_of_that_bound() -> None:
    rig = Rig()
    values = [0, 0.1, 0.5, 1, 1.001, 2, 1024, 1024.1, 16384, 16385, 1e9]
    rig.metrics(*(metric("latency", value) for value in values))
    found = samples(exposed(rig))
    for bound in (2.0**power for power in range(-1, 15)):
        counted = found["latency_milliseconds_bucket", ("le", str(bound)), ("service", "shop")]
        assert counted == sum(value <= bound for value in values), bound
    assert found["latency_milliseconds_bucket", ("le", "+Inf"), ("service", "shop")] == len(values)
    assert found["latency_milliseconds_count", ("service", "shop")] == len(values)
    assert found["latency_milliseconds_sum", ("service", "shop")] == pytest.approx(sum(values))


def test_latencies_of_which_heartbeats_report_the_mean_have_no_bounds() -> None:
    rig = Rig()
    rig.beat(request_count=0, avg_latency=20)
    rig.beat(request_count=10, avg_latency=20)
    found = samples(exposed(rig))
    bounds = [key[1] for key in found if key[0] == "latency_milliseconds_bucket"]
    assert bounds == [("le", "+Inf")]
    assert found["latency_milliseconds_count", ("service", "shop")] == 10
    assert found["latency_milliseconds_sum", ("service", "shop")] == 200
    assert not messages(rig)["latency_milliseconds"].metric[0].histogram.zero_threshold
    rig.events(event(data={"latency": 5}))
    found = samples(exposed(rig))
    assert found["latency_milliseconds_count", ("service", "shop")] == 11
    assert found["latency_milliseconds_bucket", ("le", "8.0"), ("service", "shop")] == 1
    assert found["latency_milliseconds_bucket", ("le", "16384.0"), ("service", "shop")] == 1


def test_users_are_those_of_the_present_minute_and_the_four_before() -> None:
    rig = Rig()
    rig.event(user_id="ann")
    rig.clock.advance(4 * MINUTE)
    rig.events(event(user_id="ben"), event(user_id="ann"), event(user_id="cyd", service="cart"))
    assert samples(exposed(rig))["users", ("service", "shop")] == 2
    rig.clock.advance(4 * MINUTE + 59)
    assert samples(exposed(rig))["users", ("service", "shop")] == 2
    rig.clock.advance(1)
    found = samples(exposed(rig))
    assert found["users", ("service", "shop")] == found["users", ("service", "cart")] == 0


def test_the_exposition_is_written_in_steps_and_each_family_stays_together() -> None:
    rig = Rig()
    number = 1_200
    rig.metrics(*(metric("load", 1, tags={"zone": str(each)}) for each in range(number)))
    rig.events(*(event(service=f"s{each}", data={"latency": 5}) for each in range(60)))
    rig.metrics(*(metric(f"m{each}", 1) for each in range(10)))
    counted = 0

    def meanwhile() -> None:
        nonlocal counted
        counted += 1
        rig.metrics(metric("other", 1), metric("load", 1, tags={"zone": f"late {counted}"}))
        rig.events(event(service=f"late {counted}"))

    text = exposed(rig, pause=meanwhile)
    found = samples(text)
    zones = [key[2][1] for key in found if key[0] == "load"]
    assert sum(zone.isdigit() for zone in zones) == number
    assert text.count("# TYPE load ") == text.count("# HELP load ") == 1
    assert text.count("# TYPE latency_milliseconds ") == 1
    assert counted > 10
