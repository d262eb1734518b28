"""A service with rules around one clock that the test controls."""

from collections.abc import Sequence
from typing import Any

from analytics.alerting import Alert
from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.evaluator import RuleEvaluator
from analytics.alerts.rules.questions import Questions
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.factory.alerts import make_evaluator
from analytics.kinds import LOGS, POINTS
from analytics.log_lines import NewLogLine
from analytics.points import COUNTER, GAUGE, NAME_LABEL, NewPoint, labels_of
from analytics.query.cells.build import make_engine
from analytics.query.records.log_source import RecordLogSource
from analytics.query.records.memory import MemoryRecords
from analytics.resources import NewChange
from analytics.state.state import State
from analytics.threads import Threads
from tests.state.rig import NOON, Rig, batch


class RuleRig:
    """Rules are evaluated when the clock is set.

    Args:
        rig: the service; None for a new one.
    """

    def __init__(self, wall: float = NOON, rig: Rig | None = None) -> None:
        self.rig = Rig(wall) if rig is None else rig
        self.restart()

    def restart(self) -> None:
        """Forget what only the evaluator remembers, as a restart of the service does."""
        rig = self.rig
        lines = RecordLogSource(MemoryRecords(rig.reader, Threads(), rig.clock.monotonic))
        engine = RuleEngine(make_engine(rig.reader, rig.state.series.levels), lines)
        self.questions = Questions(engine, Threads(), lambda: None, rig.clock.monotonic)
        self.evaluator: RuleEvaluator = make_evaluator(rig.clock, rig.reader, rig.recorder, Threads(), engine)

    def put(self, group: str, body: dict[str, Any] | None) -> None:
        """Put a group of rules, or delete it."""
        if body is not None:
            body = item_of(RULES, group, body, 0.0, None).body
        self.rig.recorder.change(NewChange(RULES.name, group, body))

    def gauge(self, name: str, value: float | None, at: float | None = None, **labels: str) -> None:
        """Record a value of a gauge; None for a stale marker."""
        self.points([NewPoint(labels_of([(NAME_LABEL, name), *labels.items()]), GAUGE, value, at)])

    def counter(self, name: str, total: float, at: float | None = None, **labels: str) -> None:
        """Record the total of a counter."""
        labelled = labels_of([(NAME_LABEL, name), *labels.items()])
        self.points([NewPoint(labelled, COUNTER, total, at, is_cumulative=True)])

    def points(self, points: Sequence[NewPoint]) -> None:
        receipt = self.rig.recorder.record_batch(POINTS, batch(*points))
        assert not receipt.errors, receipt.errors

    def lines(self, *lines: NewLogLine) -> None:
        """Record log lines."""
        assert self.rig.recorder.record_batch(LOGS, batch(*lines)).accepted == len(lines)

    def set(self, wall: float) -> None:
        """Set the clock, and evaluate what is due."""
        self.rig.clock.set(wall)
        self.evaluator.run_due()

    def advance(self, seconds: int) -> None:
        """Let seconds pass, one after the other."""
        for _ in range(seconds):
            self.set(self.rig.clock.wall() + 1)

    @property
    def alerts(self) -> list[Alert]:
        return self.rig.reader.ask(_alerts)

    def states(self) -> dict[str, str]:
        """States by the values of the alerts' labels, without those that ended."""
        return {
            "/".join(value for _, value in alert.key.labels): alert.state
            for alert in self.alerts
            if alert.state != "normal"
        }


def _alerts(state: State, now: float) -> list[Alert]:
    return list(state.alerts)
