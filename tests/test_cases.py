"""Cases in one test: all are checked, and each failure is reported with its case."""

import pytest

from tests.cases import check_each


def test_each_failure_is_reported_with_its_case() -> None:
    checked = []

    def check(case: int) -> None:
        checked.append(case)
        assert case % 2

    with pytest.raises(ExceptionGroup, match=r"2 of 5 cases failed: 2; 4$") as raised:
        check_each(range(1, 6), check)
    assert checked == [1, 2, 3, 4, 5]
    assert [failure.__notes__ for failure in raised.value.exceptions] == [["Case: 2"], ["Case: 4"]]


def test_all_cases_may_be_right() -> None:
    check_each([1, 2], lambda case: None)


def test_no_cases_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="there are no cases"):
        check_each([], lambda case: None)
