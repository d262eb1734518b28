"""Metric queries of LogQL over lines at known times."""

import math

import pytest

from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.parse import parse
from analytics.query.records.log_source import RecordLogSource
from tests.logql.rig import LINES, budget, line, value, values
from tests.query.records.memory_source import NANOSECONDS, MemorySource

NUMBERS = [
    line(at, f"n={number} took={number}s size={number}kB", service="s") for at, number in ((10, 1), (20, 4), (30, 2))
]


def test_lines_are_counted_by_stream() -> None:
    assert value('count_over_time({service_name="shop"}[1m])') == {
        "app=shop,k8s_pod_name=p1,level=error,service_name=shop": 1,
        "app=shop,k8s_pod_name=p1,level=info,service_name=shop": 1,
        "app=shop,k8s_pod_name=p2,level=info,service_name=shop": 1,
    }


def test_a_window_has_its_end_and_not_its_start() -> None:
    assert value("sum(count_over_time({}[10s]))", at=20) == {"": 1}
    assert value("sum(count_over_time({}[10s]))", at=19.999) == {"": 1}
    assert value("sum(count_over_time({}[10s] offset 10s))", at=30) == {"": 1}
    assert value("sum(count_over_time({}[10s] offset -10s))", at=10) == {"": 1}
    assert value("sum(count_over_time({}[10s]))", at=5) == {}


def test_rates_are_by_the_second() -> None:
    assert value('sum(rate({service_name="shop"}[30s]))', at=30) == {"": 0.1}
    size = sum(len(each["body"]) for each in LINES[:3])
    assert value('sum(bytes_over_time({service_name="shop"}[1m]))') == {"": size}
    assert value('sum(bytes_rate({service_name="shop"}[1m]))') == {"": size / 60}


def test_bytes_are_those_of_utf_8() -> None:
    given = [line(10, "é€")]
    assert value("sum(bytes_over_time({}[1m]))", given=given) == {"": 5}
    assert value("sum(bytes_over_time({} | logfmt [1m]))", given=given) == {"": 5}


@pytest.mark.parametrize("window", ["7s", "20s", "30s"])
def test_counts_in_sql_are_those_of_lines_one_by_one(window: str) -> None:
    given = [line(at * 1.7, f"line {at}", severity=at % 20, service=f"s{at % 3}") for at in range(60)]
    counted = values(f"count_over_time({{}}[{window}])", given, 10, 100, 5)
    read = values(f'count_over_time({{}} | app="" [{window}])', given, 10, 100, 5)
    assert not isinstance(counted, float)
    assert not isinstance(read, float)
    assert {key: each.tolist() for key, each in counted.items()}.keys() == read.keys()
    for key, each in counted.items():
        assert [_shown(number) for number in each] == [_shown(number) for number in read[key]]


def _shown(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def test_without_stages_no_line_is_read() -> None:
    source = MemorySource(LINES)
    metric = parse('sum by (service_name) (rate({service_name=~"s.*"} |= "took" [1m]))')
    steps = Steps(60 * NANOSECONDS, 60 * NANOSECONDS, 1)
    spent = budget()
    MetricQuery(RecordLogSource(source), steps, spent).value(metric)  # type: ignore[arg-type]
    (asked,) = source.asked
    assert spent.lines == 0
    assert asked.statement.startswith("SELECT service, whole(")
    assert "regexp_matches(service" in asked.statement
    assert "instr(body, ?)" in asked.statement


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("sum_over_time", 7),
        ("avg_over_time", 7 / 3),
        ("min_over_time", 1),
        ("max_over_time", 4),
        ("first_over_time", 1),
        ("last_over_time", 2),
        ("stdvar_over_time", 14 / 9),
        ("stddev_over_time", (14 / 9) ** 0.5),
        ("rate", 7 / 60),
        ("rate_counter", 5 / 60),
    ],
)
def test_functions_of_numbers_in_lines(function: str, expected: float) -> None:
    found = value(f"{function}({{}} | logfmt n | unwrap n [1m])", given=NUMBERS)
    assert found == {"level=info,service_name=s": pytest.approx(expected)}


def test_quantiles_are_interpolated_and_group_by_themselves() -> None:
    query = "quantile_over_time({}, {{}} | logfmt | unwrap n [1m]) by (service_name)"
    assert value(query.format(0.75), given=NUMBERS) == {"service_name=s": 3}
    assert value(query.format(2), given=NUMBERS) == {"service_name=s": math.inf}
    assert value(query.format(-1), given=NUMBERS) == {"service_name=s": -math.inf}


def test_unwrap_converts_durations_and_sizes() -> None:
    by = "by (service_name)"
    assert value(f"max_over_time({{}} | logfmt | unwrap duration(took) [1m]) {by}", given=NUMBERS) == {
        "service_name=s": 4
    }
    assert value(f"max_over_time({{}} | logfmt | unwrap bytes(size) [1m]) {by}", given=NUMBERS) == {
        "service_name=s": 4_000
    }


def test_a_number_that_is_none_fails_the_query_unless_it_is_left_out() -> None:
    given = [*NUMBERS, line(40, "n=many", service="s")]
    with pytest.raises(BadLogQuery, match="SampleExtractionErr"):
        value("sum(sum_over_time({} | logfmt | unwrap n [1m]))", given=given)
    query = 'sum(sum_over_time({} | logfmt | unwrap n | __error__="" [1m]))'
    assert value(query, given=given) == {"": 7}
    with pytest.raises(BadLogQuery, match="pipeline error: 'JSONParserErr'"):
        value("sum(rate({} | json [1m]))")


