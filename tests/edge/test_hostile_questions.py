"""Hostile statements, questions and filters to the long-term store of a real server."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.edge.kills import descendants
from tests.edge.wire import check_problem, connect, eventually, head, resident_mib
from tests.server import Server

ENDLESS = {"sql": "SELECT count(*) FROM range(1000000000000)", "seconds": 60}
AT_ONCE = 2
TEXT = "a" * 20_000 + "b"
PATIENCE = 100
GROWTH = 64
"""MiB that the processes may keep."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hostile")
    with Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(folder / "data")}) as server:
        events = [{"type": "view", "service": "shop", "data": {"x": TEXT, "n": number}} for number in range(50)]
        assert server.post("/events", events).json()["accepted"] == 50
        assert rows(server, "SELECT count(*) FROM events") == [[50]]
        yield server
        assert "Traceback" not in server.log()


def ask(server: Server, sql: str, **more: Any) -> requests.Response:
    return asked(server, "/sql", {"sql": sql, **more})


def asked(server: Server, path: str, question: Any) -> requests.Response:
    """The answer to a question; it may take long, as the store's processes are nicer than all others."""
    return requests.post(server.url + path, json=question, timeout=PATIENCE)


def rows(server: Server, sql: str) -> list[list[Any]]:
    """The rows of a statement that works, however busy the machine is."""
    answer = ask(server, sql)
    assert answer.status_code == 200, answer.text
    found: list[list[Any]] = answer.json()["rows"]
    return found


def sandboxes(server: Server) -> list[int]:
    """The processes that execute statements."""
    return [pid for pid in descendants(server.process.pid) if "sql.sandbox" in _command(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@contextmanager
def sent(server: Server, path: str, question: Any, number: int = 1) -> Iterator[list[socket.socket]]:
    """Connections on which a question is asked; they are closed without an answer."""
    body = json.dumps(question).encode()
    request = head(server, path, "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server, PATIENCE)) for _ in range(number)]
        for connection in connections:
            connection.sendall(request)
        yield connections


def test_a_client_that_hangs_up_ends_its_statement(server: Server) -> None:
    with sent(server, "/sql", ENDLESS):
        eventually(lambda: len(sandboxes(server)) == 1, PATIENCE)
    eventually(lambda: not sandboxes(server), PATIENCE)
    assert rows(server, "SELECT 1") == [[1]]


def test_of_a_hundred_statements_two_are_executed_at_the_same_time(server: Server) -> None:
    """Others wait, or are told to come again; searches and other questions are answered meanwhile."""
    with sent(server, "/sql", ENDLESS, 110) as connections:
        eventually(lambda: len(sandboxes(server)) == AT_ONCE, PATIENCE)
        answer = ask(server, "SELECT 1")
        check_problem(answer, 503, "too_many_queries")
        assert answer.headers["Retry-After"] == "5"
        assert len(sandboxes(server)) == AT_ONCE
        assert server.get("/events", params={"limit": 1})["complete"]
        assert asked(server, "/explore", {"measure": "count"}).json()["value"] == 50
        assert len(connections) == 110
    eventually(lambda: not sandboxes(server), PATIENCE)
    assert rows(server, "SELECT 1") == [[1]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_settings",
        "SELECT * FROM '/proc/self/environ'",
        "SELECT * FROM read_text('/proc/self/environ')",
        "COPY events TO '/tmp/x.csv'",
        "WITH x AS (COPY events TO '/tmp/x.csv') SELECT * FROM x",
        "PRAGMA database_list",
        "SET memory_limit = '1TB'",
        "SELECT 1" + "+1" * 20_000,
        "SELECT 1" + "+1" * 900,
        "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
        "SELECT " + "NOT " * 10_000 + "true",
        "SELECT " + "abs(" * 8_000 + "1" + ")" * 8_000,
        "SELECT * FROM " + "(SELECT * FROM " * 2_000 + "events" + ")" * 2_000,
        "\0SELECT 1",
        "SELECT '" + "\U0001f680" * 5_000,
    ],
)
def test_what_reads_anything_else_or_is_too_deep_is_refused(server: Server, sql: str) -> None:
    check_problem(ask(server, sql), 400, "query_refused")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('a', 1000000) FROM range(100000)",
        "SELECT range(1000000) FROM range(1000)",
        "SELECT e.data FROM events e, events f, events g",
        "SELECT 1" + " UNION SELECT 1" * 3_000,
    ],
)
def test_a_huge_result_is_cut_off_or_refused(server: Server, sql: str) -> None:
    answer = ask(server, sql, limit=100_000)
    if answer.status_code == 200:
        assert answer.json()["truncated"]
        assert len(answer.content) < 17 * 1024 * 1024
    else:
        check_problem(answer, 422, "query_too_large")


def test_patterns_that_are_hard_for_others_take_linear_time(server: Server) -> None:
    """In memory and in the store."""
    started = time.monotonic()
    for pattern in ("*a*a*a*a*a*a*a*a*c*", "a*a*a*a*a*a*a*a*c", "*" + "a" * 900 + "c*"):
        page = server.get("/events", params={"q": f"data.x:{pattern}"})
        assert (page["count"], page["complete"]) == (0, True)
        assert asked(server, "/explore", {"q": f"data.x:{pattern}"}).json()["value"] == 0
    assert time.monotonic() - started < 60  # exponential time would be years
    for sql in ("regexp_matches(data, '(a*)*c')", "data LIKE '%a%a%a%a%a%a%a%a%c%'", "data SIMILAR TO '(a|aa)+c'"):
        assert rows(server, f"SELECT count(*) FROM events WHERE {sql}") == [[0]]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"q": "a" * 9_000_000}, 413),
        ({"q": "a" * 60_000}, 422),
        ({"q": "a OR " * 12_000 + "a"}, 422),
        ({"q": "(" * 500 + "a" + ")" * 500}, 422),
        ({"q": "NOT " * 250 + "a"}, 422),
        ({"q": "type:" + "*a" * 500}, 422),
        ({"q": 'data."' + "\\" * 1_000 + '":1'}, 200),
        ({"question": "funnel", "steps": ["a OR " * 200 + "a"] * 10}, 422),
        ({"question": "funnel", "steps": ["a"] * 10_000}, 422),
        ({"measure": "sum", "field": "a." * 99 + "a", "by": ["data." + "b." * 99 + "b"]}, 200),
        ({"measure": "sum", "field": "x' || (SELECT 1) || '\"]\"", "by": ["data.'); DROP TABLE x; --"]}, 200),
        ({"interval": "minute", "from": "0001-01-01T00:00:00Z"}, 422),
        ({"question": "retention", "from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "periods": 60}, 200),
    ],
)
def test_a_hostile_question_costs_itself_alone(server: Server, question: dict[str, Any], status: int) -> None:
    answer = asked(server, "/explore", question)
    assert answer.status_code == status, answer.text[:300]


def test_clients_that_hang_up_free_the_places_of_their_questions(server: Server) -> None:
    question = {"question": "funnel", "steps": ["data.x:*a*a*c*"] * 10}
    with sent(server, "/explore", question, 100):
        pass
    assert eventually(lambda: asked(server, "/explore", {}).status_code == 200, PATIENCE)


def test_memory_comes_back(server: Server) -> None:
    def mebibytes() -> float:
        return sum(resident_mib(pid) for pid in [server.process.pid, *descendants(server.process.pid)])

    before = mebibytes()
    for _ in range(3):
        assert ask(server, "SELECT e.data FROM events e, events f, events g", limit=100_000).json()["truncated"]
    eventually(lambda: not sandboxes(server) and mebibytes() < before + GROWTH, PATIENCE)
