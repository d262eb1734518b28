"""The evaluator: evaluates each group of rules at its times, and records what changes."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial

from analytics.alerting import NORMAL, Alert, AlertChange, NewAlertStates
from analytics.alerts.rules.evaluation import Surroundings, evaluate_alerts, failed
from analytics.alerts.rules.questions import Questions
from analytics.alerts.rules.recording import PointWriter, record
from analytics.alerts.rules.rule import AlertRule, RecordingRule, Rule, prepared
from analytics.alerts.rules.running import RunningGroup
from analytics.alerts.rules.template_queries import template_queries
from analytics.alerts.slo.groups import groups_of
from analytics.clock import Clock
from analytics.errors import AnalyticsError
from analytics.own_metrics.family import Family, by_label, gauge
from analytics.points import Labels
from analytics.promql.errors import BadQuery, QueryError
from analytics.query.reader import Reader
from analytics.resources import Resource
from analytics.state.state import State
from analytics.templating.data import Outside
from analytics.templating.errors import BadTemplate

RULES_COLLECTION, SLOS_COLLECTION = "rules", "slos"
BEFORE = 0.001
"""Seconds by which an evaluation looks before its time, so that it never takes the open second for a whole one."""

log = logging.getLogger(__name__)


class RuleEvaluator:
    """Evaluates all groups.

    Args:
        record_changes: records changes of alerts. Raises `Unavailable`.
        write_points: records points. Raises `Unavailable`.
        pause: lets other greenlets run.
        public_url: the address of the service for templates; empty if it is not known.

    Attributes:
        groups: by their names.
        problems: of groups that cannot be evaluated at all, by their names.
    """

    def __init__(
        self,
        reader: Reader,
        questions: Questions,
        record_changes: Callable[[NewAlertStates], object],
        write_points: PointWriter,
        clock: Clock,
        pause: Callable[[], None],
        public_url: str = "",
    ) -> None:
        self._reader, self._questions, self._clock, self._pause = reader, questions, clock, pause
        self._record_changes, self._write_points = record_changes, write_points
        self._tag, self._public_url = "", public_url
        self.groups: dict[str, RunningGroup] = {}
        self.problems: dict[str, str] = {}
        self._evaluations = self._failures = 0

    def run_due(self) -> float:
        """Evaluate the groups that are due; returns the time of the next one, in seconds since the epoch.

        Raises:
            Unavailable: what changed could not be written; the next evaluation finds it again.
        """
        self._load()
        now = self._clock.wall()
        due = sorted((each for each in self.groups.values() if each.is_due(now)), key=_due)
        for running in due:
            self._evaluate(running, running.take_due(self._clock.wall()))
        return min(map(_due, self.groups.values()), default=float("inf"))

    def families(self) -> Iterator[Family]:
        """Own metrics."""
        yield gauge("rule_groups", "Groups of rules that are evaluated", len(self.groups))
        yield by_label(
            "rule_evaluations",
            "counter",
            "Evaluations of rules, by outcome",
            "outcome",
            {"ok": self._evaluations - self._failures, "failed": self._failures},
        )
        slowest = max((each.seconds for each in self.groups.values()), default=0.0)
        yield gauge("rule_group_seconds", "Duration of the newest evaluation of a group, the longest one", slowest)
        latest = max((each.lateness for each in self.groups.values()), default=0.0)
        yield gauge("rule_lateness_seconds", "How late the newest evaluation of a group began, at most", latest)

    def _load(self) -> None:
        """Take over changes of the catalog, and end the alerts of rules that are gone."""
        tag, resources = self._reader.ask(_resources, self._tag)
        if resources is None:
            return
        now, running = self._clock.wall(), dict[str, RunningGroup]()
        self.problems = {}
        for resource in resources:
            known = self.groups.get(resource.name)
            if known is not None and known.version == resource.version:
                running[resource.name] = known
                continue
            try:
                running[resource.name] = RunningGroup(prepared(resource.name, resource.body), resource.version, now)
            except (BadQuery, BadTemplate) as error:
                self.problems[resource.name] = error.message
            self._pause()
        self.groups = running
        self._end_gone(now)
        self._tag = tag

    def _end_gone(self, now: float) -> None:
        rules = {name: set(each.memories) for name, each in self.groups.items()}
        for group, alerts in self._reader.ask(_alerts_by_group).items():
            if group in self.problems:
                continue
            kept = rules.get(group, set())
            gone = [each for each in alerts if each.key.rule not in kept and each.state != NORMAL]
            changes = [
                AlertChange(each.key.rule, each.key.labels, NORMAL, False, each.value, each.annotations)
                for each in gone
            ]
            if changes:
                self._record_changes(NewAlertStates(group, now, changes))

    def _evaluate(self, running: RunningGroup, at: float) -> None:
        """Evaluate a group at a time."""
        group, begun = running.group, self._clock.monotonic()
        running.lateness, running.evaluated = self._clock.wall() - at, at
        alerts, outages = self._reader.ask(_alerts_of, group.name)
        by_rule: dict[str, dict[Labels, Alert]] = {}
        for alert in alerts:
            by_rule.setdefault(alert.key.rule, {})[alert.key.labels] = alert
        looks_at = at - group.delay - BEFORE
        ask = partial(self._questions.value, at=looks_at)
        around = Surroundings(
            at,
            ask,
            lambda node, query, before: self._questions.value(node, query, before - group.delay - BEFORE),
            Outside(template_queries(ask), url=self._public_url),
            outages,
            lru_cache(self._depended),
            group.limit,
            self._pause,
        )
        changes: list[AlertChange] = []
        for rule in group.rules:
            if not _is_settling(rule, outages, at):
                changes += self._evaluated(running, rule, by_rule.get(rule.id, {}), around, looks_at)
                self._pause()
        if changes:
            self._record_changes(NewAlertStates(group.name, at, changes))
        running.seconds = self._clock.monotonic() - begun

    def _evaluated(
        self,
        running: RunningGroup,
        rule: Rule,
        alerts: Mapping[Labels, Alert],
        around: Surroundings,
        looks_at: float,
    ) -> list[AlertChange]:
        """The changes that an evaluation of one rule makes."""
        status, begun = running.statuses[rule.id], self._clock.monotonic()
        self._evaluations += 1
        changes: list[AlertChange] = []
        status.health, status.error = "ok", ""
        try:
            if isinstance(rule, RecordingRule):
                recorded = record(rule, around.ask, running.recorded.get(rule.id, ()), looks_at, around.limit)
                running.recorded[rule.id] = recorded.labels
                status.value = recorded.value
                self._write_points(recorded.points)
            else:
                found = evaluate_alerts(rule, running.memories[rule.id], alerts, around)
                changes, status.value, status.values = found.changes, found.value, found.values
        except (QueryError, AnalyticsError) as error:
            changes = self._failed(running, rule, alerts, around, error.message)
        except Exception as error:
            log.exception("a rule could not be evaluated because of a bug", extra={"rule": rule.id})
            changes = self._failed(running, rule, alerts, around, f"cannot be evaluated ({type(error).__name__})")
        status.evaluated, status.seconds = around.at, self._clock.monotonic() - begun
        return changes

    def _failed(
        self,
        running: RunningGroup,
        rule: Rule,
        alerts: Mapping[Labels, Alert],
        around: Surroundings,
        message: str,
    ) -> list[AlertChange]:
        self._failures += 1
        status = running.statuses[rule.id]
        status.health, status.error = "err", message
        if isinstance(rule, AlertRule):
            return failed(rule, running.memories[rule.id], alerts, around).changes
        return []

    def _depended(self, name: str) -> Iterable[Labels]:
        """Labels of the alerts that fire under a name, without those that their rules add."""
        found = []
        for alert in self._reader.ask(_firing, name):
            running = self.groups.get(alert.key.group)
            memory = None if running is None else running.memories.get(alert.key.rule)
            found.append(alert.key.labels if memory is None else memory.labelling.sampled(alert.key.labels))
        return found


def _due(running: RunningGroup) -> float:
    return running.due


def _is_settling(rule: Rule, outages: tuple[tuple[float, float], ...], at: float) -> bool:
    """Whether the service was off so shortly before that a rule would take that for silence of others."""
    if not outages:
        return False
    start, end = outages[-1]
    return at < end + min(end - start, rule.settle)


def _resources(state: State, now: float, known: str) -> tuple[str, list[Resource] | None]:
    """The tag of all groups, and they themselves unless the tag is known."""
    tag = " ".join(map(state.catalog.tag, (RULES_COLLECTION, SLOS_COLLECTION)))
    if tag == known:
        return tag, None
    found = [*state.catalog.named(RULES_COLLECTION), *groups_of(state.catalog.named(SLOS_COLLECTION))]
    return tag, sorted(found, key=lambda each: each.name)


def _alerts_of(state: State, now: float, group: str) -> tuple[list[Alert], tuple[tuple[float, float], ...]]:
    return state.alerts.of_group(group), tuple(state.alerts.outages)


def _alerts_by_group(state: State, now: float) -> dict[str, list[Alert]]:
    return {group: state.alerts.of_group(group) for group in state.alerts.groups()}


def _firing(state: State, now: float, name: str) -> list[Alert]:
    return [alert for alert in state.alerts if alert.is_firing and ("alertname", name) in alert.key.labels]
