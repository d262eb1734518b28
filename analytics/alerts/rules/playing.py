"""Plays groups of rules over given times: what would have fired, and when."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from analytics.alerting import NORMAL, Alert, AlertChange, NewAlertStates
from analytics.alerts.rules.evaluation import RuleMemory, Surroundings, evaluate_alerts
from analytics.alerts.rules.rule import AlertRule, RecordingRule, RuleGroup
from analytics.alerts.rules.template_queries import template_queries
from analytics.points import Labels
from analytics.promql.nodes import Node
from analytics.promql.values import Value
from analytics.state.alerts.alerts import Alerts
from analytics.templating.data import Outside

AskAt = Callable[[Node, str, float], Value]
"""Evaluates an expression, given also as text, at a time in seconds. Raises `QueryError`."""
Record = Callable[[RecordingRule, AskAt, float], None]
"""Evaluates a recording rule at a time, and keeps its result. Raises `QueryError`."""


class Step(NamedTuple):
    """An evaluation of all groups: its time in seconds, what changed by group, and the alerts that are not normal."""

    at: float
    changes: Sequence[tuple[str, AlertChange]]
    alerts: Sequence[Alert]


def play(
    groups: Sequence[RuleGroup],
    times: Iterable[float],
    ask: AskAt,
    record: Record | None = None,
    ask_once: AskAt | None = None,
    outside: Outside = Outside(),  # noqa: B008  # is immutable
) -> Iterator[Step]:
    """Evaluate all groups at each of the times, in order, as they were evaluated if they had been there.

    Args:
        record: for recording rules, which are left out without it.
        ask_once: as `ask`, for expressions that are not asked at other times; None for the same.
        outside: what templates see besides samples and queries.

    Raises:
        QueryError: an expression has no value.
    """
    memories = {
        (group.name, rule.id): RuleMemory(rule)
        for group in groups
        for rule in group.rules
        if isinstance(rule, AlertRule)
    }
    alerts = Alerts()
    for at in times:
        found: list[tuple[str, AlertChange]] = []
        for group in groups:
            changes: list[AlertChange] = []
            around = Surroundings(
                at,
                partial(_ask, ask, at),
                ask,
                outside._replace(query=template_queries(partial(_ask, ask_once or ask, at))),
                depended=partial(_depended, alerts, memories),
                limit=group.limit,
            )
            of_rules: dict[str, dict[Labels, Alert]] = {}
            for alert in alerts.of_group(group.name):
                of_rules.setdefault(alert.key.rule, {})[alert.key.labels] = alert
            for rule in group.rules:
                if isinstance(rule, AlertRule):
                    memory = memories[group.name, rule.id]
                    changes += evaluate_alerts(rule, memory, of_rules.get(rule.id, {}), around).changes
                elif record is not None:
                    record(rule, ask, at)
            if changes:
                alerts.put(NewAlertStates(group.name, at, changes), at)
            found += [(group.name, change) for change in changes]
        yield Step(at, found, [alert for alert in alerts if alert.state != NORMAL])


def _ask(ask: AskAt, at: float, node: Node, query: str) -> Value:
    return ask(node, query, at)


def _depended(alerts: Alerts, memories: dict[tuple[str, str], RuleMemory], name: str) -> list[Labels]:
    """Labels of the alerts that fire under a name, without those that their rules add."""
    return [
        memories[alert.key.group, alert.key.rule].labelling.sampled(alert.key.labels)
        for alert in alerts
        if alert.is_firing and ("alertname", name) in alert.key.labels
    ]
