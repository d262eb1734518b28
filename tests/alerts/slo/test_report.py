"""Error budgets: figures of an objective, and when they are computed."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from analytics.alerting import Alert, AlertKey
from analytics.alerts.slo.budgets import KEPT_SECONDS, Budgets
from analytics.alerts.slo.report import SloRow, Value, report
from analytics.alerts.slo.slo import Slo
from analytics.promql.errors import BadQuery
from analytics.resources import Resource
from tests.fakes import FakeClock

SHOP = Slo("shop", 0.99, "30d", "shop", description="Pages")


def answering(total: float | None = None, **ratios: float) -> Value:
    """Answers the number of requests, and the share of bad ones in windows such as `d30`."""

    def value(query: str) -> float | None:
        if not query.startswith("clamp"):
            return total
        return next((ratios[name] for name in ratios if f"[{name[1:]}{name[0]}]" in query), None)

    return value


def test_a_budget_is_what_the_objective_allows() -> None:
    row = report(SHOP, answering(10_000.0, d30=0.0025, h1=0.2, h6=0.01), ["ErrorBudgetBurnsFast"])
    assert row["budget"] == {"bad": 25.0, "allowed_bad": 100.0, "spent": 0.25, "remaining": 0.75}
    assert row["good_percent"] == pytest.approx(99.75)
    assert [(each["window"], each["rate"]) for each in row["burn"]] == [
        ("1h", 20.0),
        ("6h", 1.0),
        ("1d", None),
        ("3d", None),
    ]
    assert row["alerts"] == ["ErrorBudgetBurnsFast"]


def test_a_spent_budget_is_negative() -> None:
    row = report(SHOP, answering(1000.0, d30=0.02), [])
    assert row["budget"] == {"bad": 20.0, "allowed_bad": 10.0, "spent": 2.0, "remaining": -1.0}


def test_without_requests_there_are_no_figures() -> None:
    row = report(SHOP, answering(), [])
    assert (row["budget"], row["good_percent"], row["error"]) == (None, None, None)


def test_a_query_that_fails_costs_only_its_objective() -> None:
    def fails(_: str) -> float | None:
        raise BadQuery("too much")

    assert report(SHOP, fails, [])["error"] == "too much"


class Counted:
    """Budgets of one objective over an answer, and how often that was asked for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.resource = Resource("slos", "shop", {"objective": 99}, 1, 0.0, "a")
        self.times = 0
        key = AlertKey("slo:shop", "ErrorBudgetBurnsFast", ())
        other = AlertKey("shop", "x", ())
        self.alerts = [Alert(each, "firing", 0.0, 0.0, 0.0, None, 1.0, {}, 1) for each in (key, key, other)]
        self.budgets = Budgets(lambda: [self.resource], lambda: self.alerts, self._in_thread, self.clock)

    def _in_thread(self, function: Callable[[Value], list[SloRow]]) -> list[SloRow]:
        self.times += 1
        return function(lambda query: 0.5)


def test_budgets_are_computed_every_few_seconds_at_most() -> None:
    counted = Counted()
    first = counted.budgets()
    assert (first["count"], first["slos"][0]["alerts"]) == (1, ["ErrorBudgetBurnsFast"])
    assert counted.budgets() == first
    assert counted.times == 1
    counted.clock.advance(KEPT_SECONDS)
    assert counted.budgets() != first
    assert counted.times == 2


def test_a_changed_objective_is_computed_at_once() -> None:
    counted = Counted()
    counted.budgets()
    counted.resource = replace(counted.resource, version=2, body={"objective": 90})
    assert counted.budgets()["slos"][0]["objective"] == 90
