"""Alert rules of objectives, evaluated over series of samples."""

import pytest

from analytics.alerts.slo.burning import BURNS, FAST, burning, rule_group
from analytics.alerts.slo.slo import Slo
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.promql.errors import BadQuery
from tests.promql.rig import storage, values

HOURS = 80
MINUTES = HOURS * 60
NOW = MINUTES * 60_000
CHECKOUT = Slo("checkout", 0.999, "30d", bad="errors_total", total="requests_total")


def kept(share: float, minutes: int, step: int = 100) -> list[str]:
    """Series of requests, of which a share fails in the last minutes."""
    bad = step * share
    return [
        f"requests_total 0+{step}x{MINUTES}",
        f"errors_total 0x{MINUTES - minutes - 1} 0+{bad:g}x{minutes}",
        f"good_total 0+{step}x{MINUTES - minutes - 1} {step * (MINUTES - minutes)}+{step - bad:g}x{minutes}",
    ]


def burning_now(slo: Slo, series: list[str]) -> set[float]:
    """The rates that are exceeded."""
    stored = storage(*series)
    return {burn.rate for burn in BURNS if values(burning(slo, burn), stored, NOW)}


@pytest.mark.parametrize(
    ("share", "minutes", "expected"),
    [
        (0.0, 60, set()),
        (0.0009, 4790, set()),
        (0.002, 4790, {1}),
        (0.004, 4790, {1, 3}),
        (0.01, 4790, {1, 3, 6}),
        (0.02, 4790, {1, 3, 6, 14.4}),
        (1.0, 1, {14.4}),
        (0.5, 60, {14.4, 6, 3, 1}),
    ],
)
@pytest.mark.parametrize(
    "slo", [CHECKOUT, Slo("checkout", 0.999, "30d", good="good_total", total="requests_total")], ids=["bad", "good"]
)
def test_budgets_burn_at_the_rates_of_the_workbook(slo: Slo, share: float, minutes: int, expected: set[float]) -> None:
    assert burning_now(slo, kept(share, minutes)) == expected


def test_an_alert_ends_with_the_short_window() -> None:
    series = [
        f"requests_total 0+100x{MINUTES}",
        f"errors_total 0x{MINUTES - 31} 0+50x20 1000x9",
    ]
    assert burning_now(CHECKOUT, series) == {6, 3, 1}, "10 minutes later the window of 5 minutes is over"


def test_without_good_requests_all_are_bad() -> None:
    slo = Slo("x", 0.99, "30d", good="absent_total", total="requests_total")
    assert values(slo.ratio_over("1h"), storage(f"requests_total 0+1x{MINUTES}"), NOW) == {(): 1.0}


def test_without_bad_requests_all_are_good() -> None:
    slo = Slo("x", 0.99, "30d", service="shop")
    assert values(slo.ratio_over("1h"), storage(f'requests_total{{service="shop"}} 0+1x{MINUTES}'), NOW) == {(): 0.0}


def test_without_requests_there_is_no_value() -> None:
    assert burning_now(CHECKOUT, [f"requests_total 5x{MINUTES}", f"errors_total 0x{MINUTES}"]) == set()
    assert burning_now(CHECKOUT, ["something_else 1x10"]) == set()


def test_the_latency_of_a_service_is_taken_from_its_histograms() -> None:
    slo = Slo("fast", 0.9, "7d", service="shop", latency_ms=300)
    slow = "{{schema:0 count:20 sum:20 buckets:[10 0 0 0 0 0 0 0 0 0 10]}}"
    series = storage(f'latency_milliseconds{{service="shop"}} {slow}+{slow}x{MINUTES}')
    found = values(slo.ratio_over("1h"), series, NOW)
    assert found == {(): pytest.approx(0.5)}
    assert values(slo.total_over("1h"), series, NOW) == {(): pytest.approx(1200)}


def test_names_of_services_are_quoted() -> None:
    assert '{service="a\\"b",endpoint="GET /"}' in Slo("x", 0.9, "7d", 'a"b', "GET /").ratio_over("1h")


def test_rules_of_an_objective_page_first() -> None:
    group = rule_group(Slo("a", 0.99, "30d", "shop", labels={"team": "web"}, runbook="https://x/y"))
    fast, slow = item_of(RULES, "a", group, 0.0, None).body["rules"]
    assert fast["alert"] == FAST
    assert fast["labels"] == {"severity": "page", "slo": "a", "service": "shop", "team": "web"}
    assert slow["labels"]["severity"] == "ticket"
    assert fast["runbook"] == "https://x/y"
    assert slow["depends_on"] == [FAST]
    assert "14.4" in fast["expr"]
    assert "[3d]" in slow["expr"]


def test_windows_longer_than_the_objective_are_left_out() -> None:
    group = rule_group(Slo("a", 0.99, "1d", "shop"))
    assert [rule["alert"] for rule in group["rules"]] == ["ErrorBudgetBurnsFast", "ErrorBudgetBurnsSlowly"]
    assert "[3d]" not in str(group)


def test_a_bad_expression_is_refused() -> None:
    with pytest.raises(BadQuery):
        rule_group(Slo("a", 0.99, "30d", bad="sum(", total="b"))
