"""Tables of records in SQLite, in memory."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analytics.query.records.functions import add_functions

INTEGERS = frozenset({"seq", "time", "received", "severity", "start_time", "end_time", "kind", "status"})
"""Names of columns of integers; others are texts."""


def opened_table(columns: Sequence[str]) -> sqlite3.Connection:
    """A database with the empty table `records`, and the functions that statements may use.

    Threads may use it one after the other.
    """
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    types = [f"{name} {'INTEGER' if name in INTEGERS else 'TEXT'}" for name in columns]
    types[0] += " PRIMARY KEY"
    db.execute(f"CREATE TABLE records ({', '.join(types)})")
    add_functions(db)
    return db


def add_rows(db: sqlite3.Connection, columns: Sequence[str], values: Mapping[str, Iterable[Any]]) -> None:
    """Insert rows, given by the values of each column."""
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO records VALUES ({marks})", zip(*(values[name] for name in columns), strict=True))
