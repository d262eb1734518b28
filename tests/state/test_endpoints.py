"""Endpoint tables: the busiest of the last minute, and the heaviest of each service by Space-Saving."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.endpoints import NAME_LIMIT, Endpoints
from analytics.state.sums import Total, Usage
from tests.state.rig import DAY, MIDNIGHT, NOON, Rig, event, metric


class Table:
    """Endpoint tables that count their evictions."""

    def __init__(self, now: float = NOON, days: int = 90, per_service: int = 5, in_all: int = 1_000) -> None:
        self.evicted, self.now = 0, now
        self.endpoints = Endpoints(now, days, per_service, in_all, self._on_evicted)
        self.endpoints.flush(now)

    def _on_evicted(self) -> None:
        self.evicted += 1

    def add(self, endpoint: str, requests: float = 1, service: str = "shop", at: float = NOON) -> None:
        self.endpoints.add(at, at, service, endpoint, Total.of(Usage(requests)))
        self.endpoints.flush(self.now)

    def advance(self, now: float) -> None:
        self.now = now
        self.endpoints.last_minute.advance(now)
        self.endpoints.flush(now)

    def counts(self, service: str = "shop") -> dict[str, tuple[float, float]]:
        """Count and possible error by endpoint."""
        return {name: (usage.requests, error) for name, usage, error in self.endpoints.of_service(service)}


names = st.integers(0, 40).map(lambda number: f"/{number // 3}")
streams = st.lists(st.tuples(names, st.integers(1, 20)), max_size=150)


@given(streams, st.integers(1, 6))
def test_counts_and_their_errors_enclose_the_truth_and_the_heaviest_stay(
    stream: list[tuple[str, int]], room: int
) -> None:
    table, truth = Table(per_service=room), Counter[str]()
    for endpoint, requests in stream:
        table.add(endpoint, requests)
        truth[endpoint] += requests
    counts = table.counts()
    assert len(counts) == min(room, len(truth))
    for endpoint, (count, error) in counts.items():
        assert count <= truth[endpoint] <= count + error
    for endpoint, requests in truth.items():
        if requests > truth.total() / room:
            assert endpoint in counts


@given(
    st.lists(
        st.tuples(names, st.integers(1, 20), st.integers(0, 3)) | st.integers(1, 3).map(lambda days: days * DAY),
        max_size=120,
    ),
    st.integers(2, 4),
)
def test_errors_stay_true_while_days_expire(script: list[tuple[str, int, int] | int], room: int) -> None:
    table, now = Table(days=3, per_service=room), float(NOON)
    truth: list[tuple[int, str, int]] = []
    for step in script:
        match step:
            case (str(endpoint), int(requests), int(age)):
                at = now - age * DAY
                if at // DAY > now // DAY - 3:
                    table.add(endpoint, requests, at=at)
                    truth.append((int(at // DAY), endpoint, requests))
            case int(seconds):
                now += seconds
                table.advance(now)
        retained = Counter[str]()
        for day, endpoint, requests in truth:
            if day > now // DAY - 3:
                retained[endpoint] += requests
        counts = table.counts()
        assert len(counts) <= room
        for endpoint, (count, error) in counts.items():
            assert count <= retained[endpoint] <= count + error


def test_an_error_lasts_as_long_as_the_evicted_usage_also_if_a_late_one_replaced_it() -> None:
    table = Table(days=3, per_service=2)
    for endpoint, age in (("/first", 0), ("/second", 0), ("/late", 2)):
        table.add(endpoint, at=NOON - age * DAY)
    table.advance(NOON + 2 * DAY)
    table.add("/first")
    assert table.counts()["/first"] == (1, 1)


def test_the_lightest_is_replaced_also_if_its_weight_has_expired() -> None:
    table, today = Table(now=MIDNIGHT, days=2, per_service=3), MIDNIGHT + DAY
    table.add("/once-heavy", 100, at=MIDNIGHT)
    table.advance(today)
    for endpoint, requests in (("/once-heavy", 1), ("/steady", 60), ("/light", 5)):
        table.add(endpoint, requests, at=today)
    table.add("/new", 70, at=today)  # replaces /light; the weights of the others were updated on the way
    table.advance(today + DAY)
    table.add("/newest", 1, at=today + DAY)
    assert table.counts() == {
        "/new": (70, 5),
        "/steady": (60, 0),
        "/newest": (1, 5),
    }  # it might be /light again


def test_an_endpoint_that_returns_after_expiry_reports_its_possible_error() -> None:
    table, today = Table(now=MIDNIGHT, days=2, per_service=2), MIDNIGHT + DAY
    table.add("/old", 10, at=MIDNIGHT)
    table.advance(today)
    table.add("/back", 8, at=today)
    table.add("/other", 20, at=today)  # replaces /back
    table.advance(today + DAY)  # /old has expired
    table.add("/back", 1, at=today + DAY)
    count, error = table.counts()["/back"]
    assert count <= 9 <= count + error


def test_a_new_endpoint_replaces_the_lightest_and_reports_its_possible_error() -> None:
    table = Table(per_service=2)
    table.add("/heavy", 10)
    table.add("/light", 3)
    table.add("/new", 1)
    assert table.counts() == {"/heavy": (10, 0), "/new": (1, 3)}
    assert table.evicted == 1


def test_heavy_endpoints_outlast_a_flood_of_new_ones() -> None:
    table = Table(per_service=20)
    for number in range(2_000):
        table.add("/heavy")
        table.add(f"/flood/{number}")
    assert table.counts()["/heavy"] == (2_000, 0)
    assert len(table.counts()) == 20
    assert table.evicted == 2_000 - 19


def test_the_total_limit_holds_and_each_new_service_has_room() -> None:
    table = Table(per_service=50, in_all=100)
    for number in range(400):
        table.add(f"/{number % 80}", service=f"service-{number // 80}")
        assert len(table.endpoints) <= 100
    for service in range(5):
        assert table.counts(f"service-{service}")
    table.add("/", service="late")
    assert set(table.counts("late")) == {"/"}
    assert len(table.endpoints) == 100


def test_services_do_not_evict_each_others_endpoints_below_the_total_limit() -> None:
    table = Table(per_service=3)
    table.add("/quiet", service="quiet")
    for number in range(100):
        table.add(f"/{number}", service="loud")
    assert table.counts("quiet") == {"/quiet": (1, 0)}
    assert len(table.counts("loud")) == 3


def test_internal_lists_are_bounded_by_the_number_of_entries() -> None:
    table = Table(per_service=10, in_all=25)
    now = float(MIDNIGHT)
    for number in range(5_000):
        now += 400
        table.advance(now)
        table.add(f"/{number % 37}", 1 + number % 5, service=f"service-{number % 4}", at=now - number % 2_000)
    endpoints = table.endpoints
    assert len(endpoints) <= 25
    assert sum(map(len, endpoints._lightest.values())) <= 4 * 10
    assert sum(map(len, endpoints._inherited.values())) == len(endpoints)
    assert len(endpoints.last_minute.totals) <= 25
    assert len(endpoints.last_minute._buckets) <= 60
    assert len(endpoints.retained._buckets) <= 90


@pytest.mark.parametrize(("silence", "seen"), [(0, 1), (59, 1), (59.9, 1), (60, 0), (61, 0), (DAY, 0)])
def test_the_busiest_endpoints_are_those_of_the_last_minute(silence: float, seen: int) -> None:
    table = Table()
    table.add("/a", 4, at=NOON + 0.5)
    table.advance(NOON + silence)
    assert len(table.endpoints.busiest(10)) == seen
    assert table.counts() == {"/a": (4, 0)}


@pytest.mark.parametrize(("age", "counted"), [(-300, 5), (0, 5), (59, 5), (60, 2), (3_600, 2)])
def test_late_usage_counts_in_the_last_minute_only_if_its_time_is_in_it(age: float, counted: float) -> None:
    table = Table()
    table.add("/a", 2)
    table.add("/a", 3, at=NOON - age)
    assert [usage.requests for _, usage in table.endpoints.busiest(1)] == [counted]


def test_the_last_minute_slides_second_by_second() -> None:
    table = Table()
    for second in range(100):
        table.advance(NOON + second)
        table.add("/a", second, at=NOON + second)
        window = range(max(0, second - 59), second + 1)
        assert [usage.requests for _, usage in table.endpoints.busiest(1)] == ([sum(window)] if second else [])


def test_the_busiest_come_first_up_to_the_requested_number() -> None:
    table = Table(per_service=50)
    for number in range(20):
        table.add(f"/{number}", number)
    assert [endpoint for (_, endpoint), _ in table.endpoints.busiest(3)] == ["/19", "/18", "/17"]


@pytest.mark.parametrize(("days", "kept"), [(0, 1), (89, 1), (90, 0)])
def test_an_endpoint_is_forgotten_with_its_last_day(days: int, kept: int) -> None:
    table = Table(now=MIDNIGHT)
    table.add("/a", 2, at=MIDNIGHT)
    table.advance(MIDNIGHT + days * DAY + DAY - 1 - (DAY - 1 if days == 90 else 0))
    assert len(table.endpoints) == len(table.counts()) == kept


def test_counts_expire_day_by_day() -> None:
    table = Table(now=MIDNIGHT)
    table.add("/a", 2, at=MIDNIGHT)
    table.advance(MIDNIGHT + DAY)
    table.add("/a", 5, at=MIDNIGHT + DAY)
    table.advance(MIDNIGHT + 90 * DAY)
    assert table.counts() == {"/a": (5, 0)}
    table.advance(MIDNIGHT + 91 * DAY)
    assert table.counts() == {}
    assert not table.endpoints._inherited
    assert not table.endpoints._lightest


def test_the_mean_covers_only_requests_with_a_latency() -> None:
    total = Total()
    total.add(Total.of(Usage(10, 1, 4, 100.0)))
    total.add(Total.of(Usage(5, 0, 0, 0.0)))
    assert (total.requests, total.errors, total.mean_ms) == (15, 1, 25.0)
    total.subtract(Total.of(Usage(10, 1, 4, 100.0)))
    assert (total.requests, total.errors, total.mean_ms) == (5, 0, None)


def test_long_names_are_truncated() -> None:
    table = Table()
    table.add("/" + "x" * 1_000)
    table.add("/" + "x" * 2_000)
    assert [(len(name), count) for name, (count, _) in table.counts().items()] == [(NAME_LIMIT, 2)]


def test_evictions_are_counted_in_stats() -> None:
    rig = Rig(max_service_endpoints=2)
    rig.events(*(event(data={"endpoint": f"/{number}"}) for number in range(5)))
    assert len(rig.service()["endpoints"]) == 2
    rig.clock.advance(1)
    rig.event("view")
    assert rig.stats()["drops"] == {"endpoint_evicted": 3}
    assert len(rig.service()["endpoints"]) == 2


def test_events_and_metrics_of_an_endpoint_share_a_row() -> None:
    rig = Rig()
    rig.events(
        event(data={"endpoint": "/a", "status": 200, "latency": 10}),
        event(data={"endpoint": "/a", "status": 503, "latency_ms": 30.0}),
        event("error", data={"endpoint": "/a"}),
    )
    rig.metrics(
        metric("requests", 2, tags={"endpoint": "/a"}),
        metric("errors", 1, tags={"endpoint": "/a"}),
        metric("latency", 50, tags={"endpoint": "/a"}),
    )
    assert rig.service()["endpoints"] == [
        {
            "endpoint": "/a",
            "count": 4,
            "error_count": 3,
            "error_rate": 75.0,
            "avg_time_ms": 30.0,
            "mean_latency_ms": 30.0,
            "uncounted_at_most": 0,
        }
    ]
    top = rig.realtime["top_endpoints"]
    assert [(row["endpoint"], row["service"], row["count"], row["avg_time_ms"]) for row in top] == [
        ("/a", "shop", 4, 30.0)
    ]
