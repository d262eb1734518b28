"""Counts since ever: what expires goes on counting, as long as somebody can still see its counter."""

from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from tests.state.rig import DAY, Rig, event, metric

REQUESTS, VIEWS = ("requests", "shop", NO_TAGS), ("events", "shop", (("type", "view"),))


def total(rig: Rig, key: tuple[str, str, tuple[tuple[str, str], ...]]) -> float | None:
    cell: Cell | None = rig.ask(lambda state, now: state.series.since_ever(key))
    return None if cell is None else cell.sum


def test_a_count_stays_when_its_day_expires() -> None:
    rig = Rig(daily_days=3)
    for day in range(6):
        rig.events(event(data={"latency": 5}), event("view"))
        rig.metrics(metric("requests", 0.1))
        rig.clock.advance(DAY)
        assert total(rig, VIEWS) == day + 1
    assert total(rig, REQUESTS) == 6.6
    assert rig.row()["request_count"] < 6
    latency = rig.ask(lambda state, now: state.series.since_ever(("latency", "shop", NO_TAGS)))
    assert (latency.count, latency.sum, latency.quantiles.count) == (6, 30, 6)


def test_a_count_of_requests_stays_as_long_as_its_service_is_known() -> None:
    rig = Rig(daily_days=3)
    rig.events(event(), event())
    for _ in range(6):
        rig.clock.advance(DAY)
        rig.beat()
    assert ("requests", "shop", NO_TAGS) not in rig.state.series.totals
    assert total(rig, REQUESTS) == 2
    rig.event()
    assert total(rig, REQUESTS) == 3
    rig.clock.advance(6 * DAY)
    rig.beat("other")
    assert total(rig, REQUESTS) is None
    assert rig.state.series.expired == {}


def test_a_count_of_events_is_forgotten_with_the_last_of_its_type() -> None:
    rig = Rig(daily_days=3)
    rig.event("view")
    for _ in range(4):
        rig.clock.advance(DAY)
        rig.event("other")
    assert total(rig, VIEWS) is None
    rig.event("view")
    assert total(rig, VIEWS) == 1


def test_only_what_is_exposed_as_a_counter_is_kept() -> None:
    rig = Rig(daily_days=3)
    for _ in range(5):
        rig.metrics(metric("load", 1, tags={"zone": "a"}), metric("requests", 1, tags={"zone": "a"}))
        rig.event("view")
        rig.clock.advance(DAY)
    assert set(rig.state.series.expired) == {REQUESTS, VIEWS}
