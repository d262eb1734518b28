"""Alert rules that an objective expands into, after "Alerting on SLOs" in Google's SRE workbook.

A budget burns at the rate 1 when it is used up exactly at the end of the window. Alerts look at a long window, which
shows that it matters, and a short one, which shows that it still goes on.
"""

from typing import Any, NamedTuple

from analytics.alerts.slo.slo import Slo
from analytics.promql.text import milliseconds

GROUP_PREFIX = "slo:"
"""Begins the names of groups of rules of objectives; names of resources cannot have a colon."""
INTERVAL = "30s"
FAST, SLOW = "ErrorBudgetBurnsFast", "ErrorBudgetBurnsSlowly"


class Burn(NamedTuple):
    """A rate at which the budget may not burn in both windows."""

    rate: float
    long: str
    short: str
    severity: str


PAGE, TICKET = "page", "ticket"
BURNS = (
    Burn(14.4, "1h", "5m", PAGE),
    Burn(6.0, "6h", "30m", PAGE),
    Burn(3.0, "1d", "2h", TICKET),
    Burn(1.0, "3d", "6h", TICKET),
)
_RULES = ((FAST, PAGE), (SLOW, TICKET))


def burns_of(slo: Slo) -> list[Burn]:
    """The rates that are watched: those whose long window is within the objective's."""
    longest = milliseconds(slo.window)
    return [burn for burn in BURNS if milliseconds(burn.long) <= longest]


def burning(slo: Slo, burn: Burn) -> str:
    """The expression of the rate in the long window while it is exceeded in both. Raises `BadQuery`."""
    limit = f"{burn.rate:g}"
    long, short = (f"({slo.ratio_over(window)}) / {slo.allowed:.12g}" for window in (burn.long, burn.short))
    return f"({long} > {limit} and {short} > {limit})"


def rule_group(slo: Slo) -> dict[str, Any]:
    """The group of alert rules of an objective, as the collection `rules` has groups.

    Raises:
        BadQuery: an expression is not valid.
    """
    return {
        "interval": INTERVAL,
        "rules": [
            _rule(slo, name, severity, burns)
            for name, severity in _RULES
            if (burns := [burn for burn in burns_of(slo) if burn.severity == severity])
        ],
    }


def _rule(slo: Slo, name: str, severity: str, burns: list[Burn]) -> dict[str, Any]:
    service = {"service": slo.service} if slo.service else {}
    return {
        "alert": name,
        "expr": " or ".join(burning(slo, burn) for burn in burns),
        "labels": {"severity": severity, "slo": slo.name, **service, **slo.labels},
        "annotations": {
            "summary": f"{slo.name} uses up its error budget "
            '{{ $value | printf "%.1f" }} times as fast as the objective allows',
            "description": slo.description
            or f"The objective is {slo.objective * 100:.6g}% of requests within {slo.window}.",
            **slo.annotations,
        },
        **({"runbook": slo.runbook} if slo.runbook else {}),
        **({"for": "2m", "depends_on": [FAST]} if name == SLOW else {}),  # by then it is known whether FAST fires
    }
