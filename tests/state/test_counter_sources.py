"""Counters of replicas, distinguished by instance or by value."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.counter_sources import CounterSources, CounterValues
from tests.state.rig import Rig


def counted(values: list[int], *, is_named: bool = False) -> tuple[int, int]:
    """The counts in the baseline and in the series."""
    sources, before, now = CounterSources(is_named), 0, 0
    for value in values:
        gain = sources.update(CounterValues(value))
        assert before + now <= before + now + gain.before.requests + gain.now.requests, "totals never fall"
        before += gain.before.requests
        now += gain.now.requests
    return before, now


@pytest.mark.parametrize(
    ("values", "before", "now"),
    [
        ([1000, 50, 1010, 55, 1020, 60], 1050, 30),
        ([50, 1000, 55, 1010, 60, 1020], 1050, 30),
        ([10, 1000, 500, 15, 1005, 505, 20, 1010, 510], 1510, 30),
        ([1000, 1010, 3, 8, 20], 1000, 30),
        ([1000, 3, 500, 900, 950, 1000, 1040], 1000, 990),
        ([1000, 50, 500, 1010, 55, 505, 1020, 60, 510], 1550, 40),
        ([100, 30], 130, 0),
        ([100, 130, 0, 20], 100, 50),
        ([0, 5], 0, 5),
        ([100, 100, 130], 100, 30),
        ([50, 1000], 1000, 0),
        ([50, 1000, 1010], 1010, 0),
        ([50, 1000, 1010, 1020], 50, 970),
        ([10, 500, 1000, 15, 505, 1005, 20, 510, 1010], 1520, 20),
    ],
)
def test_counters_that_alternate_are_several_sources(values: list[int], before: int, now: int) -> None:
    assert counted(values) == (before, now)


def test_two_unnamed_replicas_are_counted_by_the_service() -> None:
    rig = Rig()
    for value in (1000, 50, 1010, 55, 1020, 60):
        rig.beat(request_count=value)
        rig.clock.advance(5)
    assert rig.realtime["requests_last_1min"] == 30
    assert rig.row()["request_count"] == 1_080
    assert [(row["instance"], row["request_count"]) for row in rig.row()["instances"]] == [
        ("unnamed 1", 1_020),
        ("unnamed 2", 60),
    ]


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10**9), st.booleans()), max_size=40),
)
def test_increases_of_named_instances_are_exact(starts: list[int], steps: list[tuple[int, int, bool]]) -> None:
    """For all values, restarts and orders, increases are exact and totals never fall."""
    rig, counts, truth, last = Rig(), dict(enumerate(starts)), 0, 0
    for number, value in counts.items():
        rig.beat(instance=f"i{number}", request_count=value)
    for number, step, restarts in steps:
        number %= len(starts)
        fell = restarts and step < counts[number]
        truth += step
        counts[number] = step if fell else counts[number] + step
        rig.beat(instance=f"i{number}", request_count=counts[number])
        total = rig.row()["request_count"]
        assert total >= last
        last = total
    assert rig.realtime["requests_last_1min"] == truth
    assert rig.overview["total_requests"] == sum(starts) + truth
    assert [row["request_count"] for row in rig.row()["instances"]] == [counts[n] for n in range(len(starts))]


@given(
    st.permutations(range(1, 6)),
    st.integers(2, 5),
    st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=4, max_size=12),
)
def test_unnamed_replicas_with_very_different_counters_are_distinguished(
    magnitudes: list[int], replicas: int, rounds: list[list[int]]
) -> None:
    """The replicas alternate; their counters differ more than tenfold and rise slowly."""
    counters = [100 ** (1 + magnitude) for magnitude in magnitudes[:replicas]]
    starts, values, first = list(counters), [], []
    for number, steps in enumerate(rounds):
        for place in range(replicas):
            counters[place] += steps[place] if number else 0
            values.append(counters[place])
        first = first or [sum(each[:replicas]) for each in rounds[1:3]]
    before, now = counted(values)
    assert before + now == sum(counters)
    truth = sum(counters) - sum(starts)
    assert truth - sum(first) <= now <= truth, "at most the first two steps are missing in the series"


@given(
    st.lists(st.integers(50, 100_000), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(1, 20), min_size=4, max_size=4), min_size=12, max_size=20),
    st.booleans(),
)
def test_totals_of_unnamed_replicas_are_close_for_any_counters(
    starts: list[int], rounds: list[list[int]], is_reversed: bool
) -> None:
    """The replicas alternate; sources that cannot be distinguished are counted once, not again and again."""
    counters, values = list(starts), []
    for number, steps in enumerate(rounds * 8):
        for place in range(len(counters))[:: -1 if is_reversed else 1]:
            counters[place] += steps[place] if number else 0
            values.append(counters[place])
    before, now = counted(values)
    assert before + now <= 2 * sum(counters)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6), st.sampled_from([0, 1, 10**60])), max_size=60))
def test_totals_never_fall_and_the_number_of_tracks_is_bounded(values: list[int | None]) -> None:
    sources, total = CounterSources(is_named=False), 0
    for value in values:
        gain = sources.update(CounterValues(value, None if value is None else value // 2))
        step = gain.before.requests + gain.now.requests
        assert step >= 0
        assert gain.before.errors + gain.now.errors >= 0
        total += step
        assert len(sources.sources) <= 16
    assert total >= max((value for value in values if value is not None), default=0)


def test_totals_never_fall_when_direct_observation_begins() -> None:
    rig = Rig()
    rig.beat(request_count=1_000_000, error_count=10)
    rig.beat(request_count=1_000_100, error_count=12)
    assert rig.overview["total_requests"] == 1_000_100
    rig.event(data={"status": 500})
    assert rig.overview["total_requests"] == 1_000_101
    assert rig.row()["error_count"] == 13
    rig.beat(request_count=1_000_200, error_count=20)
    assert rig.overview["total_requests"] == 1_000_101
    rig.event()
    assert rig.overview["total_requests"] == 1_000_102


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("beat"), st.integers(0, 10**7), st.sampled_from((None, "a", "b"))),
            st.tuples(st.just("direct"), st.integers(1, 5), st.none()),
        ),
        max_size=30,
    )
)
def test_totals_never_fall(acts: list[tuple[str, int, str | None]]) -> None:
    rig, last = Rig(), 0
    for kind, value, instance in acts:
        if kind == "beat":
            rig.beat(instance=instance, request_count=value, error_count=value // 3)
        else:
            rig.metric("requests", value)
        rig.clock.advance(7)
        total = rig.overview["total_requests"]
        assert total >= last
        last = total


def test_a_stored_service_has_the_field_names_of_data_files() -> None:
    rig = Rig()
    rig.beat(request_count=3)
    stored = msgspec.json.decode(msgspec.json.encode(rig.state.services.dump()))
    counters = stored[0]["senders"][0]["tracks"]
    assert counters == {
        "is_named": False,
        "beats": 1,
        "tracks": [
            {
                "number": 1,
                "value": [3, None],
                "heard": 1,
                "first": [3, None],
                "steps": 0,
                "held": None,
                "rivals": [],
                "has_ended": False,
            }
        ],
        "has_several": False,
    }
