"""Queries that are too long, deep, large or slow give an error."""

import pytest

from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import BadQuery, CannotEvaluate, QueryCanceled, QueryError, QueryTimeout
from analytics.promql.parse import parse
from tests.promql.rig import ask, storage

KEPT = storage("up 1+1x20", 'other{a="b"} 1x20', 'other{a="c"} 1x20')


@pytest.mark.parametrize(
    "query",
    [
        "(" * 100_000 + "up" + ")" * 100_000,
        "abs(" * 40_000 + "up" + ")" * 40_000,
        "-" * 90_000 + "up",
        "+".join(["up"] * 40_000),
        " or ".join(["up"] * 20_000),
        "1^" * 40_000 + "1",
        "u" * 1_000_000,
        'up{a="' + "x" * 1_000_000 + '"}',
        "up[0]",
        "up[5m:0s]",
        "",
        "up{",
        "sum by (",
        '{__name__=~"("}',
        "{}",
        "rate(up)",
        'up{a="b" or c="d"}',
        "[" * 100_000,
        '"' + '\\"' * 49_000,
        "'" + "\\'" * 49_000,
        "up @ 1e300",
        "up @ -1e300",
        "up @ 9223372036854775808",
        "up @ 253402300800000",
    ],
)
def test_what_no_parser_should_see_is_bad_data(query: str) -> None:
    with pytest.raises(BadQuery):
        ask(query, KEPT)


def test_the_deepest_query_that_is_allowed_is_answered() -> None:
    nested = "(" * 60 + "up" + ")" * 60
    assert ask(nested, KEPT).value.present.all()
    assert ask("+".join(["up"] * 240), KEPT).value.values[0, 0] == 240


def test_a_year_of_seconds_exceeds_the_samples() -> None:
    with pytest.raises(CannotEvaluate, match="too many samples"):
        ask('count_over_time({__name__=~".+"}[90d:1s])', KEPT)


def test_nested_subqueries_exceed_the_samples() -> None:
    with pytest.raises(CannotEvaluate, match="too many samples"):
        ask("max_over_time(max_over_time(max_over_time(up[9h:1s])[9h:1s])[9h:1s])", KEPT)


def test_a_step_of_nothing_is_bad_data() -> None:
    with pytest.raises(BadQuery, match="zero or negative query resolution"):
        PromqlEngine(KEPT).range("up", 0, 60_000, 0, Budget())


def test_too_many_steps_are_bad_data() -> None:
    with pytest.raises(BadQuery, match="exceeded maximum resolution of 11,000 points"):
        PromqlEngine(KEPT).range("up", 0, 11_000_000, 1000, Budget())


def test_the_longest_step_is_answered() -> None:
    assert PromqlEngine(KEPT).range("up", 0, 60_000, 9 * 10**18, Budget()).times.tolist() == [0]


@pytest.mark.parametrize("at", ["-1", "-62135596801", "-9e12", "253402300800", "9e12"])
def test_times_outside_of_the_calendar_are_answered(at: str) -> None:
    assert not ask(f"up @ {at}", KEPT).value.series.rows
    assert not ask(f"max_over_time(up[5m:1m] @ {at})", KEPT).value.series.rows


def test_a_selector_and_its_subquery_have_times_of_their_own() -> None:
    kept = storage("up 1+1x20")
    assert ask("sum_over_time(up @ 60 [2m:1m] @ 600)", kept).value.values[0, 0] == 4
    assert ask("sum_over_time(up[2m:1m] @ 60)", kept).value.values[0, 0] == 3
    assert ask("sum_over_time(up @ 0x3c [2m:1m] offset 1m)", kept).value.values[0, 0] == 4
    assert ask("max_over_time(up[2m] @ +60)", kept).value.values[0, 0] == 2


def test_an_end_before_the_start_is_bad_data() -> None:
    with pytest.raises(BadQuery, match="end timestamp must not be before start"):
        PromqlEngine(KEPT).range("up", 2, 1, 1, Budget())


def test_more_series_than_allowed_are_an_error() -> None:
    with pytest.raises(CannotEvaluate, match="selects 3 series, more than 1"):
        ask('{__name__=~".+"}', KEPT, budget=Budget(Limits(series=1)))


