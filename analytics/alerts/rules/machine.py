"""The states of an alert: which one follows from what an evaluation found.

    normal ──▶ pending ──▶ firing ◀──▶ recovering        no_data: there is nothing to compare any more
       ▲          │           │             │
       └──────────┴───────────┴─────────────┘

`for`, `keep_firing_for` and the ways between the first four states are those of Prometheus 2.42.
Source: prometheus.io/docs/prometheus/latest/configuration/alerting_rules
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, NamedTuple

from analytics.alerting import ERROR, FIRING, NO_DATA, NORMAL, PENDING, RECOVERING, Alert, AlertState

ALERT_IT: Final = "alert"
KEEP: Final = "keep"
OK: Final = "ok"
NoDataPolicy = Literal["alert", "keep", "ok"]
LONGEST_NO_DATA = 86_400.0
"""Seconds after which a series without data counts as gone, and its alert ends."""


class Finding(Enum):
    """What an evaluation found about one alert."""

    HOLDS = "the expression has a value"
    BETWEEN = "neither the expression nor `clear` has one"
    OVER = "the alert's condition does not hold any more"
    MISSING = "there is nothing to compare, although there was before"


class Policy(NamedTuple):
    """The parts of a rule that decide about states.

    Attributes:
        hold: seconds for which the expression must hold before the alert fires: `for`.
        keep: seconds for which it still fires after that: `keep_firing_for`.
        no_data: what follows when data are missing: an alert, the state before, or the same as if it were over.
        no_data_after: seconds after which missing data are an alert.
    """

    hold: float = 0.0
    keep: float = 0.0
    no_data: NoDataPolicy = OK
    no_data_after: float = 0.0


class NextState(NamedTuple):
    """The state that an alert enters, and whether people have to know."""

    state: AlertState
    is_firing: bool


class Moment(NamedTuple):
    """An evaluation, as far as it concerns one alert.

    Attributes:
        at: seconds since the epoch.
        outages: starts and ends of the times in which the service was off; they do not count for any duration.
        missing: seconds for which the alert's data are missing.
        is_quiet: whether an alert that this one depends on is firing, so that it must not begin to.
    """

    at: float
    outages: Sequence[tuple[float, float]] = ()
    missing: float = 0.0
    is_quiet: bool = False

    def since(self, start: float) -> float:
        """Seconds from `start` until this evaluation in which the service was on."""
        off = sum(max(0.0, min(end, self.at) - max(begin, start)) for begin, end in self.outages)
        return self.at - start - off


def next_state(alert: Alert | None, found: Finding, policy: Policy, moment: Moment) -> NextState | None:
    """The state that an alert enters, or None if it stays as it is.

    Args:
        alert: as the state holds it; None, or in the state `normal`, if there is none.
    """
    if alert is None or alert.state == NORMAL:
        return _beginning(found, policy, moment)
    if found is Finding.HOLDS:
        return _holding(alert, policy, moment)
    if found is Finding.MISSING and policy.no_data != OK:
        return _missing(alert, policy, moment)
    if alert.state in (FIRING, RECOVERING):
        return _ending(alert, found, policy, moment)
    if alert.state == NO_DATA and found is Finding.BETWEEN and _fired_before(alert):
        return NextState(FIRING, True)
    return NextState(NORMAL, False)


def failed_state(alert: Alert | None, *, is_quiet: bool) -> NextState | None:
    """The state of the alert for a rule that cannot be evaluated, where that is an alert; None if it stays."""
    if alert is None or alert.state != ERROR or not (alert.is_firing or is_quiet):
        return NextState(ERROR, not is_quiet or (alert is not None and alert.is_firing))
    return None


def _beginning(found: Finding, policy: Policy, moment: Moment) -> NextState | None:
    """How an alert begins."""
    if found is Finding.HOLDS:
        return NextState(PENDING, False) if policy.hold > 0 else NextState(FIRING, not moment.is_quiet)
    if found is Finding.MISSING and policy.no_data == ALERT_IT and moment.missing >= policy.no_data_after:
        return NextState(NO_DATA, not moment.is_quiet)
    return None


def _holding(alert: Alert, policy: Policy, moment: Moment) -> NextState | None:
    """The way on of an alert whose expression holds. One without data or with an error that fires goes on firing."""
    is_firing = alert.is_firing or not moment.is_quiet
    if alert.state == PENDING:
        return NextState(FIRING, is_firing) if moment.since(alert.started) >= policy.hold else None
    if alert.state == FIRING:
        return NextState(FIRING, True) if is_firing and not alert.is_firing else None
    if alert.state == RECOVERING or alert.is_firing:
        return NextState(FIRING, is_firing)
    return _beginning(Finding.HOLDS, policy, moment)


def _ending(alert: Alert, found: Finding, policy: Policy, moment: Moment) -> NextState | None:
    """How an alert ends that is firing or recovering."""
    if alert.state == RECOVERING:
        return NextState(NORMAL, False) if moment.since(alert.since) >= policy.keep else None
    if found is Finding.BETWEEN:
        return None
    return NextState(RECOVERING, alert.is_firing) if policy.keep > 0 else NextState(NORMAL, False)


def _missing(alert: Alert, policy: Policy, moment: Moment) -> NextState | None:
    """What missing data mean for an alert, where they do not mean that it is over."""
    if policy.no_data == KEEP:
        return None
    if alert.state != NO_DATA:
        is_due = moment.missing >= policy.no_data_after
        return NextState(NO_DATA, alert.is_firing or not moment.is_quiet) if is_due else None
    if moment.since(alert.since) >= LONGEST_NO_DATA:
        return NextState(NORMAL, False)
    return NextState(NO_DATA, True) if not (alert.is_firing or moment.is_quiet) else None


def _fired_before(alert: Alert) -> bool:
    """Whether an alert without data was firing when they went missing."""
    return alert.fired is not None and alert.fired < alert.since
