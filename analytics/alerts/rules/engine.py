"""The engine for expressions of rules: PromQL over series, LogQL over log lines."""

import time
from collections.abc import Callable

import numpy as np

from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.rules import LogExpression
from analytics.logql.source import LogSource
from analytics.logql.vectors import Vector
from analytics.promql.block import Block, Times
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Node
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.values import ScalarValue, Value

NANOSECONDS = 1_000_000
"""In a millisecond."""


class RuleEngine:
    """Evaluates expressions of both languages.

    Args:
        lines: the log lines; None where there are only series.
        limits: of a LogQL query, besides the budget.
    """

    def __init__(
        self,
        promql: PromqlEngine,
        lines: LogSource | None = None,
        limits: LogLimits = LogLimits(seconds=20.0),  # noqa: B008  # is immutable
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._promql, self._lines, self._limits, self._monotonic = promql, lines, limits, monotonic

    def value(self, node: Node, query: str, at: int, budget: Budget) -> Value:
        """The value at a time in milliseconds; `query` is the text that the expression is a part of.

        Raises:
            QueryError: there is none.
        """
        if isinstance(node, LogExpression):
            return self._counted(node, Steps(at * NANOSECONDS, at * NANOSECONDS, NANOSECONDS), 1, budget)
        return self._promql.value(node, query, at, budget)

    def over(self, node: Node, query: str, times: Times, step: int, budget: Budget) -> Value:
        """The value at several times in milliseconds, with that step between them.

        Raises:
            QueryError: there is none.
        """
        if not isinstance(node, LogExpression):
            return self._promql.over(node, query, times, step, budget)
        budget.check_steps(len(times))
        steps = Steps(*(int(each) * NANOSECONDS for each in (times[0], times[-1], step)))
        return self._counted(node, steps, len(times), budget)

    def _counted(self, node: LogExpression, steps: Steps, count: int, budget: Budget) -> Value:
        if self._lines is None:
            raise CannotEvaluate("there are no log lines here for an expression in LogQL")
        spent = LogBudget(self._limits, budget.pause, self._monotonic)
        try:
            found = MetricQuery(self._lines, steps, spent).value(node.expression)
        except BadLogQuery as error:
            raise CannotEvaluate(error.message) from None
        if isinstance(found, float):
            return ScalarValue(np.full(count, found))
        return _block(found, count)


def _block(vector: Vector, count: int) -> Block:
    values = np.array(list(vector.values())).T if vector else np.empty((count, 0))
    return Block(SeriesLabels(list(vector)), values, ~np.isnan(values))
