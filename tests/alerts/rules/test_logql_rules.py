"""Rules in LogQL: alerts and recorded metrics of log lines, beside those in PromQL."""

from typing import Any

import pytest

from analytics.alerts.rules.engine import RuleEngine
from analytics.alerts.rules.rule import AlertRule, prepared
from analytics.alerts.rules.trial import TrialTimes, try_rule
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import RULES
from analytics.catalog.documents import read
from analytics.clock import rfc3339
from analytics.errors import ValidationFailed
from analytics.log_lines import NewLogLine
from analytics.promql.budget import Budget
from analytics.query.cells.build import make_engine
from analytics.query.records.log_source import RecordLogSource
from tests.alerts.rules.rig import RuleRig
from tests.query.records.memory_source import MemorySource, line
from tests.state.rig import NOON

FAILED = 'sum by (service_name) (count_over_time({service_name=~".+"} |= "failed" [1m]))'
LOKI_FILE = b"""
groups:
  - name: should_fire
    interval: 1m
    limit: 10
    rules:
      - alert: HighPercentageError
        expr: |
          sum(rate({app="foo", env="production"} |= "error" [5m])) by (job)
            /
          sum(rate({app="foo", env="production"}[5m])) by (job)
            > 0.05
        for: 10m
        labels:
          severity: page
        annotations:
          summary: High request latency
  - name: credentials_leak
    rules:
      - alert: http-credentials-leaked
        annotations:
          message: "{{ $labels.job }} is leaking http basic auth credentials."
        expr: 'sum by (cluster, job) (count_over_time({namespace="prod"} |~ "http(s?)://(\\\\w+):(\\\\w+)@" [5m]) > 0)'
        for: 10m
        labels:
          severity: critical
      - record: nginx:requests:rate1m
        expr: |
          sum(
            rate({container="nginx"}[1m])
          )
        labels:
          cluster: "us-central1"
"""


@pytest.fixture
def rig() -> RuleRig:
    return RuleRig()


def alert(expr: str, **fields: Any) -> dict[str, Any]:
    return {"interval": "1s", "rules": [{"alert": "A", "expr": expr, **fields}]}


def failed(service: str, count: int = 1) -> list[NewLogLine]:
    return [NewLogLine(service, "payment failed")] * count


def refusal(rule: dict[str, Any]) -> str:
    with pytest.raises(ValidationFailed) as error:
        item_of(RULES, "g", {"rules": [{"alert": "A", **rule}]}, 0.0, None)
    return str(error.value.fields)


def language(expr: str, **fields: Any) -> str:
    (rule,) = prepared("g", alert(expr, **fields)).rules
    return "logql" if type(rule.node).__name__ == "LogExpression" else "promql"


def test_an_alert_fires_for_each_series_of_lines_and_ends_when_they_have_left_the_window(rig: RuleRig) -> None:
    rig.put("g", alert(f"{FAILED} > 2", annotations={"summary": "{{ $labels.service_name }}: {{ $value }}"}))
    rig.lines(*failed("shop", 3), *failed("cart", 2), NewLogLine("shop", "all is well"))
    rig.advance(2)
    assert rig.states() == {"A/shop": "firing"}
    (firing,) = [each for each in rig.alerts if each.is_firing]
    assert firing.annotations["summary"] == "shop: 3"
    rig.lines(*failed("cart"))
    rig.advance(2)
    assert rig.states() == {"A/shop": "firing", "A/cart": "firing"}
    rig.set(rig.rig.clock.wall() + 70)
    assert rig.states() == {}


def test_lines_are_counted_as_late_as_the_group_says(rig: RuleRig) -> None:
    rig.put("g", {"delay": "10s", **alert(f"{FAILED} > 2")})
    rig.lines(*failed("shop", 3))
    rig.set(NOON + 9)
    assert rig.states() == {}
    rig.set(NOON + 13)
    assert rig.states() == {"A/shop": "firing"}


def test_missing_lines_and_clear_work_as_with_series(rig: RuleRig) -> None:
    rig.put("g", alert(f"{FAILED} > 2", clear="< 2"))
    rig.put("missing", alert(f"{FAILED} < 1", no_data="alert", no_data_after="5s"))
    rig.lines(*failed("shop", 2))
    rig.set(NOON + 30)
    rig.lines(*failed("shop"))
    rig.set(NOON + 32)
    assert rig.states() == {"A/shop": "firing"}
    rig.set(NOON + 61.5)  # one is left
    assert rig.states() == {}
    rig.set(NOON + 95)
    rig.set(NOON + 102)
    assert rig.states() == {"A/shop": "no_data"}


