"""The process that runs one query and ends: `python -m analytics.store.sql.sandbox`, a job on standard input.

Several fences stand one behind the other: the query's tree is judged (`allowed.py`), DuckDB may open no files but those
of the views and its settings are locked, the kernel lets the process read nothing else and write nothing (Landlock, and
no file may grow), and its address space is limited. Its parent process limits the time.
"""

import math
import os
import resource
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import msgspec

from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.store.sql.allowed import QueryRefused, check_query
from analytics.store.sql.job import ADDRESS_SPACE, FailedQuery, ResultColumn, SandboxJob, SelectedRows, SqlLimits
from analytics.store.sql.landlock import confine

MAX_DEPTH = 250
"""Expressions inside of each other, at most: parsing deeper ones needs a large stack."""
FETCHED = 256
"""Rows that are fetched at once."""
MEMORY_LIMITS = (Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
"""File from which DuckDB reads at its start how much memory there is."""
CPU_GRACE = 10
"""Seconds of CPU time between the signal that says what was used up, SIGXCPU, and SIGKILL, which says nothing."""
ZONE = ZoneInfo("UTC")
"""The zone of values with a time zone. DuckDB looks it up; its file cannot be read once the process is confined."""
TOO_DEEP = f"The query has more than {MAX_DEPTH} expressions inside of each other."
_DEPTH = "Max expression depth"
encode = msgspec.json.encode


def main() -> None:
    """Read a job, run it, write its answer as JSON."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=SandboxJob)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer = run(job)
    sys.stdout.buffer.write(encode(answer))
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing is left to be closed, and the parent process waits


def _end_with_parent() -> None:
    """End the process when the other end of standard input is closed."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def run(job: SandboxJob) -> SelectedRows | FailedQuery:
    """Run a job in this process, which can do nothing else afterwards."""
    _limit(job.limits)
    confine(path for path in (*map(Path, job.files), *MEMORY_LIMITS) if path.exists())
    try:
        db = _opened(job)
        check_query(_parsed(db, job.sql), job.views)
        return _answer(db.execute(job.sql), job.limits)
    except QueryRefused as error:
        return FailedQuery("query_refused", TOO_DEEP if _DEPTH in str(error) else str(error))
    except (MemoryError, duckdb.OutOfMemoryException):
        megabytes = job.limits.memory // 1024**2
        return FailedQuery(
            "query_too_large",
            f"The query needs more than {megabytes} MB: ask for fewer rows or columns, or a shorter time.",
        )
    except RecursionError:
        return FailedQuery("query_refused", TOO_DEEP)
    except duckdb.Error as error:
        return _failed(str(error))


def _failed(message: str) -> FailedQuery:
    """A query that cannot be executed; DuckDB's own advice for deep ones would not help."""
    return FailedQuery("query_refused", TOO_DEEP) if _DEPTH in message else FailedQuery("query_failed", message)


def _limit(limits: SqlLimits) -> None:
    space = limits.memory + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = math.ceil(process_time() + limits.seconds * limits.threads) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + CPU_GRACE))


def _opened(job: SandboxJob) -> duckdb.DuckDBPyConnection:
    """A connection that sees the views and can change nothing."""
    db = duckdb.connect(
        config={
            "memory_limit": f"{job.limits.memory}B",
            "threads": job.limits.threads,
            "temp_directory": "",
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    db.execute(f"SET TimeZone = '{ZONE.key}'")
    db.execute(f"SET max_expression_depth = {MAX_DEPTH}")
    for name, sql in job.views.items():
        db.execute(f"CREATE VIEW {quoted_name(name)} AS {sql}")
    db.execute(f"SET allowed_paths = [{', '.join(map(quoted_text, job.files))}]")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    return db


def _parsed(db: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    found = db.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    assert found is not None
    tree: dict[str, Any] = msgspec.json.decode(found[0])
    return tree


def _answer(result: duckdb.DuckDBPyConnection, limits: SqlLimits) -> SelectedRows:
    columns = [ResultColumn(name, str(kind)) for name, kind, *_ in result.description or ()]
    rows: list[list[Any]] = []
    size = 0
    for row in _fetched(result):
        size += len(encode(row)) + 1
        if len(rows) == limits.rows or size > limits.bytes:
            return SelectedRows(columns, rows, truncated=True)
        rows.append(row)
    return SelectedRows(columns, rows)


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[list[Any]]:
    while rows := result.fetchmany(FETCHED):
        for row in rows:
            yield [json_value(value) for value in row]


def json_value(value: Any) -> Any:
    """A value of DuckDB as JSON has it: times as text in RFC 3339, integers beyond 2^53 and decimals as text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _json_object(value)


def _json_object(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_value(each) for each in value]
    if isinstance(value, datetime):
        at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return at.isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return str(value)


if __name__ == "__main__":
    main()
