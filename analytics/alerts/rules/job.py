"""The work of the job that evaluates rules. What evaluates them is loaded as soon as there are any."""

from typing import TYPE_CHECKING

import gevent

from analytics.clock import Clock
from analytics.lazy import Lazy
from analytics.query.reader import Reader
from analytics.records import SERVICE_NAME
from analytics.state.state import State

if TYPE_CHECKING:
    from analytics.alerts.rules.evaluator import RuleEvaluator

LONGEST_WAIT = 1.0
"""Seconds between two looks for new rules. Rules are evaluated at whole seconds."""


class RuleJob:
    """Evaluates rules for ever.

    Args:
        evaluator: made when there is something to evaluate.
    """

    def __init__(self, evaluator: Lazy["RuleEvaluator"], reader: Reader, clock: Clock) -> None:
        self._evaluator, self._reader, self._clock = evaluator, reader, clock

    def run(self) -> None:
        """Evaluate what is due, again and again."""
        while True:
            due = self.step()
            now = self._clock.wall()
            gevent.sleep(max(0.001, min(LONGEST_WAIT - now % LONGEST_WAIT, due - now)))

    def step(self) -> float:
        """Evaluate what is due; returns the time of the next evaluation."""
        if self._evaluator.made is None and not self._reader.ask(_has_work):
            return float("inf")
        return self._evaluator().run_due()


def _has_work(state: State, now: float) -> bool:
    """Whether there is anything to evaluate: rules of users, objectives, or the default rules once there are data."""
    if len(state.alerts) or state.catalog.count("slos"):
        return True
    rules = state.catalog.named("rules")
    if any(each.updated_by != SERVICE_NAME for each in rules):
        return True
    return bool(rules) and (len(state.services) > 0 or len(state.series_store) > 0)
