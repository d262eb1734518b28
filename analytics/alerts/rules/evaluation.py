"""One evaluation of an alert rule: from the values of its expressions to the changes of its alerts."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from analytics.alerting import FIRING, NO_DATA, NORMAL, RECOVERING, Alert, AlertChange
from analytics.alerts.recurrence import window_at
from analytics.alerts.rules.labelling import Labelling
from analytics.alerts.rules.machine import ALERT_IT, OK, Finding, Moment, NextState, failed_state, next_state
from analytics.alerts.rules.rule import AlertRule
from analytics.alerts.rules.sampled import Grouped, Vector, vector_of
from analytics.points import Labels
from analytics.promql.block import Block
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Node
from analytics.promql.values import ScalarValue, Value
from analytics.templating.data import Outside

ALERTS_PER_PAUSE = 100
SEED_TIMES = (8, 4, 2, 1, 0.5, 0.25)
LEAST_SEED_SECONDS = 60.0
"""At the first evaluation it is looked for series which had data these numbers of times as long ago, at least."""
Ask = Callable[[Node, str], Value]
"""Evaluates an expression, given also as text, at the time of the evaluation. Raises `QueryError`."""


class Surroundings(NamedTuple):
    """What an evaluation takes from elsewhere.

    Attributes:
        at: seconds since the epoch.
        ask: evaluates expressions at this time.
        ask_before: evaluates an expression at a time before.
        outside: what templates see besides their sample.
        outages: starts and ends of the times in which the service was off.
        depended: labels of the alerts that fire under a name, without those that rules add.
        limit: most alerts that the rule may have; 0 for any number.
        pause: lets other greenlets run.
    """

    at: float
    ask: Ask
    ask_before: Callable[[Node, str, float], Value]
    outside: Outside
    outages: tuple[tuple[float, float], ...] = ()
    depended: Callable[[str], Iterable[Labels]] = lambda name: ()
    limit: int = 0
    pause: Callable[[], None] = lambda: None


class RuleMemory:
    """Memory of a rule between evaluations, which is not recorded.

    Attributes:
        with_data: by the labels of an alert, when its series had data last; where missing data matter.
    """

    def __init__(self, rule: AlertRule) -> None:
        self.labelling = Labelling(rule.name, rule.labels)
        self.with_data: dict[Labels, float] = {}
        self.is_seeded = False

    def note(self, with_data: Iterable[Labels], alerts: Mapping[Labels, Alert], at: float) -> None:
        """Note which alerts have data at a time; those that the state holds had some before."""
        self.with_data.update(dict.fromkeys(with_data, at))
        for labels, alert in alerts.items():
            if alert.state != NORMAL:
                self.with_data.setdefault(labels, at)


class Evaluated(NamedTuple):
    """The outcome of an evaluation.

    Attributes:
        changes: in the order of labels.
        values: of the alerts for which the expression holds.
        value: the most extreme value that was compared, or any that was found; None without any.
    """

    changes: list[AlertChange]
    values: Mapping[Labels, float]
    value: float | None


class _Found(NamedTuple):
    """Labels of alerts: those for which the expression holds, with its values, those that are over, those with data.

    None where the difference does not matter.
    """

    holding: Mapping[Labels, float]
    over: set[Labels] | None
    with_data: set[Labels] | None
    value: float | None


def evaluate_alerts(
    rule: AlertRule, memory: RuleMemory, alerts: Mapping[Labels, Alert], around: Surroundings
) -> Evaluated:
    """Evaluate a rule.

    Args:
        alerts: those of the rule, by their labels.

    Raises:
        QueryError: the expression has no value. The alerts stay as they are; see `failed`.
    """
    if rule.active and window_at(rule.active, around.at) is None:
        return Evaluated(_ended(rule, alerts), {}, None)
    if rule.policy.no_data == ALERT_IT and not memory.is_seeded:
        _seed(rule, memory, around)
    found = _find(rule, memory, alerts, around)
    if around.limit and len(found.holding) > around.limit:
        raise CannotEvaluate(f"exceeded limit of {around.limit} with {len(found.holding)} alerts")
    if rule.policy.no_data == ALERT_IT:
        memory.note(found.with_data or (), alerts, around.at)
    candidates = dict.fromkeys([*found.holding, *alerts, *memory.with_data])
    changes = []
    for number, labels in enumerate(sorted(candidates), 1):
        if number % ALERTS_PER_PAUSE == 0:
            around.pause()
        finding = _finding(labels, found)
        moment = _moment(rule, labels, memory, around, finding)
        entered = next_state(alerts.get(labels), finding, rule.policy, moment)
        if entered is not None:
            changes.append(
                _change(rule, memory, around, labels, entered, found.holding.get(labels), alerts.get(labels))
            )
            if entered.state == NORMAL and finding is Finding.MISSING:
                memory.with_data.pop(labels, None)
    return Evaluated(changes, found.holding, found.value)


def failed(rule: AlertRule, memory: RuleMemory, alerts: Mapping[Labels, Alert], around: Surroundings) -> Evaluated:
    """What follows for the alerts of a rule that cannot be evaluated."""
    if rule.on_error == OK:
        return Evaluated(_ended(rule, alerts), {}, None)
    if rule.on_error == "keep":
        return Evaluated([], {}, None)
    labels = memory.labelling.labels((), 0.0, around.outside)
    entered = failed_state(alerts.get(labels), is_quiet=_is_quiet(rule, labels, memory, around))
    return Evaluated([] if entered is None else [_change(rule, memory, around, labels, entered, None, None)], {}, None)


def _seed(rule: AlertRule, memory: RuleMemory, around: Surroundings) -> None:
    """Find out which series had data before the first evaluation, as after a restart."""
    assert rule.compared is not None
    for times in SEED_TIMES:
        at = around.at - times * max(rule.policy.no_data_after, LEAST_SEED_SECONDS)
        vector = vector_of(around.ask_before(rule.compared.left, rule.query, at))
        memory.with_data.update(
            dict.fromkeys(memory.labelling.labelled(vector.where(vector.present), around.outside), at)
        )
    memory.is_seeded = True


def _ended(rule: AlertRule, alerts: Mapping[Labels, Alert]) -> list[AlertChange]:
    """The end of all alerts."""
    return [
        AlertChange(rule.id, labels, NORMAL, False, alert.value, alert.annotations)
        for labels, alert in sorted(alerts.items())
        if alert.state != NORMAL
    ]


def _find(rule: AlertRule, memory: RuleMemory, alerts: Mapping[Labels, Alert], around: Surroundings) -> _Found:
    label, compared, outside = memory.labelling, rule.compared, around.outside
    if compared is None:
        vector = vector_of(around.ask(rule.node, rule.query))
        holding = label.labelled(vector.where(vector.present), outside)
        value = next(iter(holding.values()), None)
    else:
        left = around.ask(compared.left, rule.query)
        vector = vector_of(left.floats_only() if isinstance(left, Block) else left)
        right = around.ask(compared.right, rule.query)
        assert isinstance(right, ScalarValue)
        holding = label.labelled(vector.where(vector.compares(compared.operator, float(right.values[0]))), outside)
        value = _extreme(vector, compared.operator)
    if rule.counted and holding:
        counts = [Grouped(vector_of(around.ask(node, rule.query))) for node in rule.counted]
        holding = {
            labels: number
            for labels, number in holding.items()
            if any(each.sum(dict(label.sampled(labels))) >= rule.min_samples for each in counts)
        }
    with_data = None
    if rule.policy.no_data != OK:
        with_data = set(label.labelled(vector.where(vector.present), outside))
    over = None
    if rule.clear is not None and any(alert.state in (FIRING, RECOVERING, NO_DATA) for alert in alerts.values()):
        if rule.clear.threshold is not None:
            cleared = vector.where(vector.compares(*rule.clear.threshold))
        else:
            other = vector_of(around.ask(rule.clear.node, rule.clear.query))
            cleared = other.where(other.present)
        over = set(label.labelled(cleared, outside))
    return _Found(holding, over, with_data, value)


def _finding(labels: Labels, found: _Found) -> Finding:
    if labels in found.holding:
        return Finding.HOLDS
    if found.with_data is not None and labels not in found.with_data:
        return Finding.MISSING
    if found.over is not None and labels not in found.over:
        return Finding.BETWEEN
    return Finding.OVER


def _moment(rule: AlertRule, labels: Labels, memory: RuleMemory, around: Surroundings, finding: Finding) -> Moment:
    moment = Moment(around.at, around.outages, 0.0, _is_quiet(rule, labels, memory, around))
    if finding is Finding.MISSING and labels in memory.with_data:
        return moment._replace(missing=moment.since(memory.with_data[labels]))
    return moment


def _is_quiet(rule: AlertRule, labels: Labels, memory: RuleMemory, around: Surroundings) -> bool:
    """Whether an alert fires that this one depends on: one with the same values of common labels."""
    if not rule.depends_on:
        return False
    own = dict(memory.labelling.sampled(labels))
    return any(
        all(own.get(name, value) == value for name, value in other)
        for depended in rule.depends_on
        for other in around.depended(depended)
    )


def _change(
    rule: AlertRule,
    memory: RuleMemory,
    around: Surroundings,
    labels: Labels,
    entered: NextState,
    value: float | None,
    before: Alert | None,
) -> AlertChange:
    if value is None and before is not None and before.state != NORMAL:
        return AlertChange(rule.id, labels, entered.state, entered.is_firing, before.value, before.annotations)
    annotations = memory.labelling.texts(rule.annotations, labels, value, around.outside)
    is_number = value is not None and math.isfinite(value)  # the log is JSON
    return AlertChange(rule.id, labels, entered.state, entered.is_firing, value if is_number else None, annotations)


def _extreme(vector: Vector, operator: str) -> float | None:
    """The value that is the first to fulfil the comparison."""
    values = vector.values[vector.present]
    values = values[values == values]
    if not len(values):
        return None
    return float(values.min() if operator in ("<", "<=") else values.max())
