"""Answers queries: at one time, or at the steps of a range."""

import numpy as np
from msgspec import Struct

from analytics.promql.annotations import Annotations
from analytics.promql.block import Block, Times, named
from analytics.promql.budget import Budget
from analytics.promql.context import Context
from analytics.promql.errors import BadQuery, CannotEvaluate
from analytics.promql.evaluate import evaluate
from analytics.promql.nodes import Node
from analytics.promql.parse import parse
from analytics.promql.storage import Samples, SeriesStorage
from analytics.promql.values import ScalarValue, TextValue, Value

LOOKBACK = 300_000
SUBQUERY_STEP = 60_000


class QueryAnswer(Struct, frozen=True):
    """The result of a query.

    Attributes:
        times: milliseconds of the steps.
        step: milliseconds between them; 0 for an instant query.
        value: blocks have their final labels, each once.
    """

    times: Times
    step: int
    value: ScalarValue | TextValue | Block | Samples
    warnings: list[str]
    infos: list[str]


class PromqlEngine(Struct, frozen=True):
    """Evaluates queries over one storage.

    Attributes:
        lookback: milliseconds for which a sample is valid.
    """

    storage: SeriesStorage
    lookback: int = LOOKBACK
    subquery_step: int = SUBQUERY_STEP

    def instant(self, query: str, at: int, budget: Budget) -> QueryAnswer:
        """Evaluate at one time, in milliseconds.

        Raises:
            QueryError: there is no answer.
        """
        return self._answer(parse(query), query, np.array([at], np.int64), 0, budget)

    def value(self, node: Node, query: str, at: int, budget: Budget) -> Value:
        """The value of a parsed expression at one time, in milliseconds; `query` is the text that it is a part of.

        Raises:
            QueryError: there is none.
        """
        return self._answer(node, query, np.array([at], np.int64), 0, budget).value

    def over(self, node: Node, query: str, times: Times, step: int, budget: Budget) -> Value:
        """The value of a parsed expression at several times, in milliseconds and with that step between them.

        Raises:
            QueryError: there is none.
        """
        budget.check_steps(len(times))
        return self._answer(node, query, times, step, budget).value

    def range(self, query: str, start: int, end: int, step: int, budget: Budget) -> QueryAnswer:
        """Evaluate at each step, in milliseconds, from the start to the end.

        Raises:
            QueryError: there is no answer.
        """
        if step <= 0:
            raise BadQuery(
                'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
                "Try a positive integer"
            )
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
        count = (end - start) // step + 1
        budget.check_steps(count)
        times = np.arange(count, dtype=np.int64) * step + start
        return self._answer(parse(query), query, times, step, budget)

    def _answer(self, node: Node, query: str, times: Times, step: int, budget: Budget) -> QueryAnswer:
        annotations = Annotations(query)
        context = Context(
            times,
            int(times[0]),
            int(times[-1]),
            step,
            self.lookback,
            self.subquery_step,
            self.storage,
            budget,
            annotations,
            evaluate,
        )
        budget.pause()
        try:
            value = evaluate(node, context)
        except RecursionError:
            raise CannotEvaluate("the query is nested too deeply") from None
        except MemoryError:
            raise CannotEvaluate("the query needs too much memory") from None
        if isinstance(value, Block):
            value = named(value)
        elif step and not isinstance(value, ScalarValue):
            kind = "string" if isinstance(value, TextValue) else "range vector"
            raise BadQuery(
                f'invalid parameter "query": invalid expression type "{kind}" for range query, '
                "must be Scalar or instant Vector"
            )
        return QueryAnswer(times, step, value, annotations.warnings, annotations.infos)