def test_aggregations_over_series() -> None:
    counts = "count_over_time({}[1m])"
    assert value(f"sum({counts})") == {"": 6}
    assert value(f"max({counts})") == {"": 2}
    assert value(f"min by (service_name) ({counts})") == {
        "service_name=api": 2,
        "service_name=shop": 1,
        "service_name=worker": 1,
    }
    assert value(f"count by (app) ({counts})") == {"": 2, "app=shop": 3}
    assert value(f"avg by (service_name) ({counts})")["service_name=api"] == 2
    assert value(f"sum without (app, k8s_pod_name, level) ({counts})") == {
        "service_name=api": 2,
        "service_name=shop": 3,
        "service_name=worker": 1,
    }
    assert value(f"stdvar({counts})") == {"": pytest.approx(0.16)}
    assert value(f"stddev({counts})") == {"": pytest.approx(0.4)}


def test_labels_of_lines_and_parsers_can_be_grouped_by() -> None:
    assert value("sum by (trace_id) (count_over_time({}[1m]))") == {"": 5, f"trace_id={'ab' * 16}": 1}
    query = 'sum by (path) (count_over_time({service_name="api"} | json [1m]))'
    assert value(query) == {"path=/a": 1, "path=/b": 1}
    assert value('avg by (path) (rate({service_name="api"} | json | status>=500 [1m]))') == {"path=/a": 1 / 60}


def test_the_greatest_and_the_least_are_ranked() -> None:
    by_service = "sum by (service_name) (count_over_time({}[1m]))"
    assert value(f"topk(1, {by_service})") == {"service_name=shop": 3}
    assert value(f"bottomk(2, {by_service})") == {"service_name=api": 2, "service_name=worker": 1}
    assert value(f"topk(9, {by_service})").keys() == value(by_service).keys()
    found = values(f"sort_desc({by_service})")
    assert not isinstance(found, float)
    assert [float(each[0]) for each in found.values()] == [3, 2, 1]


def test_operators_with_numbers_and_between_series() -> None:
    by_service = "sum by (service_name) (count_over_time({}[1m]))"
    assert value(f"{by_service} * 2 + 1")["service_name=shop"] == 7
    assert value(f"10 - {by_service}")["service_name=shop"] == 7
    assert value(f"{by_service} > 1") == {"service_name=api": 2, "service_name=shop": 3}
    assert value(f"{by_service} > bool 1") == {"service_name=api": 1, "service_name=shop": 1, "service_name=worker": 0}
    assert value(f"{by_service} / {by_service}")["service_name=shop"] == 1
    failed = 'sum by (service_name) (count_over_time({} |= "fail" [1m]))'
    assert value(f"{failed} / {by_service}") == {"service_name=shop": 1 / 3}
    assert value(f"{by_service} and {failed}") == {"service_name=shop": 3}
    assert value(f"{by_service} unless {failed}") == {"service_name=api": 2, "service_name=worker": 1}
    assert value(f"{failed} or {by_service}")["service_name=api"] == 2
    assert value(f"{by_service} == on (service_name) {by_service}").keys() == value(by_service).keys()
    assert value("sum(count_over_time({}[1m])) + ignoring (x) sum(count_over_time({}[1m]))") == {"": 12}
    with pytest.raises(BadLogQuery, match="group_left"):
        value(f"sum(count_over_time({{}}[1m])) / on () {by_service}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [("1 + 2 * 3", 7), ("2 ^ 3 ^ 2", 512), ("7 % 4", 3), ("-3 + 1", -2), ("3 > 2", 1), ("1 / 0", math.nan)],
)
def test_numbers_alone(query: str, expected: float) -> None:
    assert values(query) == pytest.approx(expected, nan_ok=True)


def test_a_vector_of_a_number_has_no_labels() -> None:
    assert value("vector(1) + vector(1)") == {"": 2}
    assert value('sum(count_over_time({service_name="none"}[1m])) or vector(0)') == {"": 0}


def test_absence_has_the_labels_of_the_selector() -> None:
    assert value('absent_over_time({service_name="none", level=~"x"}[1m])') == {"service_name=none": 1}
    assert value('absent_over_time({service_name="shop"}[1m])') == {}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (Steps(0, 10**18, 1), "11,000 points"),
        (Steps(10, 0, 1), "end timestamp"),
        (Steps(0, 10, 0), "zero or negative"),
    ],
)
def test_ranges_that_are_too_long_are_refused(steps: Steps, problem: str) -> None:
    with pytest.raises(BadLogQuery, match=problem):
        steps.times()


def test_lines_series_and_parts_are_bounded() -> None:
    many = [line(at, f"id={at}") for at in range(1, 60)]
    metric = parse("count_over_time({} | logfmt [1m])")
    steps = Steps(60 * NANOSECONDS, 60 * NANOSECONDS, 1)
    for limits, problem in (({"lines": 10}, "more than 10 lines"), ({"series": 10}, r"number of series \(10\)")):
        with pytest.raises(BadLogQuery, match=problem):
            MetricQuery(RecordLogSource(MemorySource(many)), steps, budget(**limits)).value(metric)  # type: ignore[arg-type]
    with pytest.raises(BadLogQuery, match="common divisor"):
        values("count_over_time({}[1ms])", many, 0, 10_000, 100.0007)
