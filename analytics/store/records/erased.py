"""Erased log lines and spans: which records name the users of an erasure, and how questions leave them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from analytics.filters.sql_quoting import quoted_text
from analytics.log.digests import among
from analytics.record_users import DECISIVE, NAME_PATTERN, user_in
from analytics.records import NewErasure
from analytics.store.records.layout import RecordLayout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FETCHED = 50_000
"""Texts that are compared at a time: DuckDB would need memory for all of a file to make them distinct."""

SOUGHT = 20
"""Up to so many texts are searched for, which is quicker, before a pattern is."""


class ErasedRows(NamedTuple):
    """Records up to a number that name erased users: by an id in a column, or in a text.

    Attributes:
        users: ids of the columns for users.
        texts: what names them in texts, as it stands there, by column and pattern.
        rows: how many records there are.
    """

    number: int
    users: frozenset[str] = frozenset()
    texts: Mapping[tuple[str, str], frozenset[str]] = {}
    rows: int = 0


def find_erased(
    connection: "DuckDBPyConnection", layout: RecordLayout, sources: Sequence[str], erasure: NewErasure, number: int
) -> ErasedRows:
    """The records up to a number that an erasure is about, of files and tables, which are read one after the other."""
    ids: set[str] = set()
    naming: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        for column in layout.users:
            query = f"SELECT {column} FROM {source} WHERE seq <= {number} AND {column} IS NOT NULL"
            for texts in _texts(connection, query):
                ids.update(among(erasure, texts))
        for column, patterns in layout.named_users.items():
            for pattern in patterns:
                query = _texts_sql(column, pattern, source, number)
                found = naming.setdefault((column, pattern), set())
                for texts in _texts(connection, query):
                    found.update(_naming(erasure, texts, pattern))
    named = {place: frozenset(texts) for place, texts in naming.items() if texts}
    erased = ErasedRows(number, frozenset(ids), named)
    condition = _condition(erased)
    if not condition:
        return erased
    rows = 0
    for source in sources:
        query = f"SELECT count(*) FROM {source} WHERE coalesce({condition}, false)"
        ((count,),) = connection.execute(query).fetchall()
        rows += count
    return erased._replace(rows=rows)


def _texts_sql(column: str, pattern: str, source: str, number: int) -> str:
    """What a pattern finds in the texts of a column."""
    return (
        f"SELECT unnest({_found(column, pattern)}) FROM {source} "
        f"WHERE seq <= {number} AND regexp_matches({column}, {quoted_text(NAME_PATTERN)})"
    )


def _found(column: str, pattern: str) -> str:
    return f"regexp_extract_all({column}, {quoted_text(pattern)}, {DECISIVE[pattern]})"


def _naming(erasure: NewErasure, texts: Iterable[str], pattern: str) -> Iterator[str]:
    """Those of some texts that a pattern found that name a user of an erasure."""
    by_user: dict[str, set[str]] = {}
    for text in texts:
        user = user_in(text, pattern)
        if user:
            by_user.setdefault(user, set()).add(text)
    return (text for user in among(erasure, by_user) for text in by_user[user])


def not_erased(erased: Sequence[ErasedRows]) -> str:
    """The condition of rows that are not erased."""
    conditions = [condition for each in erased if (condition := _condition(each))]
    return f"NOT coalesce({' OR '.join(conditions)}, false)" if conditions else "true"


def _condition(erased: ErasedRows) -> str:
    """The condition of erased rows; empty if there are none."""
    parts = [f"user_id IN ({', '.join(map(quoted_text, sorted(erased.users)))})"] if erased.users else []
    parts += [_has_one(*place, sorted(texts)) for place, texts in erased.texts.items()]
    return f"(seq <= {erased.number} AND ({' OR '.join(parts)}))" if parts else ""


def _has_one(column: str, pattern: str, texts: Sequence[str]) -> str:
    """Whether a pattern finds one of these in the texts of a column."""
    if len(texts) <= SOUGHT:
        may_have = " OR ".join(f"contains({column}, {quoted_text(text)})" for text in texts)
    else:
        may_have = f"regexp_matches({column}, {quoted_text(NAME_PATTERN)})"
    return f"(({may_have}) AND list_has_any({_found(column, pattern)}, [{', '.join(map(quoted_text, texts))}]))"


def _texts(connection: "DuckDBPyConnection", query: str) -> Iterator[set[str]]:
    """The texts that a query selects, some at a time."""
    found = connection.execute(query)
    while rows := found.fetchmany(FETCHED):
        yield {text for (text,) in rows}
