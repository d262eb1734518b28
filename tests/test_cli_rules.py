"""`analytics rules test`, beside promtool where that is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.cli import main

RULES = """\
groups:
  - name: shop
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
      - alert: Errors
        expr: job:errors:rate5m > 0.5
        for: 2m
        labels:
          severity: page
        annotations:
          summary: '{{ $labels.job }} has {{ $value }} errors a second'
      - alert: Down
        expr: up == 0
        keep_firing_for: 5m
"""
TESTS = """\
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - name: errors
    interval: 1m
    input_series:
      - series: 'errors_total{job="shop", instance="a"}'
        values: '0+60x20'
      - series: 'up{job="shop"}'
        values: '1 0 0 1x17'
    alert_rule_test:
      - eval_time: 2m
        alertname: Errors
        exp_alerts: []
      - eval_time: 5m
        alertname: Errors
        exp_alerts:
          - exp_labels: {severity: page, job: shop}
            exp_annotations: {summary: 'shop has 1 errors a second'}
      - eval_time: 1m
        alertname: Down
        exp_alerts: [{exp_labels: {job: shop}}]
    promql_expr_test:
      - expr: job:errors:rate5m
        eval_time: 10m
        exp_samples: [{labels: 'job:errors:rate5m{job="shop"}', value: 1}]
"""
KEPT = """\
      - eval_time: 7m
        alertname: Down
        exp_alerts: [{exp_labels: {job: shop}}]
      - eval_time: 9m
        alertname: Down
"""
QUERY_RULES = """\
groups:
  - name: templates
    rules:
      - alert: Full
        expr: queue > 1
        labels:
          host: '{{ $labels.host | toUpper }}'
          team: '{{ with printf "owner{queue=%q}" $labels.queue | query }}{{ . | first | label "team" }}{{ end }}'
        annotations:
          first: '{{ query "sort_desc(queue)" | first | value }} {{ $labels.host }}'
          every: >-
            {{ range query "queue" |
            sortByLabel "host" }}{{ .Labels.__name__ }}/{{ .Labels.host }}={{ .Value }},{{ end }}
          nameless: '{{ range query "queue * 2" }}{{ .Labels.__name__ }}.{{ end }}'
          number: '{{ (query "scalar(sum(queue))" | first).Value | humanize }}'
          none: '{{ with query "nothing" }}x{{ else }}none{{ end }}'
          defined: >-
            {{ define "x" }}[{{ .Value }}]{{ end }}{{ range query "queue" |
            sortByLabel "host" }}{{ template "x" . }}{{ end }}
          inner: '{{ define "x" }}<{{ .arg0 }}>{{ end }}{{ template "x" (args $value) }}'
          links: '{{ graphLink "a b" }} {{ tableLink "a" }}'
          outside: '{{ $externalLabels.zone }}{{ .ExternalLabels.no }} {{ $externalURL }}'
          stopped: '{{ range query "queue" | sortByLabel "host" }}{{ .Value }}{{ break }}{{ end }}'
"""
QUERY_TESTS = """\
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    external_labels: {zone: eu}
    external_url: https://prom.example/p
    input_series:
      - {series: 'queue{queue="in", host="a"}', values: '0 5 7'}
      - {series: 'queue{queue="out", host="b"}', values: '0 1 1'}
      - {series: 'owner{queue="in", team="shop"}', values: '1 1 1'}
    alert_rule_test:
      - eval_time: 1m
        alertname: Full
        exp_alerts:
          - exp_labels: {host: A, queue: in, team: shop}
            exp_annotations:
              first: 5 a
              every: queue/a=5,queue/b=1,
              nameless: '..'
              number: '6'
              none: none
              defined: '[5][1]'
              inner: <5>
              outside: eu https://prom.example/p
              links: /graph?g0.expr=a+b&g0.tab=0 /graph?g0.expr=a&g0.tab=1
              stopped: '5'
"""
LINE_RULES = """\
groups:
  - name: lines
    rules:
      - record: failed_lines
        expr: sum by (service_name) (count_over_time({app="shop"} |= "failed" [2m]))
      - alert: Failing
        expr: sum by (service_name) (count_over_time({app="shop"} |= "failed" [2m])) > 2
        for: 1m
        annotations: {summary: '{{ $value }} lines of {{ $labels.service_name }}'}
      - alert: Slow
        expr: max_over_time({app="shop"} | logfmt | unwrap duration(took) [1m]) >= 1
      - alert: NoLines
        expr: absent_over_time({app="shop"}[5m]) > 0
        language: logql
      - alert: Recorded
        expr: failed_lines > 4
"""
LINE_TESTS = """\
rule_files: [rules.yml]
tests:
  - name: lines
    input_lines:
      - stream: '{app="shop", level="error"}'
        lines:
          - {line: payment failed, at: 1m, times: 6, every: 20s}
          - {line: took=1.5s path=/a, at: 210s, metadata: {order: '7'}}
      - stream: '{app="other"}'
        lines:
          - {line: payment failed, times: 20}
    alert_rule_test:
      - {eval_time: 1m, alertname: Failing, exp_alerts: []}
      - eval_time: 3m
        alertname: Failing
        exp_alerts:
          - exp_labels: {service_name: shop}
            exp_annotations: {summary: 5 lines of shop}
      - {eval_time: 5m, alertname: Failing, exp_alerts: []}
      - eval_time: 4m
        alertname: Slow
        exp_alerts: [{exp_labels: {app: shop, service_name: shop, level: error, path: /a}}]
      - {eval_time: 8m, alertname: NoLines, exp_alerts: []}
      - {eval_time: 9m, alertname: NoLines, exp_alerts: [{exp_labels: {app: shop}}]}
      - {eval_time: 3m, alertname: Recorded, exp_alerts: [{exp_labels: {service_name: shop}}]}
    promql_expr_test:
      - expr: sum(failed_lines)
        eval_time: 2m
        exp_samples: [{value: 4}]
    logql_expr_test:
      - expr: sum by (order) (count_over_time({app="shop"} != "failed" [1h]))
        eval_time: 5m
        exp_samples: [{labels: '{order="7"}', value: 1}]
      - expr: sum(count_over_time({app="other"}[1h]))
        eval_time: 19m
        exp_samples: [{value: 20}]
