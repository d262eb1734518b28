"""Evaluates the expressions of rules: short ones in the event loop, long ones in a thread, within limits."""

from collections.abc import Callable, Iterator

from analytics.alerts.rules.engine import RuleEngine
from analytics.logql.rules import LogExpression
from analytics.promql.budget import Budget, Limits
from analytics.promql.nodes import Node
from analytics.promql.values import Value
from analytics.threads import Threads

LIMITS = Limits(samples=10_000_000, series=100_000, seconds=20.0)
LOOP_SAMPLES = 200_000
LOOP_SECONDS = 0.05
"""Samples and seconds of an expression that is evaluated in the event loop."""
MOST_LONG = 10_000


class _LongError(Exception):
    """The expression takes too long for the event loop."""


class Questions:
    """Evaluates expressions.

    Args:
        pause: lets other greenlets run; called every few milliseconds.
        monotonic: seconds.
    """

    def __init__(
        self, engine: RuleEngine, threads: Threads, pause: Callable[[], None], monotonic: Callable[[], float]
    ) -> None:
        self._engine, self._threads, self._pause, self._monotonic = engine, threads, pause, monotonic
        self._long: set[tuple[str, int]] = set()

    def value(self, node: Node, query: str, at: float) -> Value:
        """The value of an expression at a time in seconds; `query` is the text that it is a part of.

        Raises:
            QueryError: there is none.
        """
        milliseconds, place = round(at * 1000), (query, node.at)
        if isinstance(node, LogExpression):  # the source of lines computes elsewhere
            return self._engine.value(node, query, milliseconds, Budget(LIMITS, self._pause, self._monotonic))
        if place not in self._long:
            try:
                return self._engine.value(node, query, milliseconds, self._loop_budget())
            except _LongError:
                if len(self._long) >= MOST_LONG:
                    self._long.clear()
                self._long.add(place)

        def made() -> Iterator[Value]:
            budget = Budget(LIMITS, self._threads.pause, self._monotonic)
            yield self._engine.value(node, query, milliseconds, budget)

        with self._threads.items(made) as items:
            return next(items)

    def _loop_budget(self) -> Budget:
        since, used = self._monotonic(), 0.0

        def pause() -> None:
            nonlocal since, used
            used += self._monotonic() - since
            if budget.samples > LOOP_SAMPLES or used > LOOP_SECONDS:
                raise _LongError
            self._pause()
            since = self._monotonic()

        budget = Budget(LIMITS, pause, self._monotonic)
        return budget
