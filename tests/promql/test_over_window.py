"""Expressions of counters over a window."""

import pytest

from analytics.promql.errors import BadQuery
from analytics.promql.over_window import over


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("requests_total", "increase(requests_total[1h])"),
        ('sum(requests_total{code!~"5.."})', 'sum(increase(requests_total{code!~"5.."}[1h]))'),
        ('sum by (job) (http:total{a="}", b="["})', 'sum by (job) (increase(http:total{a="}", b="["}[1h]))'),
        ('{__name__="good_total"} + bad_total', 'increase({__name__="good_total"}[1h]) + increase(bad_total[1h])'),
        ("sum(rate(good_total[5m]))", "sum(rate(good_total[1h]))"),
        ("sum without (le) (a_total) or vector(0)", "sum without (le) (increase(a_total[1h])) or vector(0)"),
        ("a / on (x) group_left (y) b", "increase(a[1h]) / on (x) group_left (y) increase(b[1h])"),
        ("sum(a # all of them\n)", "sum(increase(a[1h]) # all of them\n)"),
        ("sum (a) by (sum)", "sum (increase(a[1h])) by (sum)"),
        ("clamp_max(a, Inf)", "clamp_max(increase(a[1h]), Inf)"),
        ("sum(increase(a[$window])) - sum(b)", "sum(increase(a[1h])) - sum(b)"),
        ("a[5m]", "a[1h]"),
    ],
)
def test_counters_are_taken_over_the_window(expression: str, expected: str) -> None:
    assert over(expression, "1h") == expected


@pytest.mark.parametrize("expression", ["a offset 5m", "a @ 0", "rate(a[5m:1m])", "sum(a)[5m:]", "sum(", "", "a b"])
def test_what_cannot_be_taken_over_a_window_is_refused(expression: str) -> None:
    with pytest.raises(BadQuery):
        over(expression, "1h")
