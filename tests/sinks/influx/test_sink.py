"""The sink: each closed bucket arrives once with the right figures, through outages, refusals and late records."""

from random import Random

import pytest

from analytics.sinks.influx.batches import batches, plan
from analytics.sinks.influx.client import InfluxAnswer
from analytics.sinks.influx.rows import ClosedBuckets
from analytics.state.resolution import Resolution
from tests.sinks.influx.fake_database import FakeDatabase, total
from tests.sinks.influx.rig import SinkRig
from tests.sinks.influx.servers import Figures
from tests.state.rig import DAY, HOUR, MINUTE, NOON, event, metric

SHOP = {"metric": "requests_total", "service": "shop"}


def request(at: float, **data: object) -> object:
    return event(at=at, user_id="u1", data={"latency": 20, "endpoint": "/a", **data})


def expected(rig: SinkRig) -> Figures:
    """All closed buckets as the state has them."""
    now, found = rig.clock.wall() - 15, Figures()
    for level, size in ((Resolution.MINUTE, MINUTE), (Resolution.HOUR, HOUR), (Resolution.DAY, DAY)):
        for start in range(rig.state.series.oldest(level), int(now // size) * size, size):
            found |= rig.closed(level, start)
    return found


def test_a_closed_minute_is_written_with_all_its_series() -> None:
    rig = SinkRig()
    rig.events(request(NOON), request(NOON + 1, latency=40, status=500))  # type: ignore[arg-type]
    rig.metrics(metric("depth", 3.5, tags={"queue": "out"}), metric("sent", 2.0, kind="counter"))
    rig.metrics(metric("size", 8.0, kind="histogram"), metric("latency", 7.0, tags={"zone": "eu"}))
    rig.wait(2 * MINUTE)
    found = {dict(tags)["metric"]: fields for (name, tags, _), fields in rig.database.points.items()
             if name == "analytics_minutes" and ("type", "request") not in tags}  # fmt: skip
    assert found["requests_total"] == {"count": 2.0, "increase": 2.0}
    assert found["errors_total"] == {"count": 1.0, "increase": 1.0}
    assert found["endpoint_requests_total"]["increase"] == 2.0
    assert found["depth"] == {"count": 1.0, "sum": 3.5, "min": 3.5, "max": 3.5, "last": 3.5}
    assert found["sent"] == {"count": 1.0, "increase": 2.0}
    assert found["size"]["count"] == 1.0
    assert found["size"]["p95"] == pytest.approx(8.0, rel=0.01)
    assert found["latency"]["p50"] == 7.0
    assert found["latency_milliseconds"]["count"] == 3.0
    assert found["latency_milliseconds"]["max"] == 40.0
    assert found["overall_latency_milliseconds"]["sum"] == 67.0
    assert found["users"] == found["overall_users"] == {"unique": 1.0}
    assert total(rig.database.of("analytics_minutes", metric="events_total", type="request"), "increase") == 2
    assert not any("service" not in dict(tags) for _, tags, _ in rig.database.points
                   if not dict(tags)["metric"].startswith("overall_"))  # fmt: skip


def test_what_was_kept_before_the_database_was_configured_is_written_first() -> None:
    rig = SinkRig()
    rig.events(request(NOON - 5 * DAY), request(NOON - 30 * DAY), request(NOON - 2 * HOUR))  # type: ignore[arg-type]
    rig.wait(MINUTE)
    assert total(rig.database.of("analytics_days", **SHOP), "increase") == 2  # today is not over
    assert total(rig.database.of("analytics_hours", **SHOP), "increase") == 2  # the oldest one is kept by days alone
    assert total(rig.database.of("analytics_minutes", **SHOP), "increase") == 1
    assert rig.sink.report()["missed_minutes"] == 0


def test_an_idle_service_records_nothing_more() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(10 * MINUTE)
    before, version = len(rig.deliveries), rig.state.time
    rig.wait(20 * MINUTE)
    assert len(rig.deliveries) == before
    assert rig.state.time == version
    assert rig.sink.report()["state"] == "current"
    rig.wait(HOUR)
    assert total(rig.database.of("analytics_hours", **SHOP), "increase") == 1


def test_a_late_record_overwrites_its_minute_and_hour() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(HOUR)
    rig.events(request(NOON + HOUR))  # type: ignore[arg-type]
    rig.wait(HOUR)
    rig.database.bodies.clear()
    rig.events(request(NOON + 30, latency=60))  # type: ignore[arg-type]
    rig.wait(2 * MINUTE)
    minutes = rig.database.of("analytics_minutes", **SHOP)
    assert minutes == {NOON: {"count": 2.0, "increase": 2.0}, NOON + HOUR: {"count": 1.0, "increase": 1.0}}
    assert rig.database.of("analytics_hours", **SHOP)[NOON] == {"count": 2.0, "increase": 2.0}
    assert rig.database.of("analytics_minutes", metric="latency_milliseconds")[NOON]["max"] == 60.0
    assert rig.sink.report()["late_buckets"] == 0
    assert sum(f" {NOON}\n" in body for body in rig.database.bodies) == 1, "written once"
    assert "overall" in rig.database.bodies[0]
    assert str(NOON + HOUR) not in rig.database.bodies[0]


def test_a_record_that_changes_a_bucket_again_while_its_change_is_read_is_written_later() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(3 * MINUTE)
    rig.events(request(NOON + 5))  # type: ignore[arg-type]
    rig.pass_time(2)
    sink = rig.state.sink_progress.sink
    found = rig.reader.ask(plan, sink, None)
    rig.events(event(service="other", at=NOON + 6))
    rig.pass_time(2)
    (read,) = batches(rig.reader, ClosedBuckets(rig.reader, lambda: None), sink, found, found.begin, 1_000)
    assert read.delivery is not None
    rig.database.write("".join(read.lines))
    rig.recorder.deliver(read.delivery)
    rig.wait(MINUTE)
    assert rig.database.points == expected(rig)


def test_an_outage_of_two_hours_leaves_no_hole() -> None:
    rig = SinkRig()
    for minute in range(150):
        rig.database.is_down = 10 <= minute < 130
        rig.events(*[request(rig.clock.wall())] * (minute % 7 + 1))  # type: ignore[list-item]
        rig.wait(MINUTE, every=20.0)
    rig.wait(2 * MINUTE)
    minutes = rig.database.of("analytics_minutes", **SHOP)
    assert [minutes[NOON + minute * MINUTE]["increase"] for minute in range(150)] == [m % 7 + 1 for m in range(150)]
    assert rig.sink.report()["missed_minutes"] == 0
    assert rig.database.points == expected(rig)


def test_after_an_outage_of_ten_hours_hours_and_days_are_whole_and_missed_minutes_are_counted() -> None:
    rig = SinkRig()
    for minute in range(15 * 60):
        rig.database.is_down = 80 <= minute < 680
        rig.events(request(rig.clock.wall()))  # type: ignore[arg-type]
        if rig.database.is_down and minute % 5:  # it tries now and then
            rig.pass_time(MINUTE)
        else:
            rig.wait(MINUTE, every=60.0)
    rig.wait(2 * MINUTE)
    hours = rig.database.of("analytics_hours", **SHOP)
    assert [hours[NOON + hour * HOUR]["increase"] for hour in range(15)] == [60.0] * 15
    minutes = rig.database.of("analytics_minutes", **SHOP)
    lost = 15 * 60 - len(minutes)
    assert 400 <= lost <= 600
    assert lost <= rig.sink.report()["missed_minutes"] <= lost + 1, (
        "the last one before the outage was not recorded yet"
    )
    assert rig.database.of("analytics_days", **SHOP) == {NOON - 12 * HOUR: {"count": 720.0, "increase": 720.0}}


@pytest.mark.parametrize("takes_silently", [False, True])
def test_lines_of_which_the_answer_was_lost_are_written_again(takes_silently: bool) -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.database.is_down, rig.database.takes_silently = True, takes_silently
    rig.wait(3 * MINUTE)
    assert "takes nothing: connection refused" in (rig.sink.trouble() or "")
    assert rig.sink.report()["state"] == "waiting"
    assert rig.sink.report()["behind_seconds"] > MINUTE
    rig.database.is_down = False
    rig.wait(2 * MINUTE)
    assert rig.sink.trouble() is None
    assert rig.database.points == expected(rig)


def test_a_new_process_goes_on_where_the_log_says() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(3 * MINUTE)
    rig.events(request(rig.clock.wall()))  # type: ignore[arg-type]
    rig.pass_time(5 * MINUTE)
    rig.events(request(NOON + 5, latency=90))  # type: ignore[arg-type]
    rig.database.bodies.clear()
    rig.make_sink()
    rig.wait(MINUTE)
    assert rig.database.points == expected(rig)
    written = "".join(rig.database.bodies)
    assert "requests_total" in written
    assert f"p95=20.0,p99=20.0 {NOON}" not in written, "what was delivered before is not written again"


def test_what_the_database_lost_in_a_crash_is_written_again() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(MINUTE + 20)
    assert rig.database.points
    rig.database.crash(10)
    assert not rig.database.points
    rig.wait(MINUTE)
    assert rig.database.points == expected(rig)


def test_what_it_lost_in_a_crash_that_shows_as_an_outage_is_written_again() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(MINUTE + 20)
    rig.database.crash(10)
    rig.database.losses -= 1  # the next connection is refused
    rig.database.is_down = True
    rig.wait(30)
    rig.database.is_down = False
    rig.wait(MINUTE)
    assert rig.database.points == expected(rig)


def test_minutes_that_expire_while_a_busy_database_makes_the_sink_wait_are_counted() -> None:
    rig = SinkRig()
    for _ in range(100):
        rig.events(request(rig.clock.wall()))  # type: ignore[arg-type]
        rig.pass_time(MINUTE)
    rig.sink._most_lines = 10
    rig.database.answers += [InfluxAnswer(503, {"retry-after": "3600"}, b"")] * 2
    for _ in range(130):
        rig.gauge(1, rig.clock.wall())
        rig.wait(MINUTE, every=60.0)
    minutes = rig.database.of("analytics_minutes", **SHOP)
    assert 0 < len(minutes) < 100
    assert rig.sink.report()["missed_minutes"] == 100 - len(minutes)


def test_reports_need_no_lock_that_their_caller_may_hold() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(2 * MINUTE)
    with rig.state.lock:
        assert rig.sink.report()["written_lines"] > 0
        names = [family.name for family in rig.sink.families()]
    assert names == ["sink_lines", "sink_behind_seconds", "sink_missed_minutes"]


def test_another_database_gets_everything() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.wait(3 * MINUTE)
    rig.database = FakeDatabase("http://other.example:8086?db=x")
    rig.make_sink()
    rig.wait(MINUTE)
    assert rig.database.points == expected(rig)


def test_few_bytes_wait_in_memory_and_bodies_are_bounded() -> None:
    rig = SinkRig(max_series=20_000)
    for number in range(200):
        rig.gauge(number, NOON, n="n" * 500 + str(number))
    rig.wait(2 * MINUTE)
    for minute in range(60):
        for number in range(200):
            rig.gauge(number, rig.clock.wall(), n="n" * 500 + str(number))
        rig.database.is_down = minute < 55
        rig.wait(MINUTE, every=60.0)
        assert len(rig.sink._waiting) <= 1
    rig.wait(5 * MINUTE)
    assert max(map(len, rig.database.bodies)) < 1_100_000
    assert rig.database.points == expected(rig)


def test_whatever_happens_every_closed_bucket_is_there_with_its_figures(dice: Random) -> None:
    rig = SinkRig()
    for _ in range(120):
        now = rig.clock.wall()
        match dice.randrange(9):
            case 8:
                rig.database.crash(dice.choice([0, 1, 5, 10]))
            case 0:
                rig.database.is_down, rig.database.takes_silently = dice.random() < 0.5, dice.random() < 0.5
            case 1:
                rig.make_sink()
            case 2:
                rig.pass_time(dice.choice([1, 30, 90, 600]))
            case 3:
                rig.gauge(dice.random(), now - dice.randrange(3 * HOUR), q=dice.choice("abc"))
            case 4 | 5:
                ages = [dice.choice([0, 0, 20, 100, 1_000, 5_000]) for _ in range(dice.randrange(1, 5))]
                rig.events(*[request(now - age, latency=dice.randrange(100)) for age in ages])  # type: ignore[list-item]
            case _:
                rig.wait(dice.choice([5, 20, 70, 200]), every=dice.choice([2.0, 5.0, 30.0]))
    rig.database.is_down = False
    rig.wait(4 * MINUTE)
    wanted = expected(rig)
    wrong = {key: (rig.database.points.get(key), fields) for key, fields in wanted.items()
             if rig.database.points.get(key) != fields}  # fmt: skip
    assert not wrong
    assert rig.sink.report()["late_buckets"] == 0
