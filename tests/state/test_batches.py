"""A batch has the same effect as its items one by one, also with reads in between."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds import EVENTS, METRICS
from analytics.query.series import SeriesQuery, points
from analytics.records import AGGREGATES
from tests.randomness import costly
from tests.state.rig import NOON, Rig, event, metric

ages = st.none() | st.integers(-30, 150).map(lambda age: NOON - age)
names = st.sampled_from(["shop", "cart"])
events = st.lists(
    st.tuples(
        st.sampled_from(["request", "error", "purchase"]),
        names,
        ages,
        st.sampled_from([None, "ann", "bob"]),
        st.sampled_from([{}, {"status": 500, "latency": 10, "endpoint": "/a"}, {"latency": 20}, {"endpoint": "/b"}]),
    ),
    max_size=8,
)
metrics = st.lists(
    st.tuples(
        st.sampled_from(["requests", "errors", "latency", "memory"]),
        st.integers(0, 9),
        names,
        ages,
        st.sampled_from([{}, {"endpoint": "/a"}]),
    ),
    max_size=8,
)


def all_figures(rig: Rig) -> dict[str, Any]:
    """All figures that clients can read, except the last digits of averages and values that depend on order."""
    found: dict[str, Any] = {"snapshot": rig.snapshot(), "hours": rig.hours(3), "days": rig.days(2)}
    found["snapshot"]["realtime_stats"].pop("recent_events")
    for name in ("requests", "errors", "latency", "events", *(["memory"] if _knows_memory(rig) else [])):
        for agg in AGGREGATES:
            if agg not in ("unique", "last"):
                found[f"{name} {agg}"] = [
                    point["value"] for point in rig.ask_in_steps(points, SeriesQuery(name, agg=agg))["points"]
                ]
    stats = rig.stats()
    found["stats"] = {key: stats[key] for key in ("ingest", "totals", "events_by_type", "last_24_hours")}
    found["services"] = {name: rig.service(name)["endpoints"] for name in found["snapshot"]["services"]}
    return found


def _knows_memory(rig: Rig) -> bool:
    return any(key[0] == "memory" for key in rig.state.series.totals)


@costly(30)
@given(events, metrics, st.booleans())
def test_a_batch_gives_the_same_figures_as_its_items_one_by_one(
    given_events: list[tuple[Any, ...]], given_metrics: list[tuple[Any, ...]], read_between: bool
) -> None:
    together, apart = Rig(), Rig()
    new_events = [
        event(type_, service, at=at, user_id=user, data=data) for type_, service, at, user, data in given_events
    ]
    new_metrics = [metric(name, value, service, at=at, tags=tags) for name, value, service, at, tags in given_metrics]
    together.events(*new_events)
    together.metrics(*new_metrics)
    for new_event in new_events:
        apart.recorder.record(EVENTS, new_event)
        if read_between:
            apart.snapshot()
    for new_metric in new_metrics:
        apart.recorder.record(METRICS, new_metric)
        if read_between:
            apart.snapshot()
    assert all_figures(together) == all_figures(apart)


def test_reads_in_between_do_not_change_the_number_of_requests() -> None:
    together, apart = Rig(), Rig()
    together.events(event(), event(), event())
    for _ in range(3):
        apart.event()
        apart.snapshot()
    for agg, value in (("count", 3), ("sum", 3), ("avg", 1), ("min", 1), ("max", 1)):
        query = SeriesQuery("requests", agg=agg, start=NOON, end=NOON + 60, step=60)
        for rig in (together, apart):
            assert [point["value"] for point in rig.ask_in_steps(points, query)["points"]] == [value], agg
