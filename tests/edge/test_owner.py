"""One owner of a data directory: another process waits for it, or stops with one line that says what to do."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.edge.kills import descendants
from tests.edge.mortal import Client, Mortal
from tests.edge.test_running import start_wrongly
from tests.edge.wire import eventually, worker_pid
from tests.server import APP, GUNICORN, Server, free_port

BOTH = pytest.mark.parametrize("command", [GUNICORN, APP], ids=["gunicorn", "app.py"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def mortal(tmp_path: Path, data: Path) -> Iterator[Mortal]:
    server = Mortal(tmp_path / "server.log", data, (*GUNICORN, "--max-requests", "100"), LOG_LEVEL="INFO")
    try:
        yield server
    finally:
        server.kill()


def event(number: int) -> dict[str, Any]:
    return {"type": "request", "service": "shop", "id": str(number)}


def post_events(server: Server, first: int, count: int = 20) -> None:
    for number in range(first, first + count):
        assert server.post("/events", event(number)).status_code == 201


def ids(server: Server) -> list[str]:
    return [each["id"] for each in server.get("/events?limit=1000")["events"]][::-1]


@BOTH
def test_a_second_process_on_the_same_directory_stops_with_one_line(
    start_server: StartServer, data: Path, command: tuple[str, ...]
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(data)}, command)
    post_events(server, 0)
    holder = worker_pid(server) if command == GUNICORN else server.process.pid
    settings = {"ANALYTICS_DATA_DIR": str(data), "LOG_LEVEL": "WARNING"}
    with ThreadPoolExecutor() as pool:
        seconds = [(GUNICORN, 0), (APP, 1)]
        starts = [pool.submit(start_wrongly, second, {**settings, "PORT": str(free_port())}) for second, _ in seconds]
        for status, output in [start.result() for start in starts]:
            assert status not in (0, None)
            (line,) = output.splitlines()
            for word in (f"ANALYTICS_DATA_DIR={data}", "in use", f"process {holder}", "Stop that process", "another"):
                assert word in line
    assert server.process.poll() is None
    post_events(server, 20)
    assert ids(server) == [str(number) for number in range(40)]


def test_two_workers_are_refused_with_one_line(data: Path) -> None:
    with ThreadPoolExecutor() as pool:
        settings = {"ANALYTICS_DATA_DIR": str(data), "LOG_LEVEL": "WARNING", "PORT": str(free_port())}
        by_option = pool.submit(start_wrongly, (*GUNICORN, "-w", "2"), settings)
        by_environment = pool.submit(start_wrongly, GUNICORN, {**settings, "GUNICORN_CMD_ARGS": "--workers 2"})
        for status, output in (by_option.result(), by_environment.result()):
            assert status not in (0, None)
            (line,) = output.splitlines()
            assert "2 workers cannot share the state" in line
            assert "Start one worker" in line
    assert not data.exists()


@pytest.mark.parametrize("kind", ["a file", "not writable", "below a file"])
@BOTH
def test_an_unusable_directory_is_reported_in_one_line(tmp_path: Path, command: tuple[str, ...], kind: str) -> None:
    path = tmp_path / "data"
    if kind == "not writable":
        if os.geteuid() == 0:
            pytest.skip("root may write anywhere")
        path.mkdir(mode=0o500)
    else:
        path.write_text("mine")
    wanted = path / "deeper" if kind == "below a file" else path
    settings = {"ANALYTICS_DATA_DIR": str(wanted), "PORT": str(free_port()), "LOG_LEVEL": "WARNING"}
    status, output = start_wrongly(command, settings)
    assert status not in (0, None)
    (line,) = output.splitlines()
    assert line.startswith(f"ANALYTICS_DATA_DIR={wanted} cannot be used")
    assert "set another directory" in line
    if kind != "not writable":
        assert path.read_text() == "mine"


@BOTH
def test_a_clean_stop_and_a_start_keep_everything(
    start_server: StartServer, data: Path, command: tuple[str, ...]
) -> None:
    for life in range(2):
        server = start_server({"ANALYTICS_DATA_DIR": str(data), "LOG_LEVEL": "WARNING"}, command)
        assert ids(server) == [str(number) for number in range(20 * life)]
        post_events(server, 20 * life)
        assert server.post("/events", event(0)).status_code == 200, "recorded before"
        assert server.get("/services")["services"]["shop"]["request_count"] == 20 * (life + 1)
        assert server.stop() == 0
        assert not list(data.glob("*-wal"))
    assert "Traceback" not in server.log()


def test_replacing_workers_loses_nothing(mortal: Mortal) -> None:
    """The new worker waits for the previous one."""
    mortal.begin()
    eventually(mortal.is_ready)
    client = Client(mortal, "/events", event)
    client.start()
    before, sent = eventually(lambda: the_worker(mortal)), len(client.sent)
    os.kill(before, signal.SIGTERM)
    eventually(lambda: the_worker(mortal) not in (None, before))
    eventually(mortal.is_ready)
    eventually(lambda: len(client.sent) > sent + 150)  # and another after `max_requests` requests
    client.stop()
    eventually(mortal.is_ready)
    expected = sorted(str(each["id"]) for each in client.sent)
    assert sorted(each["id"] for each in mortal.all_events()) == expected
    assert mortal.get("/stats")["totals"]["events"] == len(expected)
    assert "Traceback" not in mortal.log()
    assert "CRITICAL" not in mortal.log()
    assert mortal.stop() == 0


def the_worker(server: Server) -> int | None:
    """The worker process, once it is the only one."""
    with suppress(AssertionError):
        return worker_pid(server)
    return None


def test_a_worker_that_is_killed_is_replaced_and_loses_nothing(mortal: Mortal) -> None:
    mortal.begin()
    eventually(mortal.is_ready)
    client = Client(mortal, "/events", event)
    client.start()
    for _ in range(4):
        sent = len(client.sent)
        eventually(lambda sent=sent: len(client.sent) > sent + 30)
        for pid in descendants(mortal.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    eventually(mortal.is_ready)
    client.stop()
    eventually(mortal.is_ready)
    assert sorted(each["id"] for each in mortal.all_events()) == sorted(str(each["id"]) for each in client.sent)
