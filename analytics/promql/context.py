"""The context in which an expression is evaluated: its steps, the storage, the budget."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.promql.annotations import Annotations
from analytics.promql.block import Block, Floats, Times
from analytics.promql.budget import Budget
from analytics.promql.errors import CannotEvaluate
from analytics.promql.nodes import Node, Selector, Subquery
from analytics.promql.storage import Asked, Grouping, SeriesStorage
from analytics.promql.values import ScalarValue, TextValue, Value


class Context(Struct, frozen=True):
    """Surroundings of an expression.

    Attributes:
        times: of the steps, in milliseconds.
        start, end: of the whole query, which `@ start()` and `@ end()` mean also within subqueries.
        step: milliseconds between two steps; 0 for an instant query.
        lookback: milliseconds for which a sample is valid.
        subquery_step: milliseconds between the steps of subqueries that do not name one.
        evaluate: evaluates an expression in a context.
    """

    times: Times
    start: int
    end: int
    step: int
    lookback: int
    subquery_step: int
    storage: SeriesStorage
    budget: Budget
    annotations: Annotations
    evaluate: Callable[[Node, "Context"], Value]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.times)

    def at(self, node: Selector | Subquery) -> Times:
        """The times that a selector or a subquery looks at, after `@` and `offset`."""
        pinned = {"start": self.start, "end": self.end}.get(str(node.pinned), node.pinned)
        times = self.times if pinned is None else np.full(self.steps, pinned, np.int64)
        return times - node.offset

    def asked(
        self,
        selector: Selector,
        times: Times,
        parameters: tuple[Floats, ...] = (),
        grouping: Grouping | None = None,
    ) -> Asked:
        """A question to the storage."""
        return Asked(selector, times, self.times, self.lookback, self.budget, self.annotations, parameters, grouping)

    def over(self, times: Times, step: int) -> "Context":
        """The context of a subquery's expression."""
        return replace(self, times=times, step=step)

    def vector(self, node: Node) -> Block:
        """An expression of which a vector is expected."""
        value = self.evaluate(node, self)
        if not isinstance(value, Block):
            raise CannotEvaluate("expected an instant vector")
        return value

    def scalar(self, node: Node) -> Floats:
        """An expression of which a scalar is expected."""
        value = self.evaluate(node, self)
        if not isinstance(value, ScalarValue):
            raise CannotEvaluate("expected a scalar")
        return value.values

    def text(self, node: Node) -> str:
        """An expression of which a text is expected."""
        value = self.evaluate(node, self)
        if not isinstance(value, TextValue):
            raise CannotEvaluate("expected a string")
        return value.value
