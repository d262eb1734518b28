"""Values of fields as the texts of groups."""

import duckdb
import pytest

from analytics.store.explore.found import text_sql


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("99.90", "99.9"),
        ("1E5", "100000.0"),
        ("-0", "0"),
        ("0.1000000000000000055511151231257827", "0.1"),
        ("1e308", "1e+308"),
        ("12345678901234567890", "12345678901234567890"),
        ('"99.90"', "99.90"),
        ("true", "true"),
        ("null", None),
        ('{"a":1}', '{"a":1}'),
    ],
)
def test_a_value_has_one_text_in_a_column_and_in_the_whole_data(sent: str, text: str | None) -> None:
    with duckdb.connect() as db:
        for stored in ("$1", "json_extract(concat('{\"a\":', $1, '}'), '$.a')::VARCHAR"):
            sql = f"SELECT {text_sql('data.a', 'stored')} FROM (SELECT {stored} AS stored)"
            assert db.execute(sql, [sent]).fetchone() == (text,)
