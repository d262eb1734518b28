"""What a query costs is bounded, whatever its templates, operators and windows."""

import time

import numpy as np
import pytest

from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import RangeAggregation
from analytics.logql.over_time import over_time
from analytics.logql.parse import parse
from analytics.query.records.log_source import RecordLogSource
from tests.logql.rig import line, passed, value
from tests.query.records.memory_source import NANOSECONDS, MemorySource


def failed(template: str, text: str = "text") -> str:
    """The error of a line whose template fails."""
    found = passed(f"| line_format `{template}`", text, word="hello")
    assert found is not None
    assert found.parsed["__error__"] == "TemplateFormatErr"
    return found.parsed["__error_details__"]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ('{{ toDate "2006 2006" "2020 2020" }}', "is no time like"),
        ("{{ range $a := fromJson __line__ }}{{ range $b := fromJson __line__ }}{{ end }}{{ end }}", "10,000 actions"),
        ('{{ replace "1" __line__ __line__ }}', "more than 100,000 characters"),
        ('{{ Replace __line__ "1" __line__ -1 }}', "more than 100,000 characters"),
        ('{{ Replace __line__ "1" __line__ 1000 }}', "more than 100,000 characters"),
        ('{{ regexReplaceAll "1" __line__ __line__ }}', "more than 100,000 characters"),
        ('{{ regexReplaceAllLiteral "1" __line__ __line__ }}', "more than 100,000 characters"),
        ('{{ regexReplaceAll "(?s)(.*)" __line__ "' + "$1" * 300 + '" }}', "more than 100,000 characters"),
        ('{{ indent 10000 (replace "," "\\n" __line__) }}', "more than 100,000 characters"),
        ("{{ print" + " __line__" * 40 + " }}", "longer than 100,000 characters"),
        ("{{ print" + " __line__" * 600 + " }}", "more than 1,000,000 characters"),
        ('{{ fromJson "\\"\\\\ud800\\"" }}', "needs JSON"),
    ],
)
def test_templates_that_cost_too_much_fail(template: str, problem: str) -> None:
    line_ = "[" + "1," * 1_500 + "1]"
    assert problem in failed(template, line_)


def test_actions_that_write_nothing_are_counted() -> None:
    line_ = "[" + "1," * 1_500 + "1]"
    for action in ("{{ $.none }}", "{{ $x := $.none }}", "{{ if $.none }}{{ end }}"):
        assert "10,000 actions" in failed("{{ range fromJson __line__ }}" + action * 10 + "{{ end }}", line_)


@pytest.mark.parametrize("part", ["a", "1", ":", "1.", "1:", "::", ":10.0.0.1", "2001:db8::1:", "1.1.1.1."])
def test_addresses_are_looked_for_in_linear_time(part: str) -> None:
    text = part * (400_000 // len(part))
    started = time.process_time()
    passed('|= ip("192.0.2.1")', text)
    passed('|= ip("2001:db8::ffff")', text)
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    ("stages", "text"),
    [
        ("| x > 1s", "1"),
        ("| line_format `{{ duration .x }}`", "1"),
        ("| line_format `{{ printf .x }}`", "%" + "0" * 65_535),
        ("| x > 1KiB", "1"),
        ("| line_format `{{ .x }}` | logfmt", "="),
    ],
)
def test_texts_are_read_in_linear_time(stages: str, text: str) -> None:
    started = time.process_time()
    passed(stages, "text", x=text * (65_536 // len(text)))
    assert time.process_time() - started < 2


def test_a_label_that_is_replaced_by_a_long_text_is_refused() -> None:
    given = [line(30, "x", resource={"app": "a" * 1_000})]
    with pytest.raises(BadLogQuery, match="more than 100,000 characters"):
        value(f'label_replace(sum by (app) (count_over_time({{}}[1m])), "x", "{"$0" * 200}", "app", ".*")', given=given)


def test_numbers_over_long_windows_are_aggregated_with_pauses() -> None:
    query = parse("max_over_time({} | unwrap n [1h])")
    assert isinstance(query, RangeAggregation)
    at = np.arange(3_600, dtype=np.int64) * NANOSECONDS
    pauses: list[None] = []
    found = over_time(query, at, at, at / NANOSECONDS, lambda: pauses.append(None))
    assert found.tolist() == list(range(3_600))
    assert len(pauses) >= 5


def pauses_of(end: int) -> int:
    """How often a query over 100 lines up to a second lets others run."""
    pauses: list[None] = []
    query = parse("max_over_time({} | logfmt | unwrap n [1h])")
    assert isinstance(query, RangeAggregation)
    given = [line(at, f"n={at}", service="s") for at in range(1, 101)]
    steps = Steps(100 * NANOSECONDS, end * NANOSECONDS, NANOSECONDS)
    budget = LogBudget(LogLimits(), lambda: pauses.append(None), lambda: 0.0)
    MetricQuery(RecordLogSource(MemorySource(given)), steps, budget).value(query)
    return len(pauses)


def test_a_query_with_many_steps_lets_others_run_more_often() -> None:
    assert pauses_of(10_000) > pauses_of(101)


@pytest.mark.parametrize(("at", "query"), [(-4.6e9, "[146y] offset 146y"), (4.62e9, "[1m] offset -146y")])
def test_windows_beyond_64_bits_are_refused(at: float, query: str) -> None:
    with pytest.raises(BadLogQuery, match="too far from 1970"):
        value(f"sum(count_over_time({{}}{query}))", at)
