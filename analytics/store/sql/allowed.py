"""Judges a parsed query: each node must be of a kind that reads views and computes, and nothing else.

DuckDB's own parser makes the tree (`json_serialize_sql`), so what is judged is what would run. Everything that is not
listed is refused: a SELECT may hold COPY in a common table expression, show settings, or read a file by its name.
"""

from collections.abc import Collection, Iterator
from typing import Any

from analytics.store.sql.functions import ALLOWED, ALLOWED_TABLES

MAX_NODES = 20_000
"""Nodes of a query's tree, at most."""

QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
TABLES = frozenset({"EMPTY", "BASE_TABLE", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "TABLE_FUNCTION"})
MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"})
ORDERS = frozenset({"ORDER_DEFAULT", "ASCENDING", "DESCENDING"})
"""The types of the items of ORDER BY."""
EXPRESSIONS = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)
_TYPES = """
    ARRAY BIGINT BLOB BOOLEAN DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER INTERVAL JSON LIST MAP SMALLINT STRUCT TEXT TIME
    TIMESTAMP TIMESTAMPTZ TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TINYINT UBIGINT UHUGEINT UINTEGER USMALLINT UTINYINT
    UUID VARCHAR
"""
TYPES = frozenset({*_TYPES.split(), "TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE"})
"""Names of types to which values may be cast."""
OWN_VIEWS = ("duckdb_", "pg_", "pragma_", "sqlite_")
"""Beginnings of the names of DuckDB's own views, which show paths and settings: a common table expression that has such
a name would let the query read the view of this name, where the expression is out of sight."""


class QueryRefused(ValueError):
    """A query holds something that is not allowed; the message names it."""


def check_query(parsed: dict[str, Any], views: Collection[str]) -> None:
    """Check the tree that DuckDB made of a query's text.

    Args:
        parsed: the decoded result of `json_serialize_sql`.
        views: the names of the tables that it may read.

    Raises:
        QueryRefused: the text is not exactly one SELECT, or holds a node, function or table that is not allowed.
    """
    if parsed.get("error"):
        raise QueryRefused(_parse_error(parsed))
    statements = parsed["statements"]
    if len(statements) != 1:
        raise QueryRefused(f"Exactly one SELECT is executed, not {len(statements)} statements.")
    nodes = list(_nodes(statements[0]))
    named = {each["key"] for node in nodes for each in _named(node)}
    for name in named:
        if not name.replace("_", "a").isalnum():
            raise QueryRefused(f"Names of common table expressions are of letters, digits and _, not {name!r}.")
        if name.lower().startswith(OWN_VIEWS):
            raise QueryRefused(f"A common table expression cannot be named {name!r}, like a view of DuckDB's own.")
    for node in nodes:
        _check_node(node, {*views, *(name.lower() for name in named)})


def _parse_error(parsed: dict[str, Any]) -> str:
    message = str(parsed.get("error_message", "The query cannot be parsed."))
    if parsed.get("error_type") == "not implemented":
        return "Only a SELECT is executed here, and nothing else."
    return message[:1].upper() + message[1:]


def _nodes(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All objects in the tree. Iterative, since a query may be nested deeply."""
    waiting: list[Any] = [root]
    count = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            count += 1
            if count > MAX_NODES:
                raise QueryRefused(f"The query has more than {MAX_NODES:,} parts.")
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _named(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The common table expressions that a node defines."""
    defined = node.get("cte_map")
    entries: list[dict[str, Any]] = defined["map"] if isinstance(defined, dict) else []
    return entries


def _check_node(node: dict[str, Any], tables: Collection[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        _check_expression(node, str(node["class"]))
    elif isinstance(kind, str):
        _check_clause(node, kind, tables)
    elif "catalog_name" in node or "file_path" in node:
        raise QueryRefused("The query names a table in a way that is not allowed.")


def _check_clause(node: dict[str, Any], kind: str, tables: Collection[str]) -> None:
    """Check a query, table or modifier."""
    if kind in QUERIES or kind in MODIFIERS or kind in ORDERS:
        return
    if kind not in TABLES:
        raise QueryRefused(f"{_readable(kind)} is not allowed: a query reads {_list_of(tables)}.")
    if kind == "BASE_TABLE":
        name = str(node.get("table_name", ""))
        path = node.get("qualified_name", {}).get("path", [name])
        if node.get("schema_name") or node.get("catalog_name") or path != [name] or name.lower() not in tables:
            raise QueryRefused(f"There is no table {'.'.join(map(str, path))!r}: a query reads {_list_of(tables)}.")
    elif kind == "TABLE_FUNCTION":
        function = node.get("function", {})
        name = str(function.get("function_name", "")).lower()
        if name not in ALLOWED_TABLES:
            raise QueryRefused(f"The function {name}() is not allowed in FROM: a query reads {_list_of(tables)}.")


def _check_expression(node: dict[str, Any], kind: str) -> None:
    if kind not in EXPRESSIONS:
        raise QueryRefused(f"{_readable(kind)} is not allowed in a query.")
    if kind in {"FUNCTION", "WINDOW"}:
        name = str(node.get("function_name", "")).lower()
        if node.get("schema") or node.get("catalog"):
            raise QueryRefused(f"Write {name}() without a schema.")
        if name not in ALLOWED and name not in ALLOWED_TABLES:
            raise QueryRefused(f"The function {name}() is not allowed in a query.")
    elif kind == "TYPE":
        name = str(node.get("type_name", "")).upper()
        if name not in TYPES or node.get("schema") or node.get("catalog"):
            raise QueryRefused(f"Values cannot be cast to {name} here.")


def _readable(kind: str) -> str:
    return {"SHOW_REF": "DESCRIBE or SUMMARIZE", "COPY_QUERY_NODE": "COPY", "PARAMETER": "A parameter ($1 or ?)"}.get(
        kind, kind.replace("_", " ").capitalize()
    )


def _list_of(tables: Collection[str]) -> str:
    *most, last = sorted(tables)
    return f"{', '.join(most)} and {last}" if most else last
