"""Erased log lines and spans: which records name the users of an erasure, and how questions leave them out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analytics.filters.sql_quoting import quoted_text
from analytics.log.digests import among
from analytics.record_users import AFTER_WORD, NAME_PATTERN, user_in
from analytics.records import NewErasure
from analytics.store.records.layout import RecordLayout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FETCHED = 50_000
"""Texts that are compared at a time: DuckDB would need memory for all of a file to make them distinct."""


class ErasedRows(NamedTuple):
    """Records up to a number that name erased users: by an id in a column, or by a field in a text.

    Attributes:
        users: ids of the columns for users.
        fields: fields as they stand in texts, by column.
        rows: how many records there are.
    """

    number: int
    users: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = {}
    rows: int = 0


def find_erased(
    connection: "DuckDBPyConnection", layout: RecordLayout, sources: Sequence[str], erasure: NewErasure, number: int
) -> ErasedRows:
    """The records up to a number that an erasure is about, of files and tables, which are read one after the other."""
    ids: set[str] = set()
    fields: dict[str, set[str]] = {column: set() for column in layout.named_users}
    for source in sources:
        for column in layout.users:
            query = f"SELECT {column} FROM {source} WHERE seq <= {number} AND {column} IS NOT NULL"
            for texts in _texts(connection, query):
                ids.update(among(erasure, texts))
        for column, patterns in layout.named_users.items():
            for texts in _texts(connection, _fields_sql(column, patterns, source, number)):
                fields[column].update(_naming(erasure, texts))
    erased = ErasedRows(number, frozenset(ids), {column: frozenset(each) for column, each in fields.items()})
    condition = _condition(erased)
    if not condition:
        return erased
    rows = 0
    for source in sources:
        query = f"SELECT count(*) FROM {source} WHERE coalesce({condition}, false)"
        ((count,),) = connection.execute(query).fetchall()
        rows += count
    return erased._replace(rows=rows)


def _fields_sql(column: str, patterns: Sequence[str], source: str, number: int) -> str:
    """The fields in the texts of a column that name users."""
    found = ", ".join(f"regexp_extract_all({column}, {quoted_text(pattern)})" for pattern in patterns)
    return (
        f"SELECT unnest(flatten([{found}])) FROM {source} "
        f"WHERE seq <= {number} AND regexp_matches({column}, {quoted_text(NAME_PATTERN)})"
    )


def _naming(erasure: NewErasure, fields: Iterable[str]) -> Iterator[str]:
    """Those of some fields that name a user of an erasure."""
    by_user: dict[str, list[str]] = {}
    for field in fields:
        user = user_in(field)
        if user:
            by_user.setdefault(user, []).append(field)
    return (field for user in among(erasure, by_user) for field in by_user[user])


def not_erased(erased: Sequence[ErasedRows]) -> str:
    """The condition of rows that are not erased."""
    conditions = [condition for each in erased if (condition := _condition(each))]
    return f"NOT coalesce({' OR '.join(conditions)}, false)" if conditions else "true"


def _condition(erased: ErasedRows) -> str:
    """The condition of erased rows; empty if there are none."""
    parts = [f"user_id IN ({', '.join(map(quoted_text, sorted(erased.users)))})"] if erased.users else []
    parts += [_has_field(column, field) for column, fields in erased.fields.items() for field in sorted(fields)]
    return f"(seq <= {erased.number} AND ({' OR '.join(parts)}))" if parts else ""


def _has_field(column: str, field: str) -> str:
    """Whether a text has a field, and not one whose value only begins like that."""
    contains = f"contains({column}, {quoted_text(field)})"
    if field.startswith('"') and not field[-1].isdigit():
        return contains
    before = "" if field.startswith('"') else r"\b"
    after = "" if field.endswith('"') else AFTER_WORD
    return f"({contains} AND regexp_matches({column}, {quoted_text(before + re.escape(field) + after)}))"


def _texts(connection: "DuckDBPyConnection", query: str) -> Iterator[set[str]]:
    """The texts that a query selects, some at a time."""
    found = connection.execute(query)
    while rows := found.fetchmany(FETCHED):
        yield {text for (text,) in rows}
