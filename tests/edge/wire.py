"""Shared by the edge tests: raw requests, the error format, the counters of /stats, and waiting for a condition."""

import http.client
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import pytest
import requests

from tests.server import ROOT, Server

BODY_LIMIT = 10 * 1024 * 1024
SPEC = ROOT / "tests" / "spec"
_numbers = count(1)


class Answer(NamedTuple):
    """An answer that was read from a raw connection; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def unique(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}-{next(_numbers)}"


def connect(server: Server, timeout: float = 10) -> socket.socket:
    """A new connection to the server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def head(server: Server, path: str, *lines: str, method: str = "POST") -> bytes:
    """A request's head with `lines` as headers."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", "")).encode()


def chunked(body: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    """`body` in the chunks of HTTP/1.1."""
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield b"%x\r\n%b\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def read_answer(connection: socket.socket) -> Answer:
    """The next answer on `connection`."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def exchange(server: Server, *parts: bytes, ends: bool = False, timeout: float = 10) -> Answer:
    """Send `parts` on a new connection, and shut it down for writing if `ends`; returns the answer."""
    with connect(server, timeout) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server reads no more; its answer is in the buffer
        return read_answer(connection)


def post(server: Server, path: str, body: bytes, media_type: str = "application/json", **headers: str) -> Any:
    """POST bytes as they are."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Connection": "close", "Content-Type": media_type, **named}
    return requests.post(server.url + path, data=body, headers=named, timeout=20)


def check_problem(answer: Any, status: int, code: str | None = None, *fields: str) -> dict[str, Any]:
    """Check the format of an error answer; returns its content."""
    headers = {name.lower(): value for name, value in dict(answer.headers).items()}
    status_code = answer.status if isinstance(answer, Answer) else answer.status_code
    text = answer.body if isinstance(answer, Answer) else answer.content
    assert status_code == status, (status_code, text[:500])
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    problem: dict[str, Any] = answer.json()["error"]
    assert set(problem) == {"code", "message", "fields"}
    assert problem["message"]
    assert "Traceback" not in problem["message"]
    assert all(messages and all(type(m) is str for m in messages) for messages in problem["fields"].values())
    if code is not None:
        assert problem["code"] == code, problem
    if fields:
        assert tuple(sorted(problem["fields"])) == tuple(sorted(fields)), problem
    return problem


def counters(server: Server) -> dict[tuple[str, ...], int]:
    """The counters of accepted and dropped items in /stats, flat; without ticks that a busy machine skipped."""
    stats = server.get("/stats")
    counts = {(kind, outcome): n for kind, outcomes in stats["ingest"].items() for outcome, n in outcomes.items()}
    return {**counts, **{("drops", reason): n for reason, n in stats["drops"].items() if reason != "snapshot_skipped"}}


@contextmanager
def counted(
    server: Server,
    kind: str = "events",
    *,
    accepted: int = 0,
    duplicates: int = 0,
    drops: Mapping[str, int] | None = None,
) -> Iterator[None]:
    """Check that exactly these numbers are recorded and dropped within this block."""
    before = counters(server)
    yield
    after = counters(server)
    changes = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    expected: dict[tuple[str, ...], int] = {
        (kind, "accepted"): accepted,
        (kind, "duplicates"): duplicates,
        (kind, "rejected"): sum((drops or {}).values()),
    }
    expected.update({("drops", reason): n for reason, n in (drops or {}).items()})
    assert changes == {key: n for key, n in expected.items() if n}, changes


def check_still_works(server: Server) -> None:
    """Check that a valid event is accepted, counted once and returned."""
    service = unique("after")
    with counted(server, accepted=1):
        answer = server.post("/events", {"type": "still_here", "service": service})
        assert answer.status_code == 201, answer.text
    assert server.get(f"/events?service={service}")["count"] == 1


def exported_events(server: Server) -> list[dict[str, Any]]:
    """All stored events; a store that is still starting is asked again, as clients do."""

    def answer() -> requests.Response | None:
        found = requests.get(f"{server.url}/export/events", timeout=60)
        return None if found.status_code == 503 else found

    return list(map(json.loads, eventually(answer, 120).text.splitlines()))


def eventually(ask: Callable[[], Any], seconds: float = 20, pause: float = 0.02) -> Any:
    """Call `ask` until it returns a true value, which is returned; `seconds` is enough for a busy machine."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not so within {seconds} s; the last answer was {answer!r}"
        time.sleep(pause)
    return answer


def worker_pid(server: Server) -> int:
    """The worker process: gunicorn's only child."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1, children
    return int(children[0])


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    """Memory of a process in MiB from /proc; VmHWM is its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field)) / 1024


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def tool(name: str) -> str:
    """The path of a program that a test needs; without it the test is skipped, but never in CI."""
    return shutil.which(name) or cannot_test(f"{name} is not installed")


def cannot_test(problem: str) -> NoReturn:
    """Skip the test, but never in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(problem)
    pytest.skip(problem)


def websocket_url(server: Server) -> str:
    """The address of the plain WebSocket."""
    return f"ws://{urlsplit(server.url).netloc}/ws/dashboard"


SHAPE = Any
"""A type, a tuple of types, a predicate, a dict of shapes, or a list of one shape."""

NUMBER = (int, float)


def is_time(value: Any) -> bool:
    """RFC 3339 in UTC with Z."""
    return type(value) is str and value.endswith("Z") and datetime.fromisoformat(value).utcoffset() == timedelta(0)


def check_shape(value: Any, shape: SHAPE, where: str = "answer") -> None:
    """Check that `value` has every field of `shape` with its type; more fields are allowed."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{where} is {value!r}, not an object"
        for name, inner in shape.items():
            assert name in value, f"{where} has no {name!r}"
            check_shape(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{where} is {value!r}, not an array"
        assert value, f"{where} is empty: nothing to check"
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, type | tuple):
        types = shape if isinstance(shape, tuple) else (shape,)
        assert type(value) in types, f"{where} is {value!r}, not of {types}"
    else:
        assert shape(value), f"{where} is {value!r}"
