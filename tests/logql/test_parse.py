"""LogQL: what is understood, and what is refused with its name."""

import pytest

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LogNumber, LogOperation, LogSelection, RangeAggregation, VectorAggregation
from analytics.logql.parse import matchers_of, parse
from analytics.logql.tokens import byte_count, nanoseconds, seconds

SECOND = 1_000_000_000


def test_a_range_may_stand_before_or_after_the_stages() -> None:
    before, after = parse('rate({a="b"}[5m] |= "x")'), parse('rate({a="b"} |= "x" [5m])')
    assert before == after == parse('rate(({a="b"} |= "x")[5m])')
    assert isinstance(before, RangeAggregation)
    assert before.window == 300 * SECOND


def test_a_grouping_may_stand_before_or_after_what_is_grouped() -> None:
    assert parse('sum by (a, b) (rate({x="y"}[1m]))') == parse('sum(rate({x="y"}[1m])) by (a, b)')
    assert parse('sum without (a) (rate({x="y"}[1m]))') != parse('sum by (a) (rate({x="y"}[1m]))')


def test_operators_bind_as_in_promql() -> None:
    assert parse("1 + 2 * 3") == LogOperation("+", LogNumber(1), LogOperation("*", LogNumber(2), LogNumber(3)))
    assert parse("2 ^ 3 ^ 2") == LogOperation("^", LogNumber(2), LogOperation("^", LogNumber(3), LogNumber(2)))
    assert parse("1 - 2 - 3") == LogOperation("-", LogOperation("-", LogNumber(1), LogNumber(2)), LogNumber(3))
    assert parse("(1 + 2) * 3") == LogOperation("*", LogOperation("+", LogNumber(1), LogNumber(2)), LogNumber(3))


def test_comments_white_space_and_both_quotes_are_understood() -> None:
    found = parse('{ a = `b` , c !~ "d.*" } # the shop\n |= `"x"` or "\\ty"')
    assert isinstance(found, LogSelection)
    assert found.stages == parse('{} |= "\\"x\\"" or "\\ty"').stages  # type: ignore[union-attr]


def test_an_offset_may_be_negative() -> None:
    found = parse('count_over_time({a="b"}[1m] offset -1h30m)')
    assert isinstance(found, RangeAggregation)
    assert found.offset == -5_400 * SECOND


def test_a_parameter_stands_before_what_is_ranked() -> None:
    found = parse('topk(3, sum by (a) (rate({a="b"}[1m])))')
    assert isinstance(found, VectorAggregation)
    assert found.parameter == 3


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ('{a="b"} |~ ip("10.0.0.0/8")', "ip(…) goes with |= and !=, not with |~"),
        ('{a="b"} | addr =~ ip("10.0.0.0/8")', "ip(…) goes with = and !=, not with =~"),
        ('{a="b"} |= ip("10.0.0.0/99")', "'10.0.0.0/99' is no address"),
        ('{a="b"} | addr = ip("10.0.0.9-10.0.0.1")', "ends before it begins"),
        ('label_replace(rate({a="b"}[1m]), "0", "$1", "a", "(.*)")', "'0' is no name of a label"),
        ('approx_topk by (a) (3, rate({a="b"}[1m]))', "approx_topk has no grouping"),
        ('rate({a="b"}[1m]) / group_left rate({a="b"}[1m])', "group_left goes with on (…) or ignoring (…)"),
        ('rate({a="b"}[1m]) and on (a) group_left rate({a="b"}[1m])', "group_left does not go with and"),
        ('rate({a="b"}[1m]) / on (a) group_right (a) rate({a="b"}[1m])', "in on (…) and in group_right (…)"),
        ('{a="b"} | frobnicate', "| frobnicate is not supported"),
        ('rate({a="b"}[5m:1m])', "subqueries are not supported"),
        ('rate({a="b"}[5m] @ 100)', "the modifier @ is not supported"),
        ('sum_over_time({a="b"} | unwrap hours(x) [1m])', "unwrap hours(…) is not supported"),
        ('{a="b"} | json --strict', "json --strict is not supported"),
        ('sum_over_time({a="b"}[1m])', "needs the number of a label"),
        ('count_over_time({a="b"} | unwrap x [1m])', "does not go with unwrap"),
        ('sum_over_time({a="b"} | unwrap x [1m]) by (a)', "no grouping of its own"),
        ('rate({a="b"})', "needs a window"),
        ('{a="b"} + 1', "lines cannot be calculated with"),
        ("1 + bool 2", "bool goes with comparisons only"),
        ('{a="b"} | x >', "a number is missing"),
        ('{a="b"} | x > "y"', "cannot be compared by >"),
        ('{a="b', "a quote is not closed"),
        ('{a="b"', "expecting ,"),
        ("{a=b}", "a value in quotes is missing"),
        ("", "a query is missing"),
        ('{a="b"} | json x="y" z', "unexpected z"),
        ('topk(0, rate({a="b"}[1m]))', "at least 1"),
        ('{a="b"} ~ "x"', "not understood"),
        ('{a="\\q"}', "escape"),
    ],
)
def test_what_is_not_possible_is_named(query: str, named: str) -> None:
    with pytest.raises(BadLogQuery) as refused:
        parse(query)
    assert named in refused.value.message
    assert refused.value.message.startswith("parse error at line 1, col ")


@pytest.mark.parametrize(
    "query",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "-" * 5_000 + "1",
        "1" + "^1" * 3_000,
        "sum(" * 1_500,
        '{a="b"}' + ' | x="y"' * 900,
        '{a="b"} | ' + "(" * 3_000,
        "{" + 'a="b",' * 5_000 + "}",
        "1" * 9_000,
    ],
)
def test_long_and_deep_queries_are_refused(query: str) -> None:
    with pytest.raises(BadLogQuery):
        parse(query)


def test_a_place_is_counted_by_lines() -> None:
    with pytest.raises(BadLogQuery, match=r"line 2, col 3"):
        parse('{a="b"}\n| ?')


def test_a_selector_alone_has_no_stages() -> None:
    assert len(matchers_of('{a="b", c=~"d"}')) == 2
    for query in ('{a="b"} |= "x"', "1"):
        with pytest.raises(BadLogQuery, match="only a stream selector"):
            matchers_of(query)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1h30m", 5_400 * SECOND), ("1.5s", 1_500_000_000), ("2d", 172_800 * SECOND), ("5", None), ("", None)],
)
def test_durations(text: str, expected: int | None) -> None:
    assert nanoseconds(text) == expected


def test_durations_and_sizes_of_labels() -> None:
    assert (seconds("-1.5s"), seconds("0"), seconds("250ms"), seconds("soon")) == (-1.5, 0, 0.25, None)
    sizes = [byte_count(text) for text in ("20kB", "1KiB", "1.5 MB", "7", "5 apples")]
    assert sizes == [20_000, 1_024, 1_500_000, 7, None]
