"""Rules and alerts in the shapes of Prometheus' API.

Source: prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.alerting import FIRING, NORMAL, PENDING, RECOVERING, Alert
from analytics.alerts.rules.listing import Known, alerts_by_rule, status_of, value_of
from analytics.alerts.rules.naming import named_rules
from analytics.clock import rfc3339
from analytics.promql.text import milliseconds
from analytics.resources import Resource

NEVER = "0001-01-01T00:00:00Z"


def prometheus_groups(known: Known) -> list[dict[str, Any]]:
    """All groups, in the order of their names."""
    by_rule = alerts_by_rule(known.alerts)
    return [_group(resource, by_rule, known) for resource in sorted(known.resources, key=lambda each: each.name)]


def prometheus_alerts(known: Known) -> list[dict[str, Any]]:
    """The alerts that are pending or fire."""
    return [_alert(alert, known) for alert in known.alerts if _is_active(alert)]


def _group(resource: Resource, alerts: Mapping[tuple[str, str], Sequence[Alert]], known: Known) -> dict[str, Any]:
    body, running = resource.body, known.running.get(resource.name)
    rules = [
        _rule(body, rule, name, alerts.get((resource.name, id_), ()), known, (resource.name, id_))
        for id_, name, rule in named_rules(body["rules"])
    ]
    return {
        "name": body.get("title") or resource.name,
        "file": resource.source,
        "rules": rules,
        "interval": _seconds(body.get("interval", "15s")),
        "limit": body.get("limit", 0),
        "evaluationTime": 0.0 if running is None else running.seconds,
        "lastEvaluation": NEVER if running is None or not running.evaluated else rfc3339(running.evaluated),
    }


def _rule(
    group: Mapping[str, Any],
    rule: Mapping[str, Any],
    name: str,
    alerts: Sequence[Alert],
    known: Known,
    place: tuple[str, str],
) -> dict[str, Any]:
    status = status_of(known, *place)
    found = {
        "name": name,
        "query": rule["expr"],
        "labels": {**group.get("labels", {}), **rule.get("labels", {})},
        "health": status.health,
        **({"lastError": status.error} if status.error else {}),
        "evaluationTime": status.seconds,
        "lastEvaluation": rfc3339(status.evaluated) if status.evaluated else NEVER,
    }
    if "alert" not in rule:
        return {**found, "type": "recording"}
    active = [alert for alert in alerts if _is_active(alert)]
    states = {_state(alert) for alert in active}
    return {
        **found,
        "state": next((state for state in (FIRING, PENDING) if state in states), "inactive"),
        "duration": _seconds(rule.get("for", "0s")),
        "keepFiringFor": _seconds(rule.get("keep_firing_for", "0s")),
        "annotations": rule.get("annotations", {}),
        "alerts": [_alert(alert, known) for alert in active],
        "type": "alerting",
    }


def _alert(alert: Alert, known: Known) -> dict[str, Any]:
    value = value_of(known, alert)
    return {
        "labels": dict(alert.key.labels),
        "annotations": alert.annotations,
        "state": _state(alert),
        "activeAt": rfc3339(alert.started),
        **({"keepFiringSince": rfc3339(alert.since)} if alert.state == RECOVERING else {}),
        "value": exponential(0.0 if value is None else value),
    }


def _is_active(alert: Alert) -> bool:
    return alert.state != NORMAL


def _state(alert: Alert) -> str:
    """The nearest of Prometheus' states; an alert that is quiet while another fires counts as pending."""
    return FIRING if alert.is_firing else PENDING


def exponential(value: float) -> str:
    """A number as Go's `strconv.FormatFloat(value, 'e', -1, 64)` writes it."""
    if value != value:
        return "NaN"
    if abs(value) == float("inf"):
        return "+Inf" if value > 0 else "-Inf"
    for digits in range(18):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            return text
    return f"{value:.17e}"


def _seconds(duration: str) -> float:
    return milliseconds(duration) / 1000
