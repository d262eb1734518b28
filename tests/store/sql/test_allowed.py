"""Which queries are allowed, by the tree that DuckDB's parser makes of them."""

import json
from contextlib import suppress

import duckdb
import pytest

from analytics.store.sql.allowed import MAX_NODES, QueryRefused, check_query
from analytics.store.sql.functions import ALLOWED, ALLOWED_TABLES

VIEWS = {"events", "metrics", "services"}
ALLOWED_QUERIES = [
    "SELECT 1",
    "FROM events",
    "VALUES (1), (2)",
    "SELECT * FROM Events",
    "SELECT type, count(*) FROM events WHERE time > now() - INTERVAL 7 DAY GROUP BY ALL ORDER BY 2 DESC LIMIT 5",
    "SELECT data->>'total', CAST(data->>'total' AS DOUBLE), try_cast('1' AS INT) FROM events",
    "WITH x AS (SELECT service FROM events) SELECT count(DISTINCT service) FROM x",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t",
    "SELECT e.id FROM events e JOIN metrics m USING (service) LEFT JOIN services s ON s.service = e.service",
    "SELECT *, row_number() OVER (PARTITION BY type ORDER BY time) FROM events QUALIFY row_number() OVER () = 1",
    "SELECT sum(value) OVER (ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM metrics",
    "SELECT percentile FROM (SELECT quantile_cont(value, 0.95) AS percentile FROM metrics)",
    "SELECT count(*) FILTER (WHERE user_id IS NOT NULL), CASE WHEN 1 BETWEEN 0 AND 2 THEN 'a' END FROM events",
    "SELECT list_transform([1, 2], x -> x + 1), {'a': 1}, [x FOR x IN [1, 2] IF x > 1]",
    "SELECT unnest(range(3)), * EXCLUDE (data) FROM events, generate_series(1, 3)",
    "SELECT type FROM events UNION SELECT name FROM metrics EXCEPT SELECT 'x'",
    "SELECT id FROM events WHERE service IN (SELECT service FROM services) AND EXISTS (SELECT 1 FROM metrics)",
    "SELECT lower(type) COLLATE NOCASE, type LIKE 'a%', type ILIKE 'b', regexp_matches(type, '^a') FROM events",
]
REFUSED_QUERIES = {
    "SELECT 1; SELECT 2": "Exactly one",
    "": "Exactly one",
    "DELETE FROM events": "Only a SELECT",
    "COPY events TO 'x'": "Only a SELECT",
    "EXPLAIN SELECT 1": "Only a SELECT",
    "PRAGMA version": "Only a SELECT",
    "SET threads = 1": "Only a SELECT",
    "ATTACH 'x'": "Only a SELECT",
    "INSTALL httpfs": "Only a SELECT",
    "WITH x AS (COPY events TO 'a.parquet') SELECT * FROM x": "COPY",
    "WITH x AS (SELECT * FROM (WITH y AS (COPY events TO 'a') FROM y)) SELECT * FROM x": "COPY",
    "DESCRIBE events": "DESCRIBE",
    "FROM (DESCRIBE events)": "DESCRIBE",
    "FROM (SHOW TABLES)": "DESCRIBE",
    "SUMMARIZE events": "DESCRIBE",
    "SELECT * FROM '/etc/passwd'": "There is no table",
    "SELECT * FROM 'events.parquet'": "There is no table",
    "SELECT * FROM main.events": "There is no table",
    "SELECT * FROM information_schema.tables": "There is no table",
    "SELECT * FROM sqlite_master": "There is no table",
    "SELECT * FROM duckdb_settings()": "duckdb_settings",
    "SELECT * FROM read_parquet('x')": "read_parquet",
    "SELECT * FROM READ_TEXT('x')": "read_text",
    "SELECT * FROM glob('*')": "glob",
    "SELECT * FROM query('DROP TABLE x')": "query()",
    "SELECT * FROM query_table('x')": "query_table",
    "SELECT * FROM parquet_metadata('x')": "parquet_metadata",
    "SELECT (SELECT max(name) FROM duckdb_settings())": "duckdb_settings",
    "SELECT getenv('HOME')": "getenv",
    "SELECT current_setting('threads')": "current_setting",
    "SELECT main.lower('A')": "Write lower() without a schema",
    "SELECT nextval('x')": "nextval",
    "SELECT sleep_ms(10)": "sleep_ms",
    "SELECT json_execute_serialized_sql('{}')": "json_execute_serialized_sql",
    "SELECT write_log('x')": "write_log",
    "SELECT getvariable('x')": "getvariable",
    "SELECT ?": "A parameter",
    "SELECT CAST('a' AS my_enum)": "MY_ENUM",
    'WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM "/etc/passwd"': "of letters, digits",
    "WITH duckdb_views AS (SELECT sql FROM duckdb_views) SELECT * FROM duckdb_views": "own",
    "SELECT * FROM sqlite_master, (WITH Sqlite_Master AS (SELECT 1) SELECT 1) t": "own",
    "SELECT * FROM duckdb_views, (WITH duc\u212adb_views AS (SELECT 1) SELECT 1) t": "own",
    "SELECT count(*) FROM events ORDER BY (SELECT count(*) FROM 'x.csv')": "There is no table",
    "SELECT 1 LIMIT (SELECT count(*) FROM 'x.csv')": "There is no table",
    "SELECT list_transform([1], x -> (SELECT count(*) FROM 'x.csv'))": "There is no table",
    "SELECT * FROM events WHERE CASE WHEN true THEN (SELECT true FROM 'x.csv') END": "There is no table",
    "SELEC 1": "Syntax error",
    f"SELECT {'(' * 5000}1{')' * 5000}": "depth",
    f"SELECT [{','.join('1' * MAX_NODES)}]": "parts",
}


def check(sql: str) -> None:
    (tree,) = duckdb.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone() or ()
    check_query(json.loads(tree), VIEWS)


@pytest.mark.parametrize("sql", ALLOWED_QUERIES)
def test_queries_that_only_read_the_views_are_allowed(sql: str) -> None:
    check(sql)


@pytest.mark.parametrize(("sql", "message"), REFUSED_QUERIES.items())
def test_everything_else_is_refused_by_name(sql: str, message: str) -> None:
    with pytest.raises(QueryRefused) as error:
        check(sql)
    said = str(error.value)
    assert message in said
    assert not said[0].islower(), said


def test_no_function_of_the_catalog_or_of_files_is_in_the_list() -> None:
    dangerous = ("duckdb", "pragma", "read_", "parquet", "pg_", "glob", "query", "setting", "sniff", "scan", "getenv")
    for name in ALLOWED | ALLOWED_TABLES:
        assert not any(part in name for part in dangerous), name


def test_a_common_table_expression_opens_no_view_of_duckdb() -> None:
    """Its name is known in the whole query here, but in a part of it there."""
    database, names = duckdb.connect(), []
    for (name,) in database.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall():
        with suppress(duckdb.CatalogException):
            database.execute(f'SELECT * FROM "{name}" LIMIT 0')
            names.append(name)
    assert len(names) > 20
    for name in names:
        with pytest.raises(QueryRefused):
            check(f"SELECT * FROM {name}, (WITH {name} AS (SELECT 1) SELECT 1) AS t")


def test_every_table_function_that_is_not_listed_is_refused() -> None:
    rows = duckdb.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type IN ('table', 'table_macro', 'pragma')"
    ).fetchall()
    names = {name for (name,) in rows} - ALLOWED_TABLES
    assert len(names) > 100
    for name in names:
        with pytest.raises(QueryRefused):
            check(f"SELECT * FROM \"{name}\"('x')")
