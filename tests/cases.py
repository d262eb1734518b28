"""Many cases in one test, where each is too quick to be a test of its own."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Case = TypeVar("Case")


def check_each(cases: Iterable[Case], check: Callable[[Case], None]) -> None:
    """Check every case, and raise the failures of all of them together: the message names each case that failed."""
    failures: list[Exception] = []
    failed: list[str] = []
    count = 0
    for case in cases:
        count += 1
        try:
            check(case)
        except Exception as failure:  # noqa: BLE001 - raised below
            failure.add_note(f"Case: {case}")
            failures.append(failure)
            failed.append(str(case))
    assert count, "there are no cases"
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {count} cases failed: {'; '.join(failed)}", failures)
