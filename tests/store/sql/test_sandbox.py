"""Queries in real sandboxes: their answers, their limits, and that files cannot be written."""

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from analytics.store.sql.job import FailedQuery, ResultColumn, SandboxJob, SelectedRows, SqlLimits
from analytics.store.sql.running import run_query
from analytics.store.sql.sandbox import json_value


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Parquet file of 1,000 events."""
    path = tmp_path_factory.mktemp("store") / "it's events.parquet"
    quoted = str(path).replace("'", "''")
    duckdb.execute(
        f"COPY (SELECT i AS seq, 'purchase' AS type, TIMESTAMP '2026-11-01 00:00:00.5' + to_seconds(i) AS time, "
        f"'{{\"total\":1.50}}' AS data FROM range(1000) t(i)) TO '{quoted}'"
    )
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before


def ask(file: Path, sql: str, limits: SqlLimits = SqlLimits()) -> SelectedRows | FailedQuery:  # noqa: B008  # immutable
    quoted = str(file).replace("'", "''")
    return run_query(SandboxJob(sql, {"events": f"SELECT * FROM read_parquet(['{quoted}'])"}, [str(file)], limits))


def refusal(answer: SelectedRows | FailedQuery) -> tuple[str, str]:
    assert isinstance(answer, FailedQuery)
    return answer.code, answer.message


def test_an_answer_has_named_typed_columns_and_rows(file: Path) -> None:
    answer = ask(file, "SELECT seq, type, time, data FROM events ORDER BY seq LIMIT 1")
    assert answer == SelectedRows(
        [
            ResultColumn("seq", "BIGINT"),
            ResultColumn("type", "VARCHAR"),
            ResultColumn("time", "TIMESTAMP"),
            ResultColumn("data", "VARCHAR"),
        ],
        [[0, "purchase", "2026-11-01T00:00:00.500000Z", '{"total":1.50}']],
    )


def test_more_rows_than_the_limit_are_cut_off_and_said_to_be(file: Path) -> None:
    answer = ask(file, "SELECT seq FROM events ORDER BY seq", SqlLimits(rows=3))
    assert isinstance(answer, SelectedRows)
    assert (answer.rows, answer.truncated) == ([[0], [1], [2]], True)


def test_more_bytes_than_the_limit_are_cut_off_and_said_to_be(file: Path) -> None:
    answer = ask(file, "SELECT repeat('a', 1000) FROM events", SqlLimits(bytes=5000))
    assert isinstance(answer, SelectedRows)
    assert (len(answer.rows), answer.truncated) == (4, True)


@pytest.mark.parametrize(
    "sql", ["SELECT t", "SELECT [t]", "SELECT timezone('Europe/Berlin', timezone('Europe/Berlin', t))"]
)
def test_a_time_with_a_zone_is_read_in_utc(file: Path, sql: str) -> None:
    answer = ask(file, f"{sql} FROM (SELECT TIMESTAMPTZ '2026-11-01 10:00:00+02' AS t)")
    assert isinstance(answer, SelectedRows), answer
    assert answer.rows in ([["2026-11-01T08:00:00Z"]], [[["2026-11-01T08:00:00Z"]]])


def test_a_query_that_copies_to_its_own_file_is_refused_and_the_file_stays(file: Path) -> None:
    quoted = str(file).replace("'", "''")
    sql = f"WITH x AS (COPY (SELECT 1) TO '{quoted}' (use_tmp_file false)) SELECT * FROM x"
    assert refusal(ask(file, sql)) == ("query_refused", "COPY is not allowed: a query reads events and x.")


def test_a_wrong_name_is_an_error_that_names_it(file: Path) -> None:
    code, message = refusal(ask(file, "SELECT nope FROM events"))
    assert code == "query_failed"
    assert '"nope" not found' in message


def test_a_query_without_end_is_stopped(file: Path) -> None:
    answer = ask(file, "SELECT count(*) FROM range(1000000000000)", SqlLimits(seconds=0.2))
    assert refusal(answer) == ("query_too_large", "The query took more than 0.2 s: ask for a shorter time.")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (signal.SIGXCPU, "The query took more than 30 s"),
        (signal.SIGKILL, "The query was stopped, since it needs too much"),
    ],
)
def test_an_end_by_the_limit_of_cpu_time_is_told_apart_from_one_by_memory(number: int, expected: str) -> None:
    answer = run_query(SandboxJob("SELECT 1", {}, []), lambda process: process.send_signal(number))
    assert refusal(answer)[1].startswith(expected)


def test_a_sandbox_that_ends_while_it_answers_is_an_error_of_the_query() -> None:
    def cut_off(process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = io.BytesIO(b'{"type":"SelectedRows","columns":[{"na')

    answer = run_query(SandboxJob("SELECT 1", {}, []), cut_off)
    assert refusal(answer)[0] == "query_too_large"


def test_a_query_is_ended_by_the_limit_of_cpu_time_beyond_that_of_its_start() -> None:
    script = (
        "import resource; from analytics.store.sql import sandbox; from analytics.store.sql.job import SqlLimits;"
        "sandbox.process_time = lambda: 7.4; sandbox._limit(SqlLimits(seconds=3, threads=2));"
        "print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "(15, 25)\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('a', 3000000000))",
        "SELECT list(i) FROM range(300000000) t(i)",
        "SELECT length(string_split(repeat('a,', 200000000), ','))",
    ],
)
def test_a_query_that_needs_too_much_memory_fails_alone(file: Path, sql: str) -> None:
    code, _ = refusal(ask(file, sql, SqlLimits(memory=128 * 1024**2, seconds=10)))
    assert code == "query_too_large"


def test_a_sandbox_ends_when_whoever_asked_is_gone(file: Path) -> None:
    kept: list[subprocess.Popen[bytes]] = []

    def hang_up(process: "subprocess.Popen[bytes]") -> None:
        kept.append(process)
        assert process.stdin is not None
        process.stdin.close()

    with pytest.raises(ValueError, match="closed file"):
        run_query(SandboxJob("SELECT 1", {}, []), hang_up)
    assert kept[0].returncode is not None


def test_the_fences_behind_the_first_one_hold_too(file: Path) -> None:
    script = f"""
