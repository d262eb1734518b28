"""Recording rules: their results as points."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from analytics.alerts.rules.evaluation import Ask
from analytics.alerts.rules.rule import RecordingRule
from analytics.alerts.rules.sampled import vector_of
from analytics.points import GAUGE, NAME_LABEL, Labels, NewPoint, labels_of
from analytics.promql.block import Block
from analytics.promql.errors import CannotEvaluate
from analytics.records import SERVICE_NAME
from analytics.templating.data import alert_data

PointWriter = Callable[[Sequence[NewPoint]], None]
"""Records points. Raises `AnalyticsError` if one of them was refused."""


class RecordedResult(NamedTuple):
    """The points of an evaluation: values, and a stale marker for each series that has none any more."""

    points: list[NewPoint]
    labels: set[Labels]
    value: float | None


def record(rule: RecordingRule, ask: Ask, before: Iterable[Labels], at: float, limit: int) -> RecordedResult:
    """The points for the result of a rule.

    Args:
        before: labels of the series that it had in the evaluation before.
        at: their time, in seconds since the epoch.
        limit: most series; 0 for any number.

    Raises:
        QueryError: there is no result.
    """
    value = ask(rule.node, rule.query)
    if isinstance(value, Block) and value.are_histograms.any():
        raise CannotEvaluate("histograms cannot be recorded: record a quantile, a count or a sum of them")
    vector = vector_of(value)
    found: dict[Labels, float] = {}
    for sample, number in vector.where(vector.present):
        data = alert_data(sample, number)
        added = [(name, template.text(data)) for name, template in rule.labels]
        labels = labels_of([*sample, *added, (NAME_LABEL, rule.name)])
        if labels in found:
            raise CannotEvaluate("vector contains metrics with the same labelset after applying rule labels")
        found[labels] = number
    if limit and len(found) > limit:
        raise CannotEvaluate(f"exceeded limit of {limit} with {len(found)} series")
    points = [NewPoint(labels, GAUGE, number, at, sender=SERVICE_NAME) for labels, number in found.items()]
    gone = sorted(set(before) - found.keys())
    points += [NewPoint(labels, GAUGE, None, at, sender=SERVICE_NAME) for labels in gone]
    return RecordedResult(points, set(found), next(iter(found.values()), None))
