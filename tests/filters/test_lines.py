"""Filters of log lines: in memory they find what they find in SQL, and what a slow model finds."""

import json
import re
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from analytics.errors import ValidationFailed
from analytics.filters.line_sql import line_sql
from analytics.filters.lines import line_test
from analytics.filters.names import LINE_FIELDS
from analytics.filters.parse import parse
from analytics.log_lines import NewLogLine
from analytics.query.records.functions import add_functions

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND
TEXTS = st.sampled_from(("shop", "Shop", "sho", "50", "50.0", "", "a b", "é", "ÉTÉ", "50%_", 'say "hi"', "\u212a", "k"))
VALUES = TEXTS | st.sampled_from((50, 50.5, -3, True, False, None))
LINES = st.builds(
    lambda service, body, severity, trace, attributes, resource, at: NewLogLine(
        service,
        body,
        NOON + at * SECOND,
        severity,
        trace_id=trace,
        attributes=Raw(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")).encode()),
        resource=Raw(json.dumps(resource, separators=(",", ":")).encode()),
    ),
    TEXTS.filter(bool),
    TEXTS,
    st.integers(0, 24),
    st.sampled_from(("", "ab" * 16)),
    st.dictionaries(st.sampled_from(("x", "y.z")), VALUES),
    st.dictionaries(st.sampled_from(("x", "y.z")), VALUES),
    st.integers(-2, 2),
)
NAMES = st.sampled_from(
    ("service", "body", "trace_id", "attributes.x", "attributes.y.z", "resource.x", 'resource."y.z"')
)
WORDS = st.sampled_from(("shop", "SHOP", "50", "50.0", "s*p", "*o*", "*", '"50"', "1..60", "é*", "k", '"a b"', '""'))
CONDITIONS = st.one_of(
    st.tuples(NAMES, st.sampled_from((":", "=", "!=")), WORDS).map("".join),
    st.tuples(NAMES, st.sampled_from(("<", ">=")), st.sampled_from(("50", "shop", '"5"'))).map("".join),
    st.tuples(
        st.sampled_from(("level", "severity")),
        st.sampled_from((":", "=", "!=", "<", "<=", ">", ">=")),
        st.sampled_from(("warn", "ERROR", "info", "warning", "unknown", "17", "0")),
    ).map("".join),
    st.sampled_from(("level:e*", "level:*", "hi", '"say"', "50", "ét", "time>=2023-11-14T22:13:20Z")),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda both: f"({both[0]} OR {both[1]})"),
        st.tuples(inner, inner).map(" AND ".join),
        inner.map(lambda part: f"NOT ({part})"),
    ),
    max_leaves=4,
)


def by_sql(text: str, lines: list[NewLogLine]) -> list[int]:
    """The places of the lines that a filter finds in a table."""
    table = sqlite3.connect(":memory:")
    add_functions(table)
    columns = ("service", "body", "severity", "trace_id", "attributes", "resource", "time", "scope", "id")
    table.execute(f"CREATE TABLE records (place, {', '.join(columns)})")
    for place, line in enumerate(lines):
        texts = (bytes(line.attributes).decode(), bytes(line.resource).decode())
        row = (
            place,
            line.service,
            line.body,
            line.severity,
            line.trace_id,
            *texts,
            line.time,
            line.scope,
            f"id-{place}",
        )
        table.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    found = line_sql(parse(text, LINE_FIELDS))
    return [place for (place,) in table.execute(f"SELECT place FROM records WHERE {found.sql}", found.values)]


def in_memory(text: str, lines: list[NewLogLine]) -> list[int]:
    """The same, line by line."""
    is_found = line_test(parse(text, LINE_FIELDS))
    return [place for place, line in enumerate(lines) if is_found(line, f"id-{place}", line.time or 0)]


@given(FILTERS, st.lists(LINES, max_size=6))
def test_memory_and_sql_find_the_same_lines(text: str, lines: list[NewLogLine]) -> None:
    assert in_memory(text, lines) == by_sql(text, lines)


@given(
    st.sampled_from(("service", "body", "attributes.x", "resource.y.z")),
    st.sampled_from(("shop", "50", "a b", "é", 'say "hi"')),
    st.lists(LINES, max_size=8),
)
def test_an_exact_value_finds_what_a_slow_model_finds(name: str, wanted: str, lines: list[NewLogLine]) -> None:
    def value(line: NewLogLine) -> Any:
        object_, _, path = name.partition(".")
        return json.loads(bytes(getattr(line, object_))).get(path) if path else getattr(line, object_)

    quoted = wanted.replace('"', '\\"')
    expected = [place for place, line in enumerate(lines) if str(value(line)) == wanted and value(line) is not None]
    assert by_sql(f'{name}="{quoted}"', lines) == in_memory(f'{name}="{quoted}"', lines) == expected


@given(st.sampled_from(("shop", "50", "ét", "HI", "%_")), st.lists(LINES, max_size=8))
def test_a_word_finds_what_a_slow_model_finds(word: str, lines: list[NewLogLine]) -> None:
    searched = [f"{line.body}\n{bytes(line.attributes).decode()}" for line in lines]
    expected = [place for place, text in enumerate(searched) if re.search(re.escape(word), text, re.IGNORECASE)]
    assert by_sql(word, lines) == in_memory(word, lines) == expected


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("level:error", range(17, 21)),
        ("level>=warn", range(13, 25)),
        ("level>warning", range(17, 25)),
        ("level<info", range(9)),
        ("severity=17", [17]),
        ("severity>=20", range(20, 25)),
        ("level:unknown", [0]),
        ("level:*", range(1, 25)),
        ("level:f*", range(21, 25)),
        ("-level:debug", [*range(5), *range(9, 25)]),
    ],
)
def test_levels_are_names_or_numbers(text: str, severities: range | list[int]) -> None:
    lines = [NewLogLine("shop", "x", NOON, severity) for severity in range(25)]
    assert in_memory(text, lines) == by_sql(text, lines) == list(severities)


@pytest.mark.parametrize("text", ["level:eror", "severity>=25", "level>=1.5", "level=-1", "severity=²"])
def test_levels_that_do_not_exist_are_refused(text: str) -> None:
    for compile_ in (line_sql, line_test):
        with pytest.raises(ValidationFailed, match="is not a level"):
            compile_(parse(text, LINE_FIELDS))  # type: ignore[operator]


def test_other_fields_are_refused_with_those_that_exist() -> None:
    with pytest.raises(ValidationFailed, match=r"severity, time, attributes\.total, resource\.total and so on"):
        parse("user_id=5", LINE_FIELDS)


def test_values_never_become_part_of_a_statement() -> None:
    text = """service="a' OR 1=1 --" attributes."x') OR ('1"=5"""
    lines = [NewLogLine("shop", "x", NOON)]
    assert by_sql(text, lines) == in_memory(text, lines) == []
