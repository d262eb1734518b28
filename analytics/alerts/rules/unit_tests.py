"""Unit tests of rules in promtool's format: series and log lines in, and which alerts fire when.

Source: prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.alerting import Alert
from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.input_lines import MakeLine, lines_of
from analytics.alerts.rules.parts_of_tests import (
    QUERY_TESTS,
    BadTestFile,
    list_of,
    mapping_of,
    milliseconds_of,
    texts_of,
)
from analytics.alerts.rules.playing import AskAt, Step, play
from analytics.alerts.rules.recording import record
from analytics.alerts.rules.rule import RecordingRule, RuleGroup
from analytics.alerts.rules.sampled import vector_of
from analytics.logql.rules import Language, parse_rule
from analytics.points import Labels, labels_of
from analytics.promql import notation
from analytics.promql.block import Block
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import QueryError
from analytics.promql.nodes import Node
from analytics.promql.raw_samples import RawSamples, Sample
from analytics.promql.values import Value
from analytics.query.records.given import GivenLines
from analytics.query.records.log_source import RecordLogSource
from analytics.templating.data import Outside

USUAL_INTERVAL = "1m"
MOST_STEPS = 100_000
MOST_SAMPLES = 1_000_000


class ExpectedAlert(NamedTuple):
    """Labels and annotations of alerts that must fire."""

    labels: Labels
    annotations: tuple[tuple[str, str], ...]


def rule_files(tests: Any) -> list[str]:
    """The names of the rule files that a file of tests names. Raises `BadTestFile`."""
    found = mapping_of(tests, "file").get("rule_files", [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise BadTestFile("rule_files: must be a list of names")
    return found


def run_tests(
    tests: Any, groups: Sequence[RuleGroup], make_line: MakeLine, pause: Callable[[], None] = lambda: None
) -> list[str]:
    """Run all tests of a file with these groups of rules; returns a sentence for each failure.

    Args:
        make_line: makes the log lines that tests have.
        pause: called now and then, to let others run.

    Raises:
        BadTestFile: the file is not valid.
    """
    file = mapping_of(tests, "file")
    order = [str(name) for name in list_of(file, "group_eval_order")]
    ordered = sorted(groups, key=lambda group: order.index(group.title) if group.title in order else len(order))
    interval = milliseconds_of(file.get("evaluation_interval", USUAL_INTERVAL), "evaluation_interval")
    failures = []
    for number, each in enumerate(list_of(file, "tests"), 1):
        test = mapping_of(each, "test")
        name = str(test.get("name") or f"test {number}")
        failures += [f"{name}: {failure}" for failure in _run(test, ordered, interval, make_line, pause)]
    return failures


def _run(
    test: Mapping[str, Any],
    groups: Sequence[RuleGroup],
    interval: int,
    make_line: MakeLine,
    pause: Callable[[], None],
) -> list[str]:
    step = milliseconds_of(test.get("interval", USUAL_INTERVAL), "interval")
    samples, _ = samples_of([mapping_of(each, "series") for each in list_of(test, "input_series")], step)
    lines = lines_of(list_of(test, "input_lines"), step, make_line)
    alerts = [mapping_of(each, "alert_rule_test") for each in list_of(test, "alert_rule_test")]
    queries = [(kind, mapping_of(each, kind)) for kind in QUERY_TESTS for each in list_of(test, kind)]
    times = [milliseconds_of(each.get("eval_time", "0s"), "eval_time") for each in (*alerts, *(q for _, q in queries))]
    if max(times, default=0) // interval > MOST_STEPS:
        raise BadTestFile(f"needs more than {MOST_STEPS:,} evaluations")

    def ask(node: Node, query: str, at: float) -> Value:
        return rules.value(node, query, round(at * 1000), Budget(Limits(), pause))

    def keep(rule: RecordingRule, ask_at: AskAt, at: float) -> None:
        for point in record(rule, lambda node, query: ask_at(node, query, at), (), at, 0).points:
            if point.value is not None:
                samples.add(point.labels, [Sample(round(at * 1000), point.value)])

    failures: list[str] = []
    with GivenLines(lines) as given:
        rules = RuleEngine(PromqlEngine(samples), RecordLogSource(given))
        try:
            every = [at / 1000 for at in range(0, max(times, default=0) + 1, interval)]
            outside = Outside(None, dict(texts_of(test, "external_labels")), str(test.get("external_url") or ""))
            steps = play(groups, every, ask, keep, outside=outside)
            for played in steps:
                now = round(played.at * 1000)
                for each in alerts:
                    if now <= milliseconds_of(each.get("eval_time", "0s"), "eval_time") < now + interval:
                        failures += _check_alerts(each, played)
        except QueryError as error:
            return [f"a rule cannot be evaluated: {error.message}"]
        for kind, each in queries:
            failures += _check_query(each, QUERY_TESTS[kind], ask)
    return failures


def samples_of(series: Sequence[Mapping[str, Any]], step: int) -> tuple[RawSamples, int]:
    """Samples of series in the notation, a value every `step` milliseconds from 0 on, and the last time.

    Raises:
        BadTestFile: a series is not valid.
    """
    samples, last, left = RawSamples(), 0, MOST_SAMPLES
    for given in series:
        try:
            labels, rest = notation.series(str(given.get("series", "")))
            if rest:
                raise ValueError(f"{rest!r} is behind the series")
            values = notation.values(str(given.get("values", "")), left)
        except ValueError as error:
            raise BadTestFile(f"input_series: {error}") from None
        left -= len(values)
        last = max(last, (len(values) - 1) * step)
        samples.add(labels, [Sample(place * step, value) for place, value in enumerate(values) if value is not None])
    return samples, last


def _check_alerts(test: Mapping[str, Any], step: Step) -> Iterator[str]:
    name, time = str(test.get("alertname", "")), str(test.get("eval_time", "0s"))
    wanted = sorted(_expected(name, mapping_of(each, "exp_alerts")) for each in list_of(test, "exp_alerts"))
    found = sorted(map(_shown, (alert for alert in step.alerts if _fires(alert, name))))
    if wanted != found:
        yield f"alertname: {name}, time: {time}, expected: {_text(wanted)}, got: {_text(found)}"


def _fires(alert: Alert, name: str) -> bool:
    return alert.is_firing and ("alertname", name) in alert.key.labels


def _expected(name: str, given: Mapping[str, Any]) -> ExpectedAlert:
    labels = labels_of([*texts_of(given, "exp_labels"), ("alertname", name)])
    return ExpectedAlert(labels, tuple(sorted(texts_of(given, "exp_annotations"))))


def _shown(alert: Alert) -> ExpectedAlert:
    return ExpectedAlert(alert.key.labels, tuple(sorted(alert.annotations.items())))


def _text(alerts: Sequence[ExpectedAlert]) -> str:
    return str([{"labels": dict(each.labels), "annotations": dict(each.annotations)} for each in alerts])


def _check_query(test: Mapping[str, Any], language: Language, ask: AskAt) -> Iterator[str]:
    expression, time = str(test.get("expr", "")), str(test.get("eval_time", "0s"))
    place = f"expr: {expression!r}, time: {time}"
    wanted: dict[Labels, float] = {}
    for each in list_of(test, "exp_samples"):
        sample = mapping_of(each, "exp_samples")
        if "histogram" in sample:
            raise BadTestFile("exp_samples: histograms cannot be compared; compare a number of them")
        try:
            labels, rest = notation.series(str(sample.get("labels", "")) or "{}")
            wanted[labels] = notation.number(str(sample.get("value", 0)))
        except ValueError as error:
            raise BadTestFile(f"exp_samples: {error}") from None
        if rest:
            raise BadTestFile(f"exp_samples: {rest!r} is behind the labels")
    try:
        value = ask(parse_rule(expression, language), expression, milliseconds_of(time, "eval_time") / 1000)
    except QueryError as error:
        yield f"{place}, error: {error.message}"
        return
    vector = vector_of(value)
    rows = value.series.rows if isinstance(value, Block) else vector.rows
    found = {rows[index]: float(vector.values[index]) for index in range(len(rows)) if vector.present[index]}
    if found.keys() != wanted.keys() or not all(_same(found[labels], number) for labels, number in wanted.items()):
        yield f"{place}, expected: {_samples(wanted)}, got: {_samples(found)}"


def _same(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=1e-9) or (math.isnan(first) and math.isnan(second))


def _samples(found: Mapping[Labels, float]) -> str:
    return str([{"labels": dict(labels), "value": value} for labels, value in sorted(found.items())])
