"""A source of log lines for tests: a table of SQLite in memory."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from analytics.query.records.functions import add_functions
from analytics.query.records.source import LINE_COLUMNS, RecordQuery

NANOSECONDS = 1_000_000_000


def line(at: float, body: str, **fields: Any) -> dict[str, Any]:
    """A line at a time in seconds; its attributes and its resource are given as dicts."""
    defaults = {"service": "shop", "severity": 9, "severity_text": "", "trace_id": "", "span_id": "", "scope": ""}
    objects = {name: json.dumps(fields.pop(name, {}), ensure_ascii=False) for name in ("attributes", "resource")}
    time = round(at * NANOSECONDS)
    return {**defaults, "time": time, "received": time, "body": body, **objects, **fields}


class MemorySource:
    """Answers questions about some lines; `asked` has all questions."""

    def __init__(self, lines: Iterable[dict[str, Any]] = ()) -> None:
        self.asked: list[RecordQuery] = []
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        add_functions(self._base)
        self._base.execute(f"CREATE TABLE records ({', '.join(LINE_COLUMNS)})")
        self._count = 0
        self.add(lines)

    def add(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take in more lines."""
        for each in lines:
            self._count += 1
            given = {"seq": self._count, "id": f"line-{self._count}", **each}
            places = ", ".join("?" * len(LINE_COLUMNS))
            self._base.execute(f"INSERT INTO records VALUES ({places})", [given[name] for name in LINE_COLUMNS])

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        self.asked.append(query)
        return [list(row) for row in self._base.execute(query.statement, list(query.parameters))]
