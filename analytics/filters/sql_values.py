"""SQL of the tests of one value: of a name, and of the JSON text of a field; null where they do not apply."""

import json
import re
from collections.abc import Callable
from typing import Any

from analytics.filters.sql_text import folded, may_contain_sql, quoted_pattern
from analytics.filters.tree import Equals, Exists, Fits, Ordered, Test
from analytics.filters.values import NUMBER, WHOLE

Add = Callable[[Any], str]
"""Adds a parameter; returns its name."""


def name_sql(test: Test, column: str, add: Add) -> str:
    """The test of a column of texts."""
    match test:
        case Exists():
            return f"{column} IS NOT NULL"
        case Equals(text=text, is_exact=is_exact):
            return f"{column if is_exact else folded(column, text)} = {add(text)}"
        case Fits(pieces=pieces):
            return _fits(folded(column, "".join(pieces)), pieces, add)
        case Ordered(operator=sign, bound=bound):
            return f"{column} {sign} {add(str(bound))}"


def json_sql(test: Test, column: str, add: Add) -> str:
    """The test of a column with the JSON text of a field; JSON's null is a missing field."""
    match test:
        case Exists():
            return f"{column} <> 'null'"
        case Equals():
            return _equals(test, column, add)
        case Fits(pieces=pieces):
            longest = max(pieces, key=len)
            may = (  # quick, of the JSON
                f"CASE WHEN contains({column}, '\\') THEN true WHEN {may_contain_sql(column, longest, add)}"
                f" THEN contains({folded(column, longest)}, {add(longest)}) ELSE false END"
            )
            return f"CASE WHEN {may} THEN {_fits(folded(_text(column), ''.join(pieces)), pieces, add)} ELSE false END"
        case Ordered(operator=sign, bound=str() as bound):
            return f"CASE WHEN starts_with({column}, '\"') THEN {unquoted_sql(column)} {sign} {add(bound)} END"
        case Ordered(operator=sign, bound=bound):
            return f"{number_sql(column)} {sign} {add(bound)}"


def _fits(text: str, pieces: tuple[str, ...], add: Add) -> str:
    first, *middle, last = pieces
    if not middle and not last:
        return f"starts_with({text}, {add(first)})"
    if not middle and not first:
        return f"ends_with({text}, {add(last)})"
    if len(middle) == 1 and not first and not last:
        return f"contains({text}, {add(middle[0])})"
    return f"regexp_full_match({text}, {add('(?s)' + '.*'.join(map(quoted_pattern, pieces)))})"


def _equals(test: Equals, column: str, add: Add) -> str:
    """Texts without escapes are compared as JSON, which takes the least time."""
    text, case = test.text, (lambda sql: sql) if test.is_exact else (lambda sql: folded(sql, text))
    forms = [add(json.dumps(text, ensure_ascii=False))]
    if text in ("true", "false") or re.fullmatch(WHOLE, text):
        forms += [] if text == "-0" else [add(text)]
        forms += [add("-0")] if text == "0" else []
    sql = (
        f"CASE WHEN contains({column}, '\\')"
        f" THEN {case(unquoted_sql(column))} = {add(text)} AND starts_with({column}, '\"')"
        f" ELSE {case(column)} IN ({', '.join(forms)}) END"
    )
    return sql if test.number is None else f"(coalesce({sql}, false) OR {number_sql(column)} = {add(test.number)})"


def unquoted_sql(column: str) -> str:
    """The text of a JSON text."""
    return f"CASE WHEN contains({column}, '\\') THEN json_extract_string({column}, '$') ELSE {column}[2:-2] END"


def _text(column: str) -> str:
    """As `text_of` has it."""
    return (
        f"CASE WHEN starts_with({column}, '\"') THEN {unquoted_sql(column)} WHEN {column} = '-0' THEN '0'"
        f" WHEN {column} IN ('true', 'false') OR regexp_full_match({column}, '{WHOLE}') THEN {column} END"
    )


def number_sql(column: str) -> str:
    """As `number_of` has it."""
    text = unquoted_sql(column)
    return (
        f"CASE WHEN {column} >= '-' AND {column} < ':' THEN TRY_CAST({column} AS DOUBLE)"
        f" WHEN starts_with({column}, '\"') AND regexp_full_match({text}, '{NUMBER}')"
        f" THEN TRY_CAST({text} AS DOUBLE) END"
    )
