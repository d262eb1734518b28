"""Messages of a sandbox: the job on its standard input, and the answer on its standard output."""

from typing import Any

from msgspec import Struct


class SqlLimits(Struct, frozen=True):
    """Limits of one query.

    Attributes:
        seconds: how long it may run.
        memory: bytes that DuckDB may use; the process may use `ADDRESS_SPACE` bytes more.
        rows: rows of the answer; more are cut off.
        bytes: bytes of the answer as JSON; rows beyond them are cut off.
        threads: threads that execute it.
    """

    seconds: float = 30.0
    memory: int = 512 * 1024 * 1024
    rows: int = 10_000
    bytes: int = 16 * 1024 * 1024
    threads: int = 2


ADDRESS_SPACE = 1024 * 1024 * 1024
"""Bytes of address space beyond the memory of DuckDB: Python, libraries, stacks of threads."""


class SandboxJob(Struct, frozen=True):
    """A query to run.

    Attributes:
        sql: the text of the query, as a user wrote it.
        views: the SQL of each view that it may read, by name; trusted.
        files: the Parquet files that the views read.
    """

    sql: str
    views: dict[str, str]
    files: list[str]
    limits: SqlLimits = SqlLimits()


class ResultColumn(Struct, frozen=True):
    """A column of an answer: its name, and the name of its type in DuckDB."""

    name: str
    type: str


class SelectedRows(Struct, frozen=True, tag="rows"):
    """The answer to a query; `truncated` if there were more rows than its limits allow."""

    columns: list[ResultColumn]
    rows: list[list[Any]]
    truncated: bool = False


class FailedQuery(Struct, frozen=True, tag="failed"):
    """The reason for which a query has no answer. `code` is `query_refused`, `query_failed` or `query_too_large`."""

    code: str
    message: str
