"""Renders the tree of a filter as SQL of DuckDB, with parameters in place of all values."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from analytics.filters.names import RecordFields
from analytics.filters.sql_text import contains_sql, name_contains_sql
from analytics.filters.sql_values import json_sql, name_sql
from analytics.filters.tree import Either, Every, HasText, InTime, Node, OfData, OfName, Without
from analytics.filters.values import as_datetime


class Parameters:
    """The values of the parameters `$1`, `$2` and so on of a statement."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        """Add a value; returns the name of its parameter."""
        self.values.append(value)
        return f"${len(self.values)}"


class SqlColumns(NamedTuple):
    """Columns (SQL) that records have for a filter.

    Attributes:
        paths: by path in the record's JSON, the column with the JSON text of that field.
        texts: by text, the column that says whether a searched name or the JSON contains it; for others, all of these
            are searched.
    """

    paths: Mapping[str, str]
    texts: Mapping[str, str] = MappingProxyType({})


def rendered(node: Node, fields: RecordFields, columns: SqlColumns, parameters: Parameters) -> str:
    """The condition of a filter as SQL, which is true or false, never null."""
    match node:
        case Every(parts=parts):
            return _joined(" AND ", [rendered(part, fields, columns, parameters) for part in parts], "true")
        case Either(parts=parts):
            return _joined(" OR ", [rendered(part, fields, columns, parameters) for part in parts], "false")
        case Without(part=part):
            return f"(NOT {rendered(part, fields, columns, parameters)})"
        case InTime(since=since, until=until):
            ends = [(">=", since), ("<", until)]
            asked = [f"{fields.time} {sign} {parameters.add(as_datetime(at))}" for sign, at in ends if at is not None]
            return _joined(" AND ", asked, "true")
        case HasText(text=text):
            return _has_text(text, fields, columns.texts, parameters)
        case OfName(name=name, test=test):
            return f"coalesce({name_sql(test, name, parameters.add)}, false)"
        case OfData(path=path, test=test):
            return f"coalesce({json_sql(test, columns.paths[path], parameters.add)}, false)"


def _joined(sign: str, parts: list[str], default: str) -> str:
    return f"({sign.join(parts)})" if parts else default


def _has_text(text: str, fields: RecordFields, columns: Mapping[str, str], parameters: Parameters) -> str:
    if text in columns:
        return columns[text]
    parts = [name_contains_sql(name, text, parameters.add) for name in fields.searched]
    return f"({' OR '.join([*parts, contains_sql(fields.json, text, parameters.add)])})"