import pathlib, duckdb
from analytics.store.sql import sandbox
from analytics.store.sql.job import SandboxJob
path = pathlib.Path({str(file)!r})
sandbox.check_query = lambda tree, views: None
job = SandboxJob("SELECT 1", {{"events": "SELECT 1"}}, [str(path)])
connections = []
opened = sandbox._opened
sandbox._opened = lambda job: connections.append(opened(job)) or connections[0]
assert sandbox.run(job).rows == [[1]]
quoted = str(path).replace("'", "''")
for sql in (
    f"COPY (SELECT 1) TO '{{quoted}}' (use_tmp_file false)",
    f"WITH x AS (COPY (SELECT 1) TO '{{quoted}}' (use_tmp_file false)) SELECT * FROM x",
    "SELECT * FROM read_text('/etc/hostname')",
    "ATTACH '/tmp/other.duckdb'",
    "SET enable_external_access = true",
    "INSTALL httpfs",
):
    try:
        connections[0].execute(sql).fetchall()
    except duckdb.Error:
        continue
    raise SystemExit(f"{{sql}} was possible")
for attempt in (lambda: path.open("ab").write(b"x"), lambda: path.with_name("new").write_bytes(b"x")):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("a file could be written")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("NULL", None),
        ("true", True),
        ("9007199254740993::BIGINT", "9007199254740993"),
        ("-5::BIGINT", -5),
        ("'nan'::DOUBLE", "nan"),
        ("1.50::DECIMAL(5, 2)", "1.50"),
        ("DATE '2026-11-01'", "2026-11-01"),
        ("TIME '10:00:00'", "10:00:00"),
        ("TIMESTAMP '2026-11-01 10:00:00'", "2026-11-01T10:00:00Z"),
        ("INTERVAL 90 SECOND", 90.0),
        ("'a'::BLOB", "61"),
        ("{'a': [1, NULL]}", {"a": [1, None]}),
        ("MAP {'k': 2}", {"k": 2}),
        ("'3fa85f64-5717-4562-b3fc-2c963f66afa6'::UUID", "3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    ],
)
def test_each_type_has_a_value_in_json(sql: str, expected: object) -> None:
    (value,) = duckdb.execute(f"SELECT {sql}").fetchone() or ()
    assert json_value(value) == expected
