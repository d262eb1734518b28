"""Failures of the disk: the messages in logs, `/health` and 503 answers."""

import sqlite3

from analytics.errors import CannotStore, Unavailable

EXPECTED_ERRORS = (sqlite3.Error, CannotStore, OSError, MemoryError)
"""Errors that a failing disk may cause; SQLite reports lack of memory as MemoryError. Any other error is a bug."""


def reason_of(error: Exception) -> str:
    """Message for a failed write."""
    return f"the journal cannot be written ({error or type(error).__name__})"


def traceback_of(error: Exception) -> Exception | None:
    """The error if its traceback should be logged, because it is a bug; None for a failing disk."""
    return None if isinstance(error, EXPECTED_ERRORS) else error


def unavailable(reason: str) -> Unavailable:
    """Error sent to the client when a request cannot be recorded now."""
    return Unavailable(
        f"Nothing can be recorded now: {reason}. This request was not recorded; send it again later.",
        headers={"Retry-After": "1"},
    )
