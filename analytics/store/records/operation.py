"""The operation of the store process that answers questions about log lines and spans."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from analytics.query.records.source import RecordQuery
from analytics.store.process.question import Question, Refusal
from analytics.store.process.view import View
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.relation import records_sql

PIECE_ROWS = 1_000
"""Rows of a piece of the answer, so that the server decodes it without holding up others."""
MOST_BYTES = 64 * 1024 * 1024
"""The most bytes of an answer."""
_begins_with = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE).match
_encode = msgspec.json.Encoder(decimal_format="number").encode


def ask_records(question: Question) -> Iterator[bytes]:
    """The rows that a `RecordQuery` asks for, as JSON, in pieces.

    Raises:
        Refusal: there are too many.
    """
    asked = msgspec.convert(question.args, RecordQuery)
    view = question.source
    assert isinstance(view, View)
    layout = RECORD_LAYOUTS[asked.kind]
    files = [file for file in view.records if file.kind == layout.kind]
    tables = [name for table in view.tables for name in table.records[layout.kind].tables]
    records = records_sql(layout, view.folder, files, tables, asked, view.erased_records(layout.kind))
    rows = question.connection.execute(_with_table(asked.statement, records), list(asked.parameters))
    truths = [index for index, column in enumerate(rows.description) if str(column[1]) == "BOOLEAN"]
    size = 0
    while found := rows.fetchmany(PIECE_ROWS):
        piece = _encode(_with_numbers(found, truths) if truths else found)
        size += len(piece)
        if size > MOST_BYTES:
            raise Refusal(
                "query_too_large", f"The answer has more than {MOST_BYTES // 2**20} MiB: ask for fewer records."
            )
        yield piece


def _with_table(statement: str, records: str) -> str:
    """The statement with the table `records`, which is not computed before it is known what is asked for."""
    begun = _begins_with(statement)
    recursive = begun[1] or "" if begun else ""
    rest = f", {statement[begun.end() :]}" if begun else f" {statement}"
    return f"WITH {recursive}records AS NOT MATERIALIZED ({records}){rest}"


def _with_numbers(rows: list[tuple[Any, ...]], truths: list[int]) -> list[list[Any]]:
    """The rows with 0 and 1 for truth values, as SQLite has them."""
    found = [list(row) for row in rows]
    for row in found:
        for index in truths:
            row[index] = None if row[index] is None else int(row[index])
    return found
