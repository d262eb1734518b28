"""The notation of series in tests of rules."""

import pytest

from analytics.promql.histogram import NativeHistogram
from analytics.promql.notation import series, values
from analytics.promql.raw_samples import STALE


def test_values_are_expanded() -> None:
    assert values("1+2x3 _x2 stale") == [1.0, 3.0, 5.0, 7.0, None, None, STALE]


def test_labels_may_stand_apart() -> None:
    assert series("a{ b = 'c' ,  \"d e\"='f' } 5") == ((("__name__", "a"), ("b", "c"), ("d e", "f")), "5")


@pytest.mark.parametrize(
    "text", ["_x" + "9" * 30, "0x" + "f" * 300, "{{schema:1e400}}", "{{buckets:[1] offset:1e400}}", "1x" + "9" * 5_000]
)
def test_numbers_that_are_too_large_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"too large|Exceeds the limit"):
        values(text, 1_000)


def test_braces_and_spaces_without_end_are_read_in_little_time() -> None:
    with pytest.raises(ValueError, match="no histogram"):
        values("{{ " * 33_000, 1_000)
    assert series("a{" + " " * 9_990 + "}") == ((("__name__", "a"),), "")


def test_no_more_values_than_asked_for_are_given() -> None:
    assert values("1x2", 3) == [1.0, 1.0, 1.0]
    for most in (0, 2):
        with pytest.raises(ValueError, match=f"more than {most} values"):
            values("1x2", most)


def test_histograms_are_added_as_often_as_said() -> None:
    found = values("{{count:2 sum:1 buckets:[2]}}+{{count:1 sum:5 buckets:[1]}}x2 {{count:1}}x1")
    assert [each.count for each in found if isinstance(each, NativeHistogram)] == [2, 3, 4, 1, 1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{buckets:[1]}}+{{schema:-53 custom_values:[1] buckets:[1]}}x1", "cannot be added"),
        ("{{count:1}}-{{count:1}}x10001", "more than 10,000 times"),
        ("{{count:1}}x" + "9" * 30, "too large"),
    ],
)
def test_histograms_that_cannot_be_added_are_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        values(text, 1_000)
