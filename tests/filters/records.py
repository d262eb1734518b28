"""Random events and random filters of them, and the same events in DuckDB."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from math import isinf
from typing import Any

import duckdb
from hypothesis import strategies as st
from msgspec import Raw

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.sql import Parameters, SqlColumns, rendered
from analytics.filters.sql_quoting import quoted_name
from analytics.filters.tree import Node, paths
from analytics.records import Kept, NewEvent
from analytics.store.source import field_columns
from tests.store.plain_source import PlainSource, connect, fill

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LETTERS = "aAbBkK1 .*-_%\\\"/'()İıΣσςßẞÅåéﬁ🚀\u212a\x00\n"
texts = st.text(st.sampled_from(LETTERS), max_size=5)
names = st.text(st.sampled_from("aAbBkK1 .*-_%\\\"'İΣσςß🚀\u212a"), min_size=1, max_size=4)
keys = st.sampled_from(["a", "b", "a.b", "A", "Σ", "b.a", "", 'q"', "x*", "a b", "it's", "0", "b\\"])
numbers = st.one_of(
    st.sampled_from(["0", "-0", "1", "1.0", "1e0", "1.50", "-0.0", "1E2", "100", "10000000000000000", "1e400", "0.1"]),
    st.sampled_from(["12345678901234567890", "12345678901234567891", "1e-400", "9007199254740993", "-7", "2"]),
    st.integers(-20, 120).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


limits = numbers.filter(lambda text: not isinf(float(text)))


@st.composite
def json_texts(draw: st.DrawFn, value: str) -> str:
    """A text as JSON, in any of the ways to write it."""
    how = draw(st.sampled_from(["plain", "ascii", "every", "slash"]))
    if how == "every":
        units = value.encode("utf-16-be").hex()
        return '"' + "".join(f"\\u{units[at : at + 4].upper()}" for at in range(0, len(units), 4)) + '"'
    return json.dumps(value, ensure_ascii=how == "ascii").replace("/", "\\/" if how == "slash" else "/")


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    """A JSON object as clients may write it, also with names given twice."""
    members = draw(st.lists(keys, max_size=4))
    parts = [f"{draw(json_texts(key))}:{draw(json_values(depth - 1))}" for key in members]
    return draw(st.sampled_from(["{%s}", "{ %s }"])) % draw(st.sampled_from([",", ", "])).join(parts)


@st.composite
def json_values(draw: st.DrawFn, depth: int) -> str:
    sorts = ["text", "text", "number", "number", "as text", "plain", *(["object", "list"] if depth else [])]
    match draw(st.sampled_from(sorts)):
        case "text":
            return draw(json_texts(draw(texts)))
        case "number":
            return draw(numbers)
        case "as text":
            return draw(json_texts(draw(numbers)))
        case "plain":
            return draw(st.sampled_from(["null", "true", "false", '"true"', '""', "[]", "{}"]))
        case "object":
            return draw(documents(depth))
        case _:
            return "[" + ",".join(draw(st.lists(json_values(depth - 1), max_size=2))) + "]"


times = st.integers(-3_600_000_000, 3_600_000_000).map(lambda us: NOON + timedelta(microseconds=us))
ids = st.one_of(names, st.just("0123456789-18c2f0a1b2c-8-0"))


@st.composite
def events(draw: st.DrawFn) -> NewEvent:
    user, time, id_ = (draw(st.none() | values) for values in (names, times, ids))
    data = Raw(draw(documents()).encode())
    return NewEvent(draw(names), draw(names), user, time, id_, data)


batches = st.lists(events(), min_size=1, max_size=6).map(
    lambda records: Kept(records, NOON.timestamp(), "2026-11-28T12:00:00.000Z", "0123456789-18c2f0a1b2c-7-")
)


@st.composite
def values(draw: st.DrawFn) -> str:
    """A value of a condition."""
    match draw(st.sampled_from(["quoted", "bare", "number", "range", "wild", "any", "word"])):
        case "quoted":
            return '"' + draw(filter_texts).replace("\\", "\\\\").replace('"', '\\"') + '"'
        case "number":
            return draw(limits)
        case "range":
            return draw(limits | st.just("")) + ".." + draw(limits | st.just("a"))
        case "wild":
            return "*".join(draw(st.lists(st.text("aAbBkK1σΣ", max_size=2), min_size=2, max_size=4)))
        case "any":
            return "*"
        case "word":
            return draw(st.sampled_from(["true", "false", "null", "TRUE", "a", "A", "1", "σ", "i"]))
        case _:
            return "x" + draw(st.text("aAbBkK1._%\\İıΣσςßẞÅåé🚀", max_size=3)) + "z"


filter_texts = st.text(st.sampled_from(LETTERS.replace("\x00", "").replace("\n", "")), min_size=1, max_size=4)
phrases = filter_texts.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


@st.composite
def conditions(draw: st.DrawFn) -> str:
    match draw(st.sampled_from(["name", "data", "data", "data", "time", "text", "word"])):
        case "name":
            name = draw(st.sampled_from(["type", "service", "user", "user_id", "id"]))
        case "time":
            span = draw(st.sampled_from(["2026-11-28", "2026-11-28T12:00Z", "2026-11-28T12:00:00.5Z"]))
            return "time" + draw(st.sampled_from([":", "=", "!=", "<", "<=", ">", ">="])) + span
        case "data":
            key = draw(keys)
            quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
            name = "data." + (key if key.replace(".", "").isalnum() else quoted if key else "a")
        case "text":
            return draw(phrases)
        case _:
            return draw(st.sampled_from(["a", "Ab", "k", "σ", "i", "1", "u00", 'x"', "\\", "/", "n", "ß"]))
    return name + draw(st.sampled_from([":", ":", "=", "!=", "<", "<=", ">", ">="])) + draw(values())


filters = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " OR ".join(parts) + ")"),
        inner.map(lambda part: f"-({part})"),
        inner.map(lambda part: f"NOT {part}"),
    ),
    max_leaves=4,
)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return connect()


def found_by_sql(node: Node, kept: Kept[NewEvent]) -> list[int]:
    """The places of the events that the SQL of a filter finds."""
    database, parameters, fields = _database(), Parameters(), paths(node)
    fill(database, [(0, kept)])
    columns = SqlColumns({path: quoted_name(name) for path, name in field_columns(fields).items()})
    condition = rendered(node, EVENT_FIELDS, columns, parameters)
    rows: list[Any] = database.execute(
        f"SELECT seq FROM {PlainSource(database).events(fields)} WHERE {condition} ORDER BY seq", parameters.values
    ).fetchall()
    return [seq for (seq,) in rows]
