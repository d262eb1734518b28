"""The service's own series in PromQL: exact counts and rates, quantiles, users, states."""

import pytest

from analytics.promql.block import Block
from tests.query.cells.rig import QueryRig, row
from tests.state.rig import NOON, event


def request(service: str = "shop", **data: object):
    """A request event."""
    return event("request", service, data={"status": 200, **data})


def test_counters_are_running_totals_of_each_service() -> None:
    rig = QueryRig()
    rig.events(*[request() for _ in range(5)], request("pay", status=500), event("view", "shop"))
    assert rig.values("requests_total") == {
        row(__name__="requests_total", service="shop"): 5.0,
        row(__name__="requests_total", service="pay"): 1.0,
    }
    assert rig.values("errors_total") == {row(__name__="errors_total", service="pay"): 1.0}
    assert rig.values('events_total{type="view"}') == {row(__name__="events_total", service="shop", type="view"): 1.0}


def test_a_rate_is_the_exact_increase_by_the_seconds_of_the_window() -> None:
    rig = QueryRig()
    for _ in range(300):
        rig.events(request(), request())
        rig.wait(1)
    at = NOON + 299.5
    assert rig.value("increase(requests_total[1m])", at) == 120
    assert rig.value("rate(requests_total[5m])", at) == 2
    assert rig.value("sum(rate(requests_total[5m]))", at) == 2


def test_a_silent_counter_goes_on() -> None:
    rig = QueryRig()
    rig.events(request())
    rig.wait(3600)
    assert rig.value("requests_total") == 1
    assert rig.value("rate(requests_total[5m])") == 0
    assert rig.value("increase(requests_total[2h])") == 1


def test_a_counter_has_no_value_before_its_first_count() -> None:
    rig = QueryRig()
    rig.wait(600)
    rig.events(request())
    assert rig.values("requests_total", NOON + 300) == {}


def test_older_minutes_are_exact_where_windows_fall_between_them() -> None:
    rig = QueryRig()
    for minute in range(30):
        rig.events(*[request() for _ in range(minute)])
        rig.wait(60)
    assert rig.value("increase(requests_total[5m])", NOON + 20 * 60) == 15 + 16 + 17 + 18 + 19
    assert rig.query("increase(requests_total[5m])", NOON + 20 * 60).infos == []


def test_a_window_shorter_than_the_buckets_kept_is_widened_with_an_info() -> None:
    rig = QueryRig()
    rig.events(*[request() for _ in range(36)])
    rig.wait(86_400)
    answer = rig.query("increase(requests_total[5m])", NOON + 1800)
    assert answer.value.values[0, 0] == 36
    assert answer.infos == [
        "PromQL info: some windows of 300 seconds cover 3600 seconds, as no finer buckets are kept "
        'for metric name "requests_total" (1:10)'
    ]
    assert rig.value("rate(requests_total[5m])", NOON + 1800) == 0.01


def test_quantiles_lie_in_the_bucket_of_the_value() -> None:
    rig = QueryRig()
    rig.events(*[request(latency=value) for value in range(1, 102)])
    for q, expected in ((0.5, 51), (0.95, 96), (0.99, 100)):
        found = rig.value(f"histogram_quantile({q}, rate(latency_milliseconds[5m]))")
        assert found == pytest.approx(expected, rel=0.011)
    assert rig.value("histogram_avg(increase(latency_milliseconds[5m]))") == 51
    assert rig.value("histogram_count(latency_milliseconds)") == 101
    assert rig.value("histogram_sum(sum(increase(latency_milliseconds[5m])))") == 5151


def test_groups_of_histograms_are_sums_of_their_series() -> None:
    rig = QueryRig()
    rig.events(*[request(latency=10) for _ in range(90)], *[request("pay", latency=1000) for _ in range(10)])
    together = rig.query("sum(increase(latency_milliseconds[5m]))").value
    assert isinstance(together, Block)
    assert together.histograms is not None
    assert together.histograms[0, 0].count == 100
    apart = rig.values("histogram_quantile(0.5, sum by (service) (increase(latency_milliseconds[5m])))")
    assert apart == {
        row(service="shop"): pytest.approx(10, rel=0.011),
        row(service="pay"): pytest.approx(1000, rel=0.011),
    }


def test_users_are_those_of_the_last_five_minutes() -> None:
    rig = QueryRig()
    rig.events(*[event("view", "shop", user_id=f"u{number}") for number in range(7)])
    rig.wait(1)
    assert rig.value("users") == 7
    rig.wait(600)
    assert rig.value("users") == 0
    assert rig.value("users", NOON + 60) == 7


def test_the_state_that_holds_is_one() -> None:
    rig = QueryRig()
    rig.beat("shop")
    rig.wait(20)
    rig.beat("shop", status="degraded")
    assert rig.values("service_status") == {row(__name__="service_status", service="shop", status="degraded"): 1.0}
    assert rig.values("service_status", NOON + 10) == {
        row(__name__="service_status", service="shop", status="healthy"): 1.0
    }


def test_the_age_of_a_heartbeat_grows() -> None:
    rig = QueryRig()
    rig.beat("shop")
    rig.wait(42)
    assert rig.value("heartbeat_age_seconds") == 42


def test_the_age_of_a_heartbeat_counts_from_a_later_start_of_the_service() -> None:
    rig = QueryRig()
    rig.beat("shop")
    rig.clock.advance(600)
    rig.recorder.start()
    rig.wait(30)
    assert rig.value("heartbeat_age_seconds") == 30
    rig.beat("shop")
    rig.wait(5)
    assert rig.value("heartbeat_age_seconds") == 5


def test_a_selector_of_everything_finds_all_kinds_once() -> None:
    rig = QueryRig()
    rig.events(request(latency=3))
    rig.beat("shop")
    names = {dict(labels)["__name__"] for labels in rig.query('{__name__=~".+"}').value.series.rows}
    assert names >= {"requests_total", "latency_milliseconds", "events_total", "service_status"}
    assert rig.value('count({__name__="requests_total"})') == 1


def test_what_single_samples_answer_has_an_info() -> None:
    rig = QueryRig()
    for _ in range(3):
        rig.events(request(), request())
        rig.wait(1)
    assert "single samples are not kept" in rig.query("deriv(requests_total[1m])").infos[0]
