"""Charts in messages: the values that a rule compared in the hour before, with its threshold and the time it fires."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from analytics.alerting import AlertKey
from analytics.alerts.notify.png import Chart, png
from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.naming import named_rules
from analytics.clock import Clock
from analytics.errors import AnalyticsError
from analytics.logql.rules import compared_with_number, parse_rule
from analytics.notifications import MessageAlert, QueuedMessage
from analytics.points import Labels
from analytics.promql.block import Block
from analytics.promql.budget import Budget, Limits
from analytics.promql.errors import QueryError
from analytics.promql.nodes import NumberNode
from analytics.promql.values import ScalarValue, Value
from analytics.query.reader import Reader
from analytics.state.state import State
from analytics.threads import Threads

WIDTH, HEIGHT = 480, 120
SPAN, STEP = 3_600, 60
LIMITS = Limits(samples=2_000_000, series=10_000, seconds=5.0)

logger = logging.getLogger(__name__)


class _Question(NamedTuple):
    """The expression of an alert's rule."""

    alert: MessageAlert
    expr: str
    language: str | None


class AlertCharts:
    """Makes charts of alerts.

    Args:
        engine: over the series and lines that are kept.
    """

    def __init__(self, engine: RuleEngine, reader: Reader, threads: Threads, clock: Clock) -> None:
        self._engine, self._reader, self._threads, self._clock = engine, reader, threads, clock

    def __call__(self, message: QueuedMessage) -> bytes | None:
        """A PNG for the first alert of a message; None where there are no values. A message needs no chart."""
        alert = next((each for each in message.alerts if each.ended is None), next(iter(message.alerts), None))
        expr = None if alert is None else self._reader.ask(_expression, alert.key)
        if alert is None or expr is None:
            return None
        question = _Question(alert, *expr)
        try:
            with self._threads.items(lambda: self._made(question)) as items:
                return next(items)
        except (QueryError, AnalyticsError) as error:
            logger.warning("a chart could not be made", extra={"rule": alert.key.rule, "reason": error.message})
        except Exception:
            logger.exception("a chart could not be made because of a bug", extra={"rule": alert.key.rule})
        return None

    def _made(self, question: _Question) -> Iterator[bytes | None]:
        node = parse_rule(question.expr, question.language)
        compared = compared_with_number(node)
        end = int(self._clock.wall()) // 10 * 10
        times = np.array(range(end - SPAN, end + 1, STEP), np.int64) * 1_000
        budget = Budget(LIMITS, self._threads.pause, time.monotonic)
        asked = node if compared is None else compared.left
        values = series_of(
            self._engine.over(asked, question.expr, times, STEP * 1_000, budget), question.alert.key.labels
        )
        limit = compared.right.value if compared is not None and isinstance(compared.right, NumberNode) else None
        fired = int(np.searchsorted(times, question.alert.fired * 1_000))
        if sum(value is not None for value in values) < 2:
            yield None
        else:
            threshold = limit if limit is not None and abs(limit) < float("inf") else None
            yield png(Chart(values, threshold, fired if question.alert.ended is None else None), WIDTH, HEIGHT)


def series_of(value: Value, labels: Labels) -> Sequence[float | None]:
    """The values of the first series whose labels an alert has; none without one."""
    if isinstance(value, ScalarValue):
        return [number if abs(number) < float("inf") else None for number in value.values.tolist()]
    if not isinstance(value, Block):
        return ()
    for place, row in enumerate(value.series.nameless.rows):
        if set(row) <= set(labels):
            present = value.present[:, place] & np.isfinite(value.values[:, place])
            numbers = value.values[:, place].tolist()
            return [number if is_there else None for number, is_there in zip(numbers, present.tolist(), strict=True)]
    return ()


def _expression(state: State, now: float, key: AlertKey) -> tuple[str, str | None] | None:
    """The expression of the rule of an alert, and its language if it says so; None where it is gone."""
    resource = state.catalog.get("rules", key.group)
    rules: Sequence[Mapping[str, Any]] = () if resource is None else resource.body["rules"]
    found = next((body for id_, _, body in named_rules(rules) if id_ == key.rule), None)
    return None if found is None else (found["expr"], found.get("language"))
