"""Why the journal cannot be written, in the words of logs, `/health` and 503 answers."""

import sqlite3

from analytics.errors import CannotStore, Unavailable

EXPECTED_ERRORS = (sqlite3.Error, CannotStore, OSError, MemoryError)
"""What using the database may raise; SQLite's want of memory is Python's. Anything else is an error of this program."""


def reason_of(error: Exception) -> str:
    """The reason that `error` gives."""
    return f"the journal cannot be written ({error or type(error).__name__})"


def traceback_of(error: Exception) -> Exception | None:
    """What to log besides: the traceback of an error of this program. A failing disk needs none."""
    return None if isinstance(error, EXPECTED_ERRORS) else error


def unavailable(reason: str) -> Unavailable:
    """The answer to a request that cannot be recorded for now."""
    return Unavailable(
        f"Nothing can be recorded now: {reason}. Nothing of this request was; send it again later.",
        headers={"Retry-After": "1"},
    )