def test_a_query_ends_at_its_deadline() -> None:
    seconds = iter(range(1000))
    budget = Budget(Limits(seconds=5), clock=lambda: float(next(seconds)))
    with pytest.raises(QueryTimeout, match="timed out after 5 seconds"):
        PromqlEngine(KEPT).range("max_over_time(up[5m])", 0, 600_000, 60_000, budget)


def test_a_query_of_nobody_ends() -> None:
    def nobody_waits() -> None:
        raise QueryCanceled("the client went away")

    with pytest.raises(QueryCanceled):
        ask("up", KEPT, budget=Budget(pause=nobody_waits))


def test_functions_of_one_series_at_a_time_let_others_run_between_them() -> None:
    pauses: list[None] = []
    kept = storage(*[f'many{{a="{number}"}} 1x20' for number in range(1000)])
    ask("predict_linear(many[5m], 5)", kept, at=600_000, budget=Budget(pause=lambda: pauses.append(None)))
    assert len(pauses) > 15


def test_patterns_that_blow_up_elsewhere_take_linear_time() -> None:
    kept = storage(f'long{{a="{"a" * 5000}"}} 1')
    assert not ask('long{a=~"(a+)+b|(a*)*c"}', kept).value.series.rows


@pytest.mark.parametrize(
    "query",
    ['long{a=~"(.{0,30}x){0,30}y"}', 'label_replace(long, "a", "$1", "a", "(.{0,30}x){0,30}y")'],
)
def test_patterns_are_charged_by_their_size_and_the_length_of_the_text(query: str) -> None:
    kept = storage(f'long{{a="{"x" * 900}"}} 1')
    with pytest.raises(CannotEvaluate, match="too many samples"):
        ask(query, kept, budget=Budget(Limits(samples=10_000)))
    assert ask(query.replace("{0,30}", "*"), kept, budget=Budget(Limits(samples=10_000)))


@pytest.mark.parametrize("query", ['up{a=~"(x{900}){900}"}', 'label_replace(up, "a", "$1", "b", "(x{900}){900}")'])
def test_patterns_that_need_too_much_memory_are_an_error(query: str) -> None:
    with pytest.raises(QueryError):
        ask(query, KEPT)


@pytest.mark.parametrize(
    "query",
    [
        'label_replace(other, "x", "' + "$1" * 20_000 + '", "a", "(.*)")',
        'label_replace(other, "x", "' + "y" * 20_000 + '", "a", ".*")',
        "label_replace(" * 6 + "other" + ', "a", "$1$1$1$1$1$1$1$1", "a", "(.*)")' * 6,
        'label_join(other, "x", "' + "y" * 9_000 + '", "a", "a", "a")',
    ],
)
def test_labels_that_grow_without_end_are_an_error(query: str) -> None:
    with pytest.raises(CannotEvaluate, match="characters, more than 10,000"):
        ask(query, KEPT)


def test_replacing_labels_is_charged() -> None:
    query = 'label_replace(other, "x", "' + "$2" * 100 + '", "a", "(.*)")'
    with pytest.raises(CannotEvaluate, match="too many samples"):
        ask(query, KEPT, budget=Budget(Limits(samples=150)))


def test_an_error_has_the_type_and_status_of_prometheus() -> None:
    kinds = {(each.kind, each.status) for each in (BadQuery, CannotEvaluate, QueryTimeout, QueryCanceled)}
    assert kinds == {("bad_data", 400), ("execution", 422), ("timeout", 503), ("canceled", 499)}


@pytest.mark.parametrize(
    "query",
    [
        "a[999999999y]",
        "a[999999999y:1s]",
        "a[1h:999999999y]",
        "a offset 999999999y",
        "a[5m] offset -999999999y",
        "a[1h:1m] offset 999999999y",
        "a offset 9999y",
    ],
)
def test_a_duration_that_is_longer_than_any_clock_goes_is_refused(query: str) -> None:
    with pytest.raises(BadQuery, match="duration out of range"):
        parse(query)
