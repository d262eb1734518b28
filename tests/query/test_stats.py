"""Statistics: totals, receipts, drops, and buckets by hour and day."""

import pytest

from analytics.jobs.report import JobReport
from analytics.jobs.supervisor import Supervisor
from analytics.query.health import health
from tests.fakes import FakeClock
from tests.state.rig import DAY, HOUR, IN_MEMORY, MIDNIGHT, NOON, Rig, event, metric


def test_stats_count_recorded_and_kept_items() -> None:
    rig = Rig()
    rig.events(
        event("purchase", "checkout"), event("purchase"), event("view"), event("view", id="1"), event("view", id="1")
    )
    rig.metrics(
        metric("requests", 10), metric("errors", 2), metric("memory", 5, tags={"host": "a"}), metric("events", 1)
    )
    rig.beat()
    rig.clock.advance(90)
    stats = rig.stats()
    assert (stats["uptime_seconds"], stats["started_at"]) == (90, "2023-11-14T12:00:00.000Z")
    assert stats["memory_bytes"] > 10_000_000
    assert {name: stats["totals"][name] for name in ("events", "requests", "errors", "services", "events_kept")} == {
        "events": 4,
        "requests": 10,
        "errors": 2,
        "services": 2,
        "events_kept": 4,
    }
    assert stats["ingest"] == {
        "events": {"accepted": 4, "duplicates": 1, "rejected": 0},
        "metrics": {"accepted": 3, "duplicates": 0, "rejected": 1},
        "heartbeats": {"accepted": 1, "duplicates": 0, "rejected": 0},
        "points": {"accepted": 0, "duplicates": 0, "rejected": 0},
        **{kind: {"accepted": 0, "duplicates": 0, "rejected": 0} for kind in ("logs", "spans", "span_counts")},
    }
    assert stats["drops"] == {"reserved_name": 1}
    assert list(stats["events_by_type"].items()) == [("purchase", 2), ("view", 2)]
    assert list(stats["events_by_service"].items()) == [("shop", 3), ("checkout", 1)]


def test_the_last_24_hours_begin_with_a_whole_hour() -> None:
    rig = Rig(wall=NOON + 60)
    rig.events(*(event(at=at) for at in (NOON, NOON - 23 * HOUR, NOON - 23 * HOUR - 1, NOON - DAY)))
    assert rig.stats()["last_24_hours"]["requests"] == 2


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_hours_are_oldest_first_and_end_with_the_open_one(hours: int) -> None:
    rig = Rig(wall=NOON + 60)
    rig.event()
    buckets = rig.hours(hours)
    assert len(buckets) == hours
    assert buckets[-1]["hour"] == "2023-11-14T12:00:00Z"
    assert buckets[-1]["requests"] == 1
    assert [bucket["hour"] for bucket in buckets] == sorted(bucket["hour"] for bucket in buckets)


@pytest.mark.parametrize("days", [1, 7, 90])
def test_days_are_oldest_first_and_end_with_the_open_one(days: int) -> None:
    rig = Rig()
    buckets = rig.days(days)
    assert len(buckets) == days
    assert buckets[-1]["date"] == "2023-11-14"
    assert [bucket["date"] for bucket in buckets] == sorted(bucket["date"] for bucket in buckets)


def test_a_bucket_has_all_figures() -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 1)
    for hour, (status, latency, user) in enumerate([(200, 10, "ann"), (500, 30, "bob"), (200, None, "ann")]):
        rig.event(user_id=user, at=MIDNIGHT + hour * HOUR, data={"status": status, "latency": latency})
    rig.event("view", user_id="cid", at=MIDNIGHT)
    hour = rig.hours(24)[0]
    assert hour == {
        "hour": "2023-11-14T00:00:00Z",
        "requests": 1,
        "errors": 0,
        "error_rate": 0.0,
        "avg_latency_ms": 10,
        "p50_latency_ms": 10,
        "p95_latency_ms": 10,
        "p99_latency_ms": 10,
        "unique_users": 2,
        "events": 2,
    }
    day = rig.days(1)[0]
    assert (day["requests"], day["errors"], day["error_rate"], day["unique_users"], day["events"]) == (
        3,
        1,
        33.333,
        3,
        4,
    )
    assert (day["avg_latency_ms"], day["peak_hour"], day["peak_requests"]) == (20, "2023-11-14T00:00:00Z", 1)
    assert day["p99_latency_ms"] == pytest.approx(30, rel=0.006)


def test_an_empty_bucket_has_no_latency_and_no_peak() -> None:
    day = Rig().days(1)[0]
    assert (day["requests"], day["errors"], day["error_rate"], day["unique_users"], day["events"]) == (0, 0, 0, 0, 0)
    assert (day["avg_latency_ms"], day["p99_latency_ms"], day["peak_hour"], day["peak_requests"]) == (
        None,
        None,
        None,
        0,
    )


def test_empty_days_are_omitted() -> None:
    rig = Rig()
    rig.events(event(), event("view", user_id="ann", at=NOON - 5 * DAY), event("error", at=NOON - 3 * DAY))
    assert [(day["date"], day["unique_users"], day["peak_requests"]) for day in rig.stats()["days"]] == [
        ("2023-11-09", 1, 0),
        ("2023-11-11", 0, 0),
        ("2023-11-14", 0, 1),
    ]


@pytest.mark.parametrize(("reasons", "status"), [([], "healthy"), (["the ticker has stalled"], "unhealthy")])
def test_health_counts_clients_events_and_services(reasons: list[str], status: str) -> None:
    rig = Rig()
    rig.events(event(), event("view", "cart"))
    rig.clock.advance(5)
    answer = rig.ask(health, 3, reasons, IN_MEMORY, [], None)
    assert (answer["status"], answer["service"], answer["reasons"]) == (status, "analytics-service", reasons)
    assert (answer["timestamp"], answer["uptime_seconds"]) == ("2023-11-14T12:00:05.000Z", 5)
    assert answer["stats"] == {"connected_clients": 3, "total_events": 2, "tracked_services": 2}


def test_health_is_degraded_if_a_job_is_down_or_nothing_can_be_recorded() -> None:
    rig, jobs = Rig(), Supervisor(FakeClock())
    jobs.loop("sender", print)
    ticker: JobReport = {**jobs.periodic("ticker", 1.0, print, stalled_after=5.0).report(), "state": "stalled"}
    sender: JobReport = {**jobs.reports()[0], "state": "restarting"}
    assert rig.ask(health, 0, [], IN_MEMORY, jobs.reports(), None)["status"] == "healthy"
    answer = rig.ask(health, 0, [], {**IN_MEMORY, "trouble": "the disk is full"}, [sender, ticker], "a.yaml is wrong")
    assert answer["status"] == "degraded"
    assert answer["reasons"] == [
        "the disk is full",
        "the sender failed and is being restarted",
        "the ticker has stalled",
        "a.yaml is wrong",
    ]
    assert answer["jobs"] == [sender, ticker]
    answer = rig.ask(health, 0, ["the ticker has stalled"], IN_MEMORY, [ticker], None)
    assert (answer["status"], answer["reasons"]) == ("unhealthy", ["the ticker has stalled"])