def test_a_count_of_lines_is_recorded_as_a_metric_that_promql_reads(rig: RuleRig) -> None:
    rig.put("g", {"interval": "1s", "rules": [{"record": "failed_lines", "expr": FAILED, "labels": {"team": "web"}}]})
    rig.put("h", alert('failed_lines{team="web"} >= 3'))
    rig.lines(*failed("shop", 3), *failed("cart", 2))
    rig.advance(4)
    assert rig.states() == {"A/shop/web": "firing"}


def test_a_query_that_costs_too_much_is_an_error_of_the_rule(rig: RuleRig) -> None:
    rig.put("g", alert('sum(count_over_time({service_name="shop"} | json [1m])) > 0', on_error="alert"))
    rig.lines(NewLogLine("shop", "no json"))
    rig.advance(2)
    status = rig.evaluator.groups["g"].statuses
    (found,) = status.values()
    assert "JSONParserErr" in found.error
    assert rig.states() == {"A": "error"}


def test_rule_files_of_loki_are_taken_unchanged() -> None:
    bodies = read(LOKI_FILE, "rules.yaml").collections[RULES.name]
    groups = [prepared(name, item_of(RULES, name, body, 0.0, None).body) for name, body in bodies.items()]
    rules = [rule for group in groups for rule in group.rules]
    assert [type(rule.node).__name__ for rule in rules] == ["LogExpression"] * 3
    first = rules[0]
    assert isinstance(first, AlertRule)
    assert first.compared is not None
    assert first.compared.operator == ">"


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('count_over_time({service_name="shop"} |= "x" [5m]) > 1', "logql"),
        ('sum(rate({app="shop"} | json | status >= 500 [1m]))', "logql"),
        ('avg_over_time({app="shop"} | logfmt | unwrap took [1m])', "logql"),
        ('bytes_rate({app="shop"}[1m])', "logql"),
        ('rate({app="shop"}[5m]) > 1', "logql"),
        ('rate({__name__="requests", app="shop"}[5m]) > 1', "promql"),
        ('rate(requests{app="shop"}[5m]) > 1', "promql"),
        ('{service="shop"} > 1', "promql"),
        ('deriv({service="shop"}[5m]) > 1', "promql"),
    ],
)
def test_the_language_of_an_expression_is_recognized(expr: str, expected: str) -> None:
    assert language(expr) == expected


def test_a_rule_may_say_its_language() -> None:
    assert language('rate({app="shop"}[5m]) > 1', language="promql") == "promql"
    assert language("vector(1) > 0") == "promql"
    assert language("vector(1) > 0", language="logql") == "logql"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"expr": '{service_name="shop"} |= "x"'}, "a rule needs a number"),
        ({"expr": 'count_over_time({service_name="shop"} |= "x [5m]) > 0'}, "as LogQL"),
        ({"expr": 'count_over_time({service_name="shop"} | jsonx [5m]) > 0'}, "jsonx"),
        ({"expr": "sum(requests_total", "language": "logql"}, "as LogQL"),
        ({"expr": "sum(requests_total"}, "unclosed left parenthesis"),
        ({"expr": 'count_over_time({a="b"} |= "x" [5m])', "language": "promql"}, "unexpected"),
        ({"expr": f"{FAILED} > 1", "min_samples": 3}, "compare the number of lines"),
        ({"expr": FAILED, "no_data": "alert"}, "compares a vector with a number"),
        ({"expr": f"{FAILED} > 1", "clear": "queue < 1"}, "as LogQL"),
        ({"expr": "up == 0", "language": "sql"}, "Must be one of"),
    ],
)
def test_what_is_not_valid_is_refused_with_what_is_wrong(rule: dict[str, Any], words: str) -> None:
    assert words in refusal(rule)


def test_a_rule_is_tried_on_the_lines_that_are_kept(rig: RuleRig) -> None:
    lines = [line(NOON + at, "payment failed") for at in (10, 20, 30)] + [line(NOON + 25, "fine")]
    engine = RuleEngine(make_engine(rig.rig.reader, rig.rig.state.series.levels), RecordLogSource(MemorySource(lines)))
    group = prepared("test", alert(f"{FAILED} >= 3"))
    found = try_rule(group, TrialTimes(int(NOON), int(NOON) + 120, 10), engine, Budget())
    assert (found["operator"], found["threshold"]) == (">=", 3.0)
    assert found["series"] == [
        {"labels": {"service_name": "shop"}, "points": [None, 1, 2, 3, 3, 3, 3, 2, 1, None, None, None, None]}
    ]
    ((span,),) = [each["spans"] for each in found["alerts"]]
    assert (span["state"], span["from"], span["to"]) == ("firing", rfc3339(NOON + 30), rfc3339(NOON + 70))
