"""Erased log lines and spans: which records name the users of an erasure, and how questions leave them out."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analytics.filters.sql_quoting import quoted_text
from analytics.log.digests import among
from analytics.record_users import AFTER_WORD, HINTS, user_in
from analytics.records import NewErasure
from analytics.store.records.layout import RecordLayout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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
    connection: "DuckDBPyConnection", layout: RecordLayout, rows: str, erasure: NewErasure, number: int
) -> ErasedRows:
    """The records up to a number that an erasure is about, of the rows of a subquery."""
    before = f"{rows} WHERE seq <= {number}"
    ids: set[str] = set()
    for column in layout.users:
        ids.update(_texts(connection, f"SELECT DISTINCT {column} FROM {before} AND {column} IS NOT NULL"))
    fields: dict[str, frozenset[str]] = {}
    for column, patterns in layout.named_users.items():
        found = " UNION ALL ".join(
            f"SELECT unnest(regexp_extract_all({column}, {quoted_text(pattern)})) AS field FROM named"
            for pattern in patterns
        )
        hints = " OR ".join(f"contains({column}, {quoted_text(hint)})" for hint in HINTS)
        named = f"SELECT DISTINCT {column} FROM {before} AND ({hints})"
        by_user: dict[str, list[str]] = {}
        for field in _texts(connection, f"WITH named AS MATERIALIZED ({named}) SELECT DISTINCT field FROM ({found})"):
            user = user_in(field)
            if user:
                by_user.setdefault(user, []).append(field)
        fields[column] = frozenset(each for user in among(erasure, by_user) for each in by_user[user])
    erased = ErasedRows(number, among(erasure, ids), fields)
    condition = _condition(erased)
    if not condition:
        return erased
    ((count,),) = connection.execute(f"SELECT count(*) FROM {rows} WHERE coalesce({condition}, false)").fetchall()
    return erased._replace(rows=count)


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


def _texts(connection: "DuckDBPyConnection", query: str) -> Collection[str]:
    return [text for (text,) in connection.execute(query).fetchall()]
