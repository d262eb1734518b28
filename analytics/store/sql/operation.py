"""The operation `sql` of the store process: the records are put within reach of a sandbox, which runs the query."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from analytics.filters.sql_quoting import quoted_text
from analytics.log.disk.file import PRIVATE
from analytics.store.numbers.view import metrics_sql, tail_cells
from analytics.store.process.engine import SPILL_FOLDER
from analytics.store.process.events_sql import is_searched
from analytics.store.process.question import DoubtfulRefusal, Question, Refusal
from analytics.store.process.view import View
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.views import tail_rows, view_sql
from analytics.store.sql.job import FailedQuery, SandboxJob, SqlLimits
from analytics.store.sql.running import run_query

SERVICES = (
    "SELECT service, count(*) AS events, min(time) AS first_event, max(time) AS last_event FROM events GROUP BY service"
)

UNREADABLE = ("IO Error", "Invalid Input Error", "Serialization Error", "TProtocolException", "Invalid Error")
"""Beginnings of errors that a damaged file causes, among other things."""


class SqlRequest(msgspec.Struct, frozen=True):
    """The arguments of a query: see `SqlSchema`."""

    sql: str
    limit: int
    seconds: float


class _Running:
    """A sandbox, which an interruption ends."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def interrupt(self) -> None:
        self._process.kill()


def run_sql(question: Question) -> Iterator[bytes]:
    """The rows of a query as JSON, shaped like `SelectedRows`.

    Raises:
        Refusal: it is not allowed, failed, or is too large.
    """
    asked = msgspec.convert(question.args, SqlRequest)
    view = question.source
    assert isinstance(view, View)
    newest = view._replace(files=()).events()
    with ExitStack() as stack:
        tail, cells = (
            stack.enter_context(_tail_file(view, question.connection, rows)) for rows in (newest, tail_cells(view))
        )
        files = [str(view.folder / file.name) for file in view.all_files]
        stored = view.without_tail().events()
        views = {"events": f"SELECT * FROM {stored} UNION ALL FROM {_read(tail)}"}
        for kind, layout in RECORD_LAYOUTS.items():
            if is_searched(view.erased, kind) and kind not in asked.sql.lower():
                continue  # a query that does not name this view need not wait
            records = stack.enter_context(_tail_file(view, question.connection, tail_rows(layout, view)))
            files.append(str(records))
            views[kind] = view_sql(layout, view, _read(records))
        limits = SqlLimits(seconds=asked.seconds, rows=asked.limit)
        job = SandboxJob(
            asked.sql,
            {**views, "services": SERVICES, "metrics": metrics_sql(view, cells)},
            [*files, str(tail), str(cells)],
            limits,
        )
        answer = run_query(job, lambda process: question.watch(_Running(process)))
    if isinstance(answer, FailedQuery):
        raise (DoubtfulRefusal if answer.message.startswith(UNREADABLE) else Refusal)(answer.code, answer.message)
    yield msgspec.json.encode({"columns": answer.columns, "rows": answer.rows, "truncated": answer.truncated})


def _read(path: Path) -> str:
    return f"read_parquet([{quoted_text(str(path))}])"


@contextmanager
def _tail_file(view: View, connection: Any, rows: str) -> Iterator[Path]:
    """A file with rows that may be in no other file yet, for as long as the context lasts."""
    folder = view.folder / SPILL_FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.parquet"
    path.touch(PRIVATE)
    try:
        connection.execute(f"COPY (SELECT * FROM {rows}) TO {quoted_text(str(path))} (FORMAT parquet)")
        yield path
    finally:
        path.unlink(missing_ok=True)