"""


def write(folder: Path, tests: str = TESTS, rules: str = RULES) -> Path:
    (folder / "rules.yml").write_text(rules)
    (folder / "tests.yml").write_text(tests)
    return folder / "tests.yml"


def outcome_of(file: Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["rules", "test", str(file)])
    return done.exit_code, done.output


def test_a_file_of_promtool_passes(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert outcome_of(file) == (0, f"{file}\n  SUCCESS\n")


def test_promtool_agrees(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    rules = RULES.replace("        keep_firing_for: 5m\n", "")  # later than Debian's
    for tests, code in (
        (TESTS, 0),
        (TESTS.replace("value: 1}", "value: 2}"), 1),
        (TESTS.replace("page, job", "x, job"), 1),
    ):
        file = write(tmp_path, tests, rules)
        done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, cwd=tmp_path, timeout=60)
        assert (done.returncode, outcome_of(file)[0]) == (code, code), done.stdout + done.stderr


def test_promtool_agrees_about_queries_in_templates(tmp_path: Path) -> None:
    file = write(tmp_path, QUERY_TESTS, QUERY_RULES)
    assert outcome_of(file) == (0, f"{file}\n  SUCCESS\n")
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_keeps_firing(tmp_path: Path) -> None:
    file = write(tmp_path, TESTS.replace("    promql_expr_test:", f"{KEPT}    promql_expr_test:"))
    assert outcome_of(file)[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: page, job", "severity: ticket, job", "errors: alertname: Errors, time: 5m, expected:"),
        ("1 errors a", "2 errors a", "got: [{'labels': {'alertname': 'Errors'"),
        ("value: 1}", "value: 2}", "expr: 'job:errors:rate5m', time: 10m, expected:"),
        ("exp_alerts: []", "exp_alerts: x", "exp_alerts: must be a list"),
        ("[rules.yml]", "[none.yml]", "there is no none.yml"),
        ("evaluation_interval: 1m", "evaluation_interval: soon", "'soon' is no duration"),
        ("evaluation_interval: 1m", "group_eval_order: 5", "group_eval_order: must be a list"),
        ("    interval: 1m\n", "    external: {}\n", "external is not supported"),
        ("    interval: 1m\n", "    external_labels: 5\n", "external_labels: must be a mapping"),
        ("'0+60x20'", "'0+60x'", "input_series: "),
        ("'0+60x20'", "'1x99999999'", "more than 1,000,000 values"),
        ("eval_time: 10m", "eval_time: 10y", "more than 100,000 evaluations"),
        ("tests:", "tests: {", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TESTS
    code, output = outcome_of(write(tmp_path, TESTS.replace(old, new)))
    assert code == 1
    assert message in output, output


def test_rules_in_logql_are_tested_on_log_lines(tmp_path: Path) -> None:
    file = write(tmp_path, LINE_TESTS, LINE_RULES)
    assert outcome_of(file) == (0, f"{file}\n  SUCCESS\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "5 lines of",
            "7 lines of",
            "got: [{'labels': {'alertname': 'Failing', 'service_name': 'shop'}",
        ),
        ("value: 20}", "value: 21}", "expr: 'sum(count_over_time({app=\"other\"}[1h]))', time: 19m, expected:"),
        ("expr: sum(count", "expr: sum(xcount", "as LogQL: "),
        ("times: 6", "time: 6", "lines: time is not supported"),
        ("times: 6", "times: 0", "times: 0 is no whole number of at least 1"),
        ("times: 6", "times: 100001", "there are more than 100,000 lines"),
        ("every: 20s", "every: soon", "every: 'soon' is no duration"),
        ("every: 20s", "every: 0s", "every: must be more than 0"),
        ("at: 1m", "at: now", "at: 'now' is no duration"),
        ("{line: took=1.5s path=/a, ", "{", "a line without its text in `line`"),
        ("metadata: {order: '7'}", "metadata: [7]", "metadata: must be a mapping"),
        ('{app="other"}\'', '{app=~"o.*"}\'', "has to be labels such as"),
        ('{app="other"}\'', "{app=other}'", "input_lines: the stream '{app=other}': "),
        ("stream: '{app=\"other\"}'", "labels: {app: other}", "input_lines: labels is not supported"),
        ("stream: '{app=\"other\"}'", "stream: '{}'", "has to be labels such as"),
    ],
)
def test_what_is_wrong_with_log_lines_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in LINE_TESTS
    code, output = outcome_of(write(tmp_path, LINE_TESTS.replace(old, new), LINE_RULES))
    assert code == 1
    assert message in output, output


def test_wrong_rules_are_named(tmp_path: Path) -> None:
    code, output = outcome_of(write(tmp_path, rules=RULES.replace("up == 0", "up ==")))
    assert code == 1
    assert "rules.yml" in output
