"""A rule tried on series that are kept: its values, and when its alerts would have fired."""

from typing import NamedTuple, TypedDict

import numpy as np

from analytics.alerting import NORMAL
from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.playing import play
from analytics.alerts.rules.rule import AlertRule, RuleGroup
from analytics.alerts.rules.sampled import vector_of
from analytics.clock import rfc3339
from analytics.points import Labels
from analytics.promql.block import Block, Times
from analytics.promql.budget import Budget
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Node, NumberNode
from analytics.promql.values import ScalarValue, Value

MOST_SERIES = 20
"""Series that are answered with their values."""
MOST_ALERTS = 1_000


PlayedSpan = TypedDict("PlayedSpan", {"state": str, "is_firing": bool, "from": str, "to": str | None})
"""A time that an alert spent in one state; `to` is None where it still is in it."""


class PlayedAlert(TypedDict):
    """An alert, and its states one after the other."""

    labels: dict[str, str]
    spans: list[PlayedSpan]


class PlayedSeries(TypedDict):
    """A series that is compared, with a value for each time; None without one."""

    labels: dict[str, str]
    points: list[float | None]


class Trial(TypedDict):
    """The answer of a test of a rule: `threshold` and `operator` are None where it compares with no number."""

    times: list[str]
    step: float
    operator: str | None
    threshold: float | None
    series: list[PlayedSeries]
    series_count: int
    alerts: list[PlayedAlert]
    alert_count: int


class TrialTimes(NamedTuple):
    """Times of evaluations: the first one, the last one and the step, in whole seconds."""

    start: int
    end: int
    step: int

    @property
    def all(self) -> list[int]:
        """All times."""
        return list(range(self.start, self.end + 1, self.step))


def try_rule(group: RuleGroup, times: TrialTimes, engine: RuleEngine, budget: Budget) -> Trial:
    """Evaluate a group of one alert rule at these times.

    Raises:
        QueryError: the expression has no value.
    """
    (rule,) = group.rules
    if not isinstance(rule, AlertRule):
        raise CannotEvaluate("only alert rules can be tested")
    every = times.all
    answers = _Answers(engine, budget, np.array(every, np.int64) * 1000 - round(group.delay * 1000), times.step * 1000)
    places = {float(at): place for place, at in enumerate(every)}
    found: dict[Labels, list[PlayedSpan]] = {}

    def ask(node: Node, query: str, at: float) -> Value:
        place = places.get(at)
        return answers.before(node, query, at) if place is None else answers.at(node, query, place)

    def ask_once(node: Node, query: str, at: float) -> Value:
        return answers.before(node, query, at - group.delay)

    for step in play([group], map(float, every), ask, ask_once=ask_once):
        budget.pause()
        for _, change in step.changes:
            spans, at = found.setdefault(change.labels, []), rfc3339(step.at)
            if spans and spans[-1]["to"] is None:
                spans[-1]["to"] = at
            if change.state != NORMAL:
                spans.append({"state": change.state, "is_firing": change.is_firing, "from": at, "to": None})
    compared = rule.compared
    series, count = _series(answers.all(rule.node if compared is None else compared.left, rule.query), len(every))
    number = compared.right if compared is not None else None
    threshold = number.value if isinstance(number, NumberNode) else None
    return {
        "times": [rfc3339(at) for at in every],
        "step": float(times.step),
        "operator": compared.operator if compared is not None and threshold is not None else None,
        "threshold": threshold if threshold is not None and abs(threshold) < float("inf") else None,
        "series": series,
        "series_count": count,
        "alerts": [
            {"labels": dict(labels), "spans": spans} for labels, spans in list(found.items())[:MOST_ALERTS] if spans
        ],
        "alert_count": len(found),
    }


class _Answers:
    """Values of expressions at all times, each evaluated once over the whole range."""

    def __init__(self, engine: RuleEngine, budget: Budget, times: Times, step: int) -> None:
        self._engine, self._budget, self._times, self._step = engine, budget, times, step
        self._known: dict[tuple[str, str, int], Value] = {}

    def all(self, node: Node, query: str) -> Value:
        """The values at all times."""
        key = (query, type(node).__name__, node.at)
        if key not in self._known:
            self._known[key] = self._engine.over(node, query, self._times, self._step, self._budget)
        return self._known[key]

    def at(self, node: Node, query: str, place: int) -> Value:
        """The value at one of the times."""
        found = self.all(node, query)
        if isinstance(found, ScalarValue):
            return ScalarValue(found.values[place : place + 1])
        assert isinstance(found, Block)
        return _at(found, place)

    def before(self, node: Node, query: str, at: float) -> Value:
        """The value at another time, in seconds."""
        return self._engine.value(node, query, round(at * 1000), self._budget)


def _series(value: Value, count: int) -> tuple[list[PlayedSeries], int]:
    """The first series of a value, and how many there are."""
    if isinstance(value, ScalarValue):
        return [{"labels": {}, "points": [_finite(each) for each in value.values.tolist()]}], 1
    assert isinstance(value, Block)
    shown = range(min(MOST_SERIES, len(value.series)))
    columns = [vector_of(_at(value, place)) for place in range(count)]
    labels = [dict(row) for row in value.series.nameless.rows]
    points = [
        [_finite(float(each.values[place])) if each.present[place] else None for each in columns] for place in shown
    ]
    return [{"labels": labels[place], "points": points[place]} for place in shown], len(value.series)


def _at(value: Block, place: int) -> Block:
    """The value at one of its times."""
    here = slice(place, place + 1)
    histograms = None if value.histograms is None else value.histograms[here]
    return Block(value.series, value.values[here], value.present[here], histograms, value.unnamed)


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
