"""Builds what concerns alerts: rules and their evaluation."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.alerting import Alert, AlertKey
from analytics.alerts.rules.job import RuleJob
from analytics.alerts.rules.listing import Known
from analytics.alerts.rules.prometheus import prometheus_alerts, prometheus_groups
from analytics.catalog.collections import RULES, SLOS
from analytics.clock import Clock
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import POINTS
from analytics.lazy import Lazy
from analytics.log.recorder import Recorder
from analytics.log.refusal import Refused
from analytics.own_metrics.family import Family
from analytics.points import NewPoint
from analytics.query.reader import Reader
from analytics.records import ItemError
from analytics.resources import Resource
from analytics.state.state import State
from analytics.threads import Threads
from analytics.yielding import yield_if_due

if TYPE_CHECKING:
    from analytics.alerts.rules.engine import RuleEngine
    from analytics.alerts.rules.evaluator import RuleEvaluator


class Alerting:
    """Everything about alerts.

    Args:
        engine: makes the engine for expressions.
        public_url: the address of the service for templates; empty if it is not known.

    Attributes:
        evaluator: evaluates rules; made as soon as there are any.
        jobs: what runs by itself.
    """

    def __init__(
        self,
        clock: Clock,
        reader: Reader,
        recorder: Recorder,
        jobs: Supervisor,
        threads: Threads,
        engine: Callable[[], "RuleEngine"],
        public_url: str = "",
    ) -> None:
        self.evaluator = Lazy(lambda: make_evaluator(clock, reader, recorder, threads, engine(), public_url))
        self._reader = reader
        rules = RuleJob(self.evaluator, reader, clock)
        self.jobs: list[Job] = [jobs.loop("rule evaluator", rules.run, most_pause=1.0)]

    def known(self) -> Known:
        """What is known of rules and alerts."""
        resources, alerts, incidents = self._reader.ask(_rules_and_alerts)
        evaluator = self.evaluator.made
        evaluated = ({}, {}) if evaluator is None else (evaluator.groups, evaluator.problems)
        return Known(resources, alerts, *evaluated, incidents)

    def prometheus_groups(self) -> list[dict[str, Any]]:
        """Groups of rules as Prometheus' API has them."""
        return prometheus_groups(self.known())

    def prometheus_alerts(self) -> list[dict[str, Any]]:
        """Alerts as Prometheus' API has them."""
        return prometheus_alerts(self.known())

    def families(self) -> Iterator[Family]:
        """Own metrics."""
        if self.evaluator.made is not None:
            yield from self.evaluator.made.families()


def _rules_and_alerts(state: State, now: float) -> tuple[list[Resource], list[Alert], dict[AlertKey, str]]:
    alerts = list(state.alerts)
    of_alert = state.incidents.of_alert
    incidents = {alert.key: incident.id for alert in alerts if (incident := of_alert(alert.key)) is not None}
    objectives = state.catalog.named(SLOS.name)
    found = state.catalog.named(RULES.name)
    if objectives:
        from analytics.alerts.slo.groups import groups_of

        found = [*found, *groups_of(objectives)]
    return found, alerts, incidents


class _Points(NamedTuple):
    """A batch of points of the service itself."""

    items: Sequence[NewPoint]
    places: Sequence[int]
    errors: Sequence[ItemError] = ()


def make_evaluator(
    clock: Clock, reader: Reader, recorder: Recorder, threads: Threads, engine: "RuleEngine", public_url: str = ""
) -> "RuleEvaluator":
    """The evaluator of rules over what the engine sees."""
    from analytics.alerts.rules.evaluator import RuleEvaluator
    from analytics.alerts.rules.questions import Questions

    def write_points(points: Sequence[NewPoint]) -> None:
        receipt = recorder.record_batch(POINTS, _Points(points, range(len(points))))
        if receipt.errors:
            raise Refused(receipt.errors[0].code, receipt.errors[0].message)

    questions = Questions(engine, threads, yield_if_due, clock.monotonic)
    return RuleEvaluator(reader, questions, recorder.change_alerts, write_points, clock, yield_if_due, public_url)
