"""Limits of PromQL queries over HTTP: each has Prometheus' own error, and a client that leaves ends its query."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.edge.test_prometheus import key, scrape
from tests.edge.wire import connect, eventually
from tests.server import GUNICORN, Server

SERIES = 1_000
BAD, EXECUTION, TIMEOUT = (400, "bad_data"), (422, "execution"), (503, "timeout")
NOW = int(time.time())
RANGE = {"start": NOW - 600, "end": NOW}
BLOWS_UP = "(.{0,30}x){0,30}y"
"""An expression of 8,000 instructions, each of which may be needed for each character of a value."""
LONG = f'load{{host=~"{BLOWS_UP}"}}'
"""Takes minutes if it may cost as much."""
LITTLE = {"ANALYTICS_QUERY_MAX_SAMPLES": "1000000"}
WITHOUT_LIMIT = {"ANALYTICS_QUERY_MAX_SAMPLES": "1000000000000"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _with_series(tmp_path_factory.mktemp("queries"), LITTLE) as server:
        yield server


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose queries may cost anything, so that a long one ends only when its time is up."""
    with _with_series(tmp_path_factory.mktemp("patient"), WITHOUT_LIMIT) as server:
        yield server


@contextmanager
def _with_series(folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    with Server(folder / "log", settings, GUNICORN) as server:
        lines = "".join(f'load{{host="{number:04}{"x" * 1000}"}} 1\n' for number in range(SERIES))
        answer = requests.post(f"{server.url}/api/v1/import/prometheus", data=lines, timeout=30)
        assert answer.status_code < 300, answer.text
        yield server


def query(server: Server, path: str, params: dict[str, Any], method: str = "GET") -> requests.Response:
    where = {"params": params} if method == "GET" else {"data": params}
    return requests.request(method, f"{server.url}/api/v1/{path}", timeout=60, **where)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "params", "expected", "text"),
    [
        ("query", {"query": 'count_over_time({__name__=~".+"}[90d:1s])'}, EXECUTION, "too many samples"),
        ("query", {"query": "sum_over_time(load[9h:1s])"}, EXECUTION, "too many samples"),
        ("query_range", {"query": "load", "start": 0, "end": NOW, "step": "1s"}, BAD, "11,000 points"),
        ("query_range", {"query": "load", **RANGE, "step": "99999999999y"}, BAD, "overflows int64"),
        ("query_range", {"query": "load", **RANGE, "step": "0"}, BAD, "zero or negative"),
        ("query_range", {"query": "load", **RANGE, "step": "-15"}, BAD, "zero or negative"),
        ("query_range", {"query": "load", **RANGE, "step": "-15s"}, BAD, "cannot parse"),
        ("query_range", {"query": "load", **RANGE, "step": "NaN"}, BAD, "cannot parse"),
        ("query_range", {"query": "load", **RANGE, "step": "1e-9"}, BAD, "zero or negative"),
        ("query_range", {"query": "load", "start": -1e300, "end": 1e300, "step": 1}, BAD, "cannot parse"),
        ("query", {"query": "load", "timeout": "0"}, BAD, "timeout"),
        ("query", {"query": LONG, "timeout": "50ms"}, TIMEOUT, "timed out after 0.05 seconds"),
        ("series", {"match[]": f'load{{host!~"{BLOWS_UP}"}}'}, EXECUTION, "too many samples"),
        ("query", {"query": 'load{host=~"(x{900}){900}"}'}, BAD, "regex"),
    ],
)
def test_a_query_beyond_a_limit_gets_the_error_of_prometheus(
    server: Server, path: str, params: dict[str, Any], expected: tuple[int, str], text: str
) -> None:
    answer = query(server, path, params)
    assert (answer.status_code, answer.json()["errorType"]) == expected, answer.text[:300]
    assert answer.json()["status"] == "error"
    assert text in answer.json()["error"]
    assert ("Retry-After" in answer.headers) is (answer.status_code == 503)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("load" + " " * 1_000_000, 400),
        ("load" + " " * (1 << 20), 413),
        ("(" * 40_000 + "load" + ")" * 40_000, 400),
        ("-" * 90_000 + "load", 400),
        ("+".join(["load"] * 20_000), 400),
        ("abs(" * 20_000 + "load" + ")" * 20_000, 400),
        ("load{" + ",".join(f'a{number}="b"' for number in range(9_000)) + "}", 200),
    ],
)
def test_long_and_deep_queries_are_answered(server: Server, text: str, status: int) -> None:
    answer = query(server, "query", {"query": text}, "POST")
    assert answer.status_code == status, answer.text[:300]
    assert status == 200 or answer.json()["errorType"] == "bad_data"


def becomes(server: Server, **expected: int) -> None:
    """Wait until so many queries are waiting, evaluated and sent; long ones leave others little of the processor."""

    def are_so_many() -> bool:
        counts = scrape(server)["analytics_queries"]
        return all(counts[key(state=state)] == expected.get(state, 0) for state in ("waiting", "evaluated", "sent"))

    eventually(are_so_many, 60)


@contextmanager
def asked(server: Server, text: str) -> Iterator[socket.socket]:
    """A connection on which a query is asked."""
    with connect(server, 60) as connection:
        line = "/api/v1/query?" + urlencode({"query": text})
        connection.sendall(f"GET {line} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        yield connection


def test_a_client_that_leaves_ends_its_query_and_those_that_wait_have_their_turn(patient: Server) -> None:
    """Two are evaluated, the others wait; short ones are answered meanwhile."""
    with ExitStack() as stack:
        connections = [stack.enter_context(asked(patient, LONG)) for _ in range(5)]
        becomes(patient, evaluated=2, waiting=3)
        count = query(patient, "query", {"query": "count(load)"}).json()["data"]["result"][0]["value"][1]
        assert count == str(SERIES)
        connections[-1].close()
        becomes(patient, evaluated=2, waiting=2)
        connections[0].close()
        becomes(patient, evaluated=2, waiting=1)
    becomes(patient)
    assert "Traceback" not in patient.log()


def test_one_whose_time_is_up_before_its_turn_gets_the_error_of_prometheus(patient: Server) -> None:
    with asked(patient, LONG), asked(patient, LONG):
        becomes(patient, evaluated=2)
        answer = query(patient, "query", {"query": LONG, "timeout": "500ms"})
        assert (answer.status_code, answer.json()["errorType"]) == TIMEOUT
        assert answer.json()["error"] == "query timed out in query queue"
    becomes(patient)


def test_a_client_that_leaves_in_the_middle_of_a_long_answer_ends_it(patient: Server) -> None:
    text = "load or " + " or ".join(f'label_replace(load, "a", "{number}", "", "")' for number in range(20))
    with asked(patient, text) as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
        becomes(patient, sent=1)
    becomes(patient)
