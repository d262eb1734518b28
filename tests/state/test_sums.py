"""Sliding sums: totals equal the sum of the remaining buckets, for all values."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from analytics.state.sums import SlidingSum, Total, Usage
from tests.state.rig import MINUTE, NOON, Rig, event, metric

KEEP = 5
values = st.one_of(
    st.integers(0, 10**30),
    st.floats(0, 1e100, allow_nan=False),
    st.sampled_from((0.1, 0.2, 0.3, 1e17, 1e20, 1e-9, 1e100, 1, 2**53 + 1)),
)
usages = st.builds(Usage, values, values, st.integers(0, 3), values)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), usages, st.integers(-1, KEEP + 1)),
        st.integers(1, 3),
    ),
    max_size=60,
)


@given(steps)
def test_totals_equal_the_sum_of_the_remaining_buckets(steps: list[tuple[str, Usage, int] | int]) -> None:
    now = float(NOON)
    sums = SlidingSum(1, KEEP, now)
    for step in steps:
        if isinstance(step, int):
            now += step
            sums.advance(now)
        else:
            name, usage, age = step
            sums.add(now - age, ("shop", name), Total.of(usage))
    twin = SlidingSum(1, KEEP, now)
    twin.restore(sums.newest, {number: dict(sums.bucket(number)) for number in range(sums.oldest, sums.newest + 1)})
    assert sums.totals.keys() == twin.totals.keys()
    for key, total in sums.totals.items():
        held = [
            sums.bucket(number)[key] for number in range(sums.oldest, sums.newest + 1) if key in sums.bucket(number)
        ]
        assert total.buckets == len(held) > 0
        for field in ("requests", "errors"):
            exact = sum(Fraction(getattr(usage, field)) for usage in held)
            assert abs(Fraction(getattr(total, field)) - exact) <= exact / 2**50 + Fraction(1, 2**70)
        assert (total.requests, total.errors, total.mean_ms) == (
            twin.totals[key].requests,
            twin.totals[key].errors,
            twin.totals[key].mean_ms,
        )
    sums.advance(now + KEEP + 1)
    assert sums.totals == {}


def test_an_expired_huge_count_leaves_no_remainder() -> None:
    rig = Rig()
    rig.metric("requests", 1e17, tags={"endpoint": "/a"})
    rig.clock.advance(1)
    rig.metric("requests", 1, tags={"endpoint": "/a"})
    for waited, left in ((1, [1e17 + 1]), (58, [1]), (1, [])):
        rig.clock.advance(waited)
        rig.event("view", "other")
        assert [row["count"] for row in rig.realtime["top_endpoints"]] == left
    assert rig.overview["requests_per_second"] == 0


def test_expired_fractions_leave_no_remainder() -> None:
    rig = Rig()
    rig.metric("requests", 0.1, tags={"endpoint": "/a"})
    rig.clock.advance(1)
    rig.metric("requests", 0.2, tags={"endpoint": "/a"})
    rig.clock.advance(MINUTE)
    rig.metric("requests", 0, tags={"endpoint": "/a"})
    assert rig.realtime["top_endpoints"] == []
    assert rig.overview["requests_per_second"] == 0


def test_a_huge_latency_does_not_affect_the_average_after_a_minute() -> None:
    rig = Rig()
    rig.event(data={"endpoint": "/a", "latency": 1e20})
    rig.clock.advance(30)
    rig.event(data={"endpoint": "/a", "latency": 20})
    rig.clock.advance(30)
    (row,) = rig.realtime["top_endpoints"]
    assert (row["count"], row["avg_time_ms"], row["mean_latency_ms"]) == (1, 20.0, 20.0)
    assert rig.overview["average_latency_ms"] == 20.0


@given(st.lists(st.tuples(values, st.integers(0, 70)), min_size=1, max_size=12))
def test_counts_of_one_service_do_not_affect_another(given_: list[tuple[float, int]]) -> None:
    loud, quiet = Rig(), Rig()
    for value, wait in given_:
        loud.metric("requests", min(value, 1e100), "loud", tags={"endpoint": "/x"})
        loud.metric("latency", min(value, 1e100), "loud", tags={"endpoint": "/x"})
        for rig in (loud, quiet):
            rig.events(event(data={"endpoint": "/a", "latency": 12.5}), event("error", data={"endpoint": "/a"}))
            rig.metrics(metric("requests", 3, tags={"endpoint": "/b"}), metric("memory", 1.5))
            rig.clock.advance(wait)
        assert loud.row("shop") == quiet.row("shop")
        found, expected = loud.service("shop"), quiet.service("shop")
        assert found["endpoints"] == expected["endpoints"]
        assert found["series"] == expected["series"]


def test_integer_counts_of_any_size_add_up_exactly() -> None:
    rig = Rig()
    rig.metric("requests", 1e17, "loud")
    rig.events(*(event() for _ in range(7)))
    rig.metric("requests", 2.0**62, "loud")
    rig.events(*(event() for _ in range(7)))
    rig.metric("requests", 2.0**62, "loud")
    key = ("requests", "", ())
    rig.snapshot()
    assert rig.state.series.totals[key].sum == 10**17 + 2**63 + 14
    assert type(rig.state.series.totals[key]).unpack(rig.state.series.totals[key].pack()).sum == 10**17 + 2**63 + 14
