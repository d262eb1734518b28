"""The agent as a process of its own: killed, with a service that is killed, and on standard input."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.feed.fake_service import Answer, FakeService, fake_service
from tests.server import APP, ROOT, Server

Agent = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Starts agents, and ends them."""
    with ExitStack() as stack:

        def start(url: str, *args: object, **options: Any) -> "subprocess.Popen[bytes]":
            environment = {**os.environ, "ANALYTICS_URL": url, "ANALYTICS_KEY": ""}
            command = [sys.executable, "-m", "analytics", "ship", *map(str, args)]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, **options)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ended(process: "subprocess.Popen[bytes]") -> str:
    """End an agent; returns what it said. Its exit code must be 0."""
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    return said.decode()


def stored(server: Server) -> Counter[str]:
    answer = requests.get(f"{server.url}/logs", params={"service": "app", "limit": "1000"}, timeout=10)
    return Counter(line["body"] for line in answer.json()["lines"]) if answer.ok else Counter()


def append(path: Path, texts: Sequence[str]) -> list[str]:
    with path.open("a") as file:
        file.writelines(f"{text}\n" for text in texts)
    return list(texts)


def test_each_line_is_stored_once_though_the_agent_and_the_service_are_killed(tmp_path: Path, agent: Agent) -> None:
    log, state = tmp_path / "app.log", tmp_path / "state.json"
    server = Server(tmp_path / "server.log", {"ANALYTICS_DATA_DIR": str(tmp_path / "data")}, APP)
    options = (log, "--from-start", "--state", state, "--batch", 7)
    written = append(log, [f"first {n}" for n in range(60)])
    with server:
        first = agent(server.url, *options)
        until(lambda: sum(stored(server).values()) >= 7)
        first.kill()
        first.communicate()
        second = agent(server.url, *options)
        until(lambda: stored(server) == Counter(written))
        server.process.kill()
        server.process.wait()
        written += append(log, [f"second {n}" for n in range(60)])
        log.rename(f"{log}.1")
        written += append(log, [f"third {n}" for n in range(60)])
    with server:
        until(lambda: len(stored(server)) == len(written))
        ended(second)
        assert stored(server) == Counter(written)


def bodies(service: FakeService) -> list[str]:
    return [item["message"] for item in service.records["/logs"]]


def test_standard_input_is_sent_to_its_end(tmp_path: Path, agent: Agent) -> None:
    with fake_service() as service:
        process = agent(
            service.url, "-", "--service", "app", "--state", tmp_path / "s.json", "--multiline", stdin=subprocess.PIPE
        )
        _, said = process.communicate(b"one\nTraceback:\n  more\n\nlast", timeout=30)
        assert (process.returncode, bodies(service)) == (0, ["one", "Traceback:\n  more", "last"]), said
        assert b"3 lines sent" in said


def test_standard_input_waits_on_disk_for_the_next_run(tmp_path: Path, agent: Agent) -> None:
    options = ("-", "--service", "app", "--state", tmp_path / "s.json")
    process = agent("http://127.0.0.1:9", *options, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"kept\npart")
    process.stdin.flush()
    spool = tmp_path / "s.json.spool"
    until(lambda: spool.exists() and spool.stat().st_size == 9)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"the next run sends them" in said
    with fake_service() as service:
        again = agent(service.url, *options, stdin=subprocess.PIPE)
        again.communicate(b"new\n", timeout=30)
        assert (again.returncode, bodies(service)) == (0, ["kept", "part", "new"])
        assert spool.stat().st_size == 0


def test_a_service_that_refuses_the_first_request_ends_it_with_the_reason(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    append(log, ["line"])
    with fake_service() as service:
        service.script = [Answer(401, body={"error": {"code": "unauthorized", "message": "a key is needed"}})]
        process = agent(service.url, log, "--from-start", "--state", tmp_path / "s.json")
        _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert b"without a key: set ANALYTICS_KEY, or use --key-file" in said


def test_standard_input_needs_a_service(tmp_path: Path, agent: Agent) -> None:
    process = agent("http://127.0.0.1:9", "-")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"Standard input needs --service NAME." in said
