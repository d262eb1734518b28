"""The error budget of an objective: what was allowed, what is spent, and how fast it burns."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from analytics.alerts.slo.burning import burns_of
from analytics.alerts.slo.slo import Slo
from analytics.promql.errors import QueryError

Value = Callable[[str], float | None]
"""The value of a PromQL expression now; None without one. Raises `QueryError`."""


class ErrorBudget(TypedDict):
    """Shares of the budget: `spent` is above 1 and `remaining` below 0 where more was bad than allowed."""

    bad: float
    allowed_bad: float
    spent: float
    remaining: float


class BurnRow(TypedDict):
    """How fast the budget burned in a window; the alert fires above `limit`, while the short window is above it too."""

    window: str
    short_window: str
    rate: float | None
    limit: float


class SloRow(TypedDict):
    """An objective as `/slos` answers it; figures are None without requests in the window, or with an `error`."""

    id: str
    description: str | None
    service: str | None
    objective: float
    window: str
    good_percent: float | None
    total: float | None
    budget: ErrorBudget | None
    burn: list[BurnRow]
    alerts: list[str]
    error: str | None


def report(slo: Slo, value: Value, alerts: Sequence[str]) -> SloRow:
    """The objective as of now; `alerts` are the names of its alerts that fire."""
    row: SloRow = {
        "id": slo.name,
        "description": slo.description or None,
        "service": slo.service or None,
        "objective": round(slo.objective * 100, 9),
        "window": slo.window,
        "good_percent": None,
        "total": None,
        "budget": None,
        "burn": [],
        "alerts": list(alerts),
        "error": None,
    }
    try:
        total, ratio = value(slo.total_over(slo.window)), value(slo.ratio_over(slo.window))
        row["burn"] = [_burn(slo, value, burn.long, burn.short, burn.rate) for burn in burns_of(slo)]
    except QueryError as error:
        row["error"] = error.message
        return row
    if total is None or ratio is None:
        return row
    spent = ratio / slo.allowed
    row["total"], row["good_percent"] = round(total, 3), (1 - ratio) * 100
    row["budget"] = {
        "bad": round(total * ratio, 3),
        "allowed_bad": round(total * slo.allowed, 3),
        "spent": round(spent, 6),
        "remaining": round(1 - spent, 6),
    }
    return row


def _burn(slo: Slo, value: Value, long: str, short: str, limit: float) -> BurnRow:
    ratio = value(slo.ratio_over(long))
    rate = None if ratio is None else round(ratio / slo.allowed, 4)
    return {"window": long, "short_window": short, "rate": rate, "limit": limit}
