"""Rules and alerts as they are now, as /rules and /alerts list them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from analytics.alerting import ERROR, FIRING, NO_DATA, NORMAL, PENDING, RECOVERING, Alert, AlertKey, AlertState
from analytics.alerts.rules.naming import named_rules
from analytics.alerts.rules.status import RuleStatus
from analytics.clock import rfc3339
from analytics.resources import Resource

if TYPE_CHECKING:
    from analytics.alerts.rules.running import RunningGroup

WORST_FIRST = (FIRING, ERROR, NO_DATA, RECOVERING, PENDING, NORMAL)
NOT_EVALUATED = RuleStatus()


class RuleRow(TypedDict):
    """A rule: `body` is as its group has it, `value` the newest that was compared, `alerts` how many are not normal."""

    rule: str
    name: str
    type: Literal["alert", "record"]
    body: Mapping[str, Any]
    state: AlertState | None
    alerts: int
    value: float | None
    health: Literal["unknown", "ok", "err"]
    error: str | None
    evaluated_at: str | None
    seconds: float


class GroupRow(TypedDict):
    """A group of rules."""

    group: str
    title: str
    interval: str
    delay: str
    source: str
    version: int
    error: str | None
    evaluated_at: str | None
    lateness_seconds: float
    seconds: float
    rules: list[RuleRow]


class RuleList(TypedDict):
    """The answer of /rules."""

    groups: list[GroupRow]
    count: int


class AlertRow(TypedDict):
    """An alert."""

    group: str
    rule: str
    labels: dict[str, str]
    annotations: dict[str, str]
    state: AlertState
    value: float | None
    since: str
    started_at: str
    fired_at: str | None
    ended_at: str | None
    incident: str | None


class AlertList(TypedDict):
    """The answer of /alerts."""

    alerts: list[AlertRow]
    count: int


class Known(NamedTuple):
    """Everything about rules: their resources, all alerts, and the memory of the evaluator by group."""

    resources: Sequence[Resource]
    alerts: Sequence[Alert]
    running: Mapping[str, "RunningGroup"]
    problems: Mapping[str, str]
    incidents: Mapping[AlertKey, str] = {}


def rule_list(known: Known) -> RuleList:
    """All groups, in the order of their names."""
    by_rule = alerts_by_rule(known.alerts)
    groups = [_group(resource, by_rule, known) for resource in sorted(known.resources, key=_name)]
    return {"groups": groups, "count": len(groups)}


def alert_list(known: Known, state: str | None = None) -> AlertList:
    """All alerts, the firing ones first, and then the newest first."""
    found = [alert for alert in known.alerts if state in (None, alert.state)]
    found.sort(key=lambda alert: (WORST_FIRST.index(alert.state), -alert.since))
    return {"alerts": [_alert(each, known) for each in found], "count": len(found)}


def alerts_by_rule(alerts: Iterable[Alert]) -> dict[tuple[str, str], list[Alert]]:
    """Alerts by their group and rule."""
    found: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        found.setdefault((alert.key.group, alert.key.rule), []).append(alert)
    return found


def status_of(known: Known, group: str, rule: str) -> RuleStatus:
    """The newest evaluation of a rule."""
    running = known.running.get(group)
    return NOT_EVALUATED if running is None else running.statuses.get(rule, NOT_EVALUATED)


def value_of(known: Known, alert: Alert) -> float | None:
    """The newest value of an alert: that of its newest evaluation, or of its newest change."""
    return status_of(known, alert.key.group, alert.key.rule).values.get(alert.key.labels, alert.value)


def _group(resource: Resource, alerts: Mapping[tuple[str, str], Sequence[Alert]], known: Known) -> GroupRow:
    running = known.running.get(resource.name)
    evaluated = 0.0 if running is None else running.evaluated
    return {
        "group": resource.name,
        "title": resource.body.get("title") or resource.name,
        "interval": resource.body.get("interval", "15s"),
        "delay": resource.body.get("delay", "0s"),
        "source": resource.source,
        "version": resource.version,
        "error": known.problems.get(resource.name),
        "evaluated_at": _time(evaluated or None),
        "lateness_seconds": 0.0 if running is None else round(running.lateness, 3),
        "seconds": 0.0 if running is None else round(running.seconds, 6),
        "rules": [
            _rule(id_, name, body, alerts.get((resource.name, id_), ()), status_of(known, resource.name, id_))
            for id_, name, body in named_rules(resource.body["rules"])
        ],
    }


def _rule(id_: str, name: str, body: Mapping[str, Any], alerts: Sequence[Alert], status: RuleStatus) -> RuleRow:
    is_alert = "alert" in body
    states = [alert.state for alert in alerts if alert.state != NORMAL]
    return {
        "rule": id_,
        "name": name,
        "type": "alert" if is_alert else "record",
        "body": body,
        "state": min(states, key=WORST_FIRST.index, default=NORMAL) if is_alert else None,
        "alerts": len(states),
        "value": finite(status.value),
        "health": status.health,
        "error": status.error or None,
        "evaluated_at": _time(status.evaluated or None),
        "seconds": round(status.seconds, 6),
    }


def _alert(alert: Alert, known: Known) -> AlertRow:
    return {
        "group": alert.key.group,
        "rule": alert.key.rule,
        "labels": dict(alert.key.labels),
        "annotations": alert.annotations,
        "state": alert.state,
        "value": finite(value_of(known, alert)),
        "since": rfc3339(alert.since),
        "started_at": rfc3339(alert.started),
        "fired_at": _time(alert.fired),
        "ended_at": _time(alert.ended),
        "incident": known.incidents.get(alert.key),
    }


def finite(value: float | None) -> float | None:
    """A number for JSON, which has neither NaN nor infinity."""
    return None if value is None or value != value or abs(value) == float("inf") else value


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)


def _name(resource: Resource) -> str:
    return resource.name
