"""Given log lines as a source for questions, such as those of a test of rules."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from analytics.log_lines import NewLogLine
from analytics.query.records.source import LINE_COLUMNS, RecordQuery
from analytics.query.records.table import add_rows, opened_table
from analytics.record_rows import line_columns


class GivenLines:
    """A `RecordSource` of some log lines, to be closed after use. It does not mind the time that a question takes."""

    def __init__(self, lines: Sequence[NewLogLine]) -> None:
        self._db = opened_table(LINE_COLUMNS)
        columns = dict(line_columns(lines, received=0.0))
        columns["seq"] = range(1, len(lines) + 1)
        columns["id"] = [f"line-{number}" for number in columns["seq"]]
        add_rows(self._db, LINE_COLUMNS, columns)

    def __enter__(self) -> "GivenLines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        return [list(row) for row in self._db.execute(query.statement, tuple(query.parameters))]
