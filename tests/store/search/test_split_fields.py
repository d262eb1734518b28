"""A filter finds the same in memory and in the store's own tables, where common fields of data are columns."""

from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters, SqlColumns, rendered
from analytics.filters.sql_quoting import quoted_name
from analytics.filters.tree import Node, paths, texts
from analytics.records import Kept, NewEvent
from analytics.store.files.shapes import Shape, Shapes
from analytics.store.process.events_sql import Relation, containing, events_sql
from analytics.store.process.tail import TailTable
from analytics.store.search.statement import span_of
from analytics.store.source import field_columns
from tests.filters.records import batches, filters, json_values
from tests.filters.test_agreement import found_in_memory

KNOWN = [Shape(number + 1, fields) for number, fields in enumerate((("a",), ("a", "b"), ("b", "a.b"), ("0", "a", "b")))]


@cache
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET pandas_analyze_sample = 0")
    return connection


def found_in_store(node: Node, kept: Kept[NewEvent]) -> list[int]:
    shapes, table, connection = Shapes(KNOWN), TailTable("tail", 0, 0), database()
    places = range(len(kept.records))
    times = [round(kept.at(place) * 1e6) for place in places]
    table.add(kept.records, places, map(kept.id, places), times, round(kept.received * 1e6), shapes)
    table.settle(connection, shapes)
    parameters, fields = Parameters(), paths(node)
    searched = texts(node)
    columns = SqlColumns(
        {field: quoted_name(name) for field, name in field_columns(fields).items()},
        {text: quoted_name(f"text.{index}") for index, text in enumerate(searched)},
    )
    condition = rendered(node, EVENT_FIELDS, columns, parameters)
    relations = [
        Relation(
            part.name,
            [shapes.by_number[number] for number in sorted(part.shapes) if number],
            0 in part.shapes,
            part.letters.letters(),
        )
        for part in table.parts
    ]
    relations = [containing(relation, span_of(node).contained) for relation in relations]
    source = events_sql(relations, fields, (), searched)
    rows = connection.execute(f"SELECT seq FROM {source} WHERE {condition} ORDER BY seq", parameters.values).fetchall()
    for part in table.parts:
        connection.execute(f"DROP TABLE {part.name}")
    return [seq for (seq,) in rows]


@st.composite
def split_batches(draw: st.DrawFn) -> Kept[NewEvent]:
    """Random events, some of which have data that is split."""
    kept = draw(batches)
    for event in kept.records:
        if draw(st.booleans()):
            fields = draw(st.sampled_from(KNOWN)).fields
            text = ",".join(f'"{field}":{draw(json_values(2))}' for field in fields)
            event.data = type(event.data)(f"{{{text}}}".encode())
    return kept


@given(split_batches(), filters)
@settings(deadline=None)
def test_memory_and_store_find_the_same(kept: Kept[NewEvent], text: str) -> None:
    node = parse(text, EVENT_FIELDS)
    assert found_in_memory(text, kept) == found_in_store(node, kept)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('", "', [2]),
        ('","', [0, 1, 2]),
        ('": 1', [2]),
        ('":1', [0, 1, 2]),
        (" 1", [2]),
        ("x y", [2]),
        ("1,2", [0, 1, 2]),
        ("1, 2", []),
        ('a":[', [0, 1, 2]),
    ],
)
def test_white_space_between_tokens_is_not_searched_but_that_in_texts_is(text: str, expected: list[int]) -> None:
    documents = ['{"a":["x","y"],"b":{"c":1,"d":[1,2]}}', '{"a": ["x", "y"], "b": {"c": 1, "d": [1, 2]}}']
    documents += ['{"a": [", \\": 1", "x y"], "b":{"c":1, "d":[1,\t2]}}', '{ "z": "" }']
    kept = Kept([NewEvent("t", "s", data=Raw(each.encode())) for each in documents], 0.0, "", "p-")
    wanted = '"' + text.replace('"', '\\"') + '"'
    node = parse(wanted, EVENT_FIELDS)
    assert found_in_memory(wanted, kept) == expected
    assert found_in_store(node, kept) == expected


@pytest.mark.parametrize(
    ("letters", "is_plain"),
    [('"abc-1', True), ('"abC', False), ('"abc\\', False), ('"abc\x80', False), (None, False)],
)
def test_texts_without_capitals_and_escapes_are_searched_as_they_are(letters: str | None, is_plain: bool) -> None:
    known = None if letters is None else {"data.note": letters}
    relation = Relation("rows", [Shape(1, ("note",))], False, known)
    contains = """coalesce(contains("data.note", 'abc'), false)"""
    text = events_sql([relation], (), (), ["abc"])
    assert (contains in text, "lower(" in text) == (is_plain, not is_plain)
    assert containing(relation, [("note", "abc"), ("note", ""), ("other", "abc"), ("note.a", "abc")]).where == (
        f"({contains})" if is_plain else "true"
    )
    whole = containing(relation._replace(has_whole=True, where="seq < 9"), [("note", "abc")])
    assert whole.where == (f"seq < 9 AND ({contains} OR shape = 0)" if is_plain else "seq < 9")
