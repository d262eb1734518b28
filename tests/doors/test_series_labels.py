"""The labels of a series: their order, and what is refused."""

import pytest

from analytics.doors.series_labels import LONGEST_NAME, LONGEST_VALUE, MOST_LABELS, BadLabels, checked_labels

NAME = ("__name__", "up")
BAD = {
    "no name": ([("a", "1")], r"A series has no name \(the label `__name__`\)\."),
    "an empty name": ([("__name__", "")], "no name"),
    "a label twice": ([NAME, ("a", "1"), ("b", "2"), ("a", "1")], r"The label 'a' is given twice\."),
    "the name twice": ([NAME, NAME], "The label '__name__' is given twice"),
    "a label without a name": ([NAME, ("", "x")], "A label with the value 'x' has no name"),
    "a long name of a label": ([NAME, ("a" * (LONGEST_NAME + 1), "x")], r"The name of the label 'a{40}…' is longer"),
    "a long name": ([("__name__", "a" * 10_240)], r"The name 'a{40}…' is longer than 256 characters"),
    "a long value": ([NAME, ("a", "x" * (LONGEST_VALUE + 1))], "The value of the label 'a' is longer than 1024"),
    "many labels": ([NAME, *((f"a{n}", "x") for n in range(MOST_LABELS))], "A series has 34 labels, more than 33"),
}


@pytest.mark.parametrize(("pairs", "message"), BAD.values(), ids=BAD)
def test_bad_labels_are_refused_with_the_reason(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(BadLabels, match=message):
        checked_labels(pairs)


def test_labels_are_ordered_and_empty_ones_left_out() -> None:
    assert checked_labels([("b", "2"), NAME, ("a", ""), ("a b", "ü")]) == (NAME, ("a b", "ü"), ("b", "2"))


def test_the_longest_labels_are_allowed() -> None:
    longest = ("__name__", "m" * LONGEST_NAME), ("n" * LONGEST_NAME, "x" * LONGEST_VALUE)
    assert checked_labels(longest) == longest
