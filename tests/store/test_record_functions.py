"""The functions of statements about records answer alike in memory and in the store."""

import duckdb
import pytest

from analytics.query.records.functions import json_text
from analytics.store.records.functions import RECORD_MACROS


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('{"a":"first","b":1,"a":"last"}', "a", "last"),
        ('{"a":"first","\\u0061":"last"}', "a", "last"),
        ('{"a":1,"a":null}', "a", None),
        ('{"a":null,"a":{"b":[1,2]}}', "a", '{"b":[1,2]}'),
        ('{"q/~":1,"q/~":2}', "q/~", "2"),
        ('{"a":"a","b":"\\"a\\""}', "a", "a"),
        ('{"b":{"a":1},"c":{"a":2}}', "a", None),
        ('{"b":{"a":1},"a":3,"c":{"a":2}}', "a", "3"),
        ("{}", "a", None),
    ],
)
def test_the_last_of_several_members_counts(text: str, name: str, expected: str | None) -> None:
    with duckdb.connect() as db:
        for macro in RECORD_MACROS:
            db.execute(f"CREATE MACRO {macro}")
        found = db.execute("SELECT json_text(?, ?)", [text, name]).fetchone()
    assert (found, json_text(text, name)) == ((expected,), expected)
