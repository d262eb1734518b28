"""The long-term store of a real server: whole kills, another worker, its end, and the switch."""

import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.kills import descendants, is_gone
from tests.edge.mortal import Client, Mortal
from tests.edge.wire import eventually, worker_pid
from tests.server import GUNICORN, Server

ASKING = (*GUNICORN[:-1], "tests.store.asking:app")
HASTY = {"ANALYTICS_STORE_SECONDS": "0.2"}


def event(number: int) -> dict[str, Any]:
    return {"type": "view", "service": "shop", "id": f"e{number}", "data": {"number": number}}


def batch(number: int) -> list[dict[str, Any]]:
    """Ten events, three of which were sent before."""
    return [event(each) for each in range(max(0, number * 7 - 3), number * 7 + 7)]


def stored(server: Server) -> list[list[Any]]:
    """All stored events."""
    found: list[list[Any]] = []

    def asks() -> bool:
        nonlocal found
        found = server.get("/store/events")
        return True

    eventually(asks)
    return found


def sends(server: Server, events: list[dict[str, Any]]) -> bool:
    """Whether the server takes events now; while a worker replaces another it may be late."""
    with suppress(requests.RequestException):
        return server.post("/events", events).ok
    return False


def store_process(server: Server) -> int:
    """The id of the store process of a server."""
    (pid,) = store_processes(server)
    return pid


def store_processes(server: Server) -> list[int]:
    """The ids of all store processes of a server."""
    return [pid for pid in descendants(server.process.pid) if "tests.store.mortal" in command(pid) and not is_gone(pid)]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize(("kills", "turn"), [(1, 0), (1, 1), (1, 2), pytest.param(60, 0, marks=pytest.mark.long)])
def test_acknowledged_events_are_stored_once_across_kills_of_all_processes(
    tmp_path: Path, dice: random.Random, kills: int, turn: int
) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data", ASKING, **HASTY)
    client = Client(server, "/events", batch)
    waits = threading.Event()
    server.begin()
    try:
        eventually(server.is_ready)
        client.start()
        for _ in range(kills):
            eventually(server.is_ready)
            waits.wait(dice.random())
            server.kill()
            server.begin()
        eventually(server.is_ready)
        client.stop()
        sent = {each["id"] for each in (item for items in client.acknowledged for item in items)}
        rows = stored(server)
        assert Counter(row[1] for row in rows) == dict.fromkeys(sent, 1)
        numbers = [row[0] for row in rows]
        assert numbers == sorted(set(numbers))
        assert "Traceback" not in server.log()
    finally:
        server.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_replaces_another_has_the_only_store_process(
    start_server: StartServer, tmp_path: Path, number: int
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **HASTY}, ASKING)
    assert server.post("/events", [event(number) for number in range(10)]).ok
    assert len(stored(server)) == 10
    before = store_process(server)
    os.kill(worker_pid(server), number)
    eventually(lambda: is_gone(before))
    eventually(lambda: sends(server, [event(number) for number in range(5, 20)]))
    assert [row[1] for row in stored(server)] == [f"e{number}" for number in range(20)]
    after = store_process(server)
    assert server.stop() == 0
    assert is_gone(after)


def test_a_stop_that_reaches_all_processes_at_once_is_quiet(start_server: StartServer, tmp_path: Path) -> None:
    """As systemd stops a service."""
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **HASTY}, ASKING)
    assert server.post("/events", [event(number) for number in range(10)]).ok
    store = store_process(server)
    for pid in (store, server.process.pid, worker_pid(server)):
        os.kill(pid, signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert is_gone(store)
    assert all(f'"level": "{level}"' not in server.log() for level in ("ERROR", "CRITICAL")), server.log()


def test_the_one_store_process_stays_over_a_reload_and_workers_that_overlap(tmp_path: Path) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data", ASKING, **HASTY)
    client = Client(server, "/events", batch)
    server.begin()
    try:
        eventually(server.is_ready)
        client.start()
        before = store_process(server)
        for pid in (before, server.process.pid):
            os.kill(pid, signal.SIGHUP)  # `systemctl kill` signals all processes of a service
        eventually(lambda: len(client.acknowledged) > 20)
        assert store_process(server) == before, "a reload reads the configuration alone"
        server.process.send_signal(signal.SIGTTIN)  # gunicorn starts another worker
        seen = len(client.acknowledged)
        eventually(lambda: len(client.acknowledged) > seen + 20)
        assert len(store_processes(server)) == 1
        client.stop()
        sent = {each["id"] for each in (item for items in client.acknowledged for item in items)}
        assert Counter(row[1] for row in stored(server)) == dict.fromkeys(sent, 1)
        assert len(store_processes(server)) == 1
        assert "Traceback" not in server.log()
    finally:
        server.kill()


@pytest.mark.parametrize("is_started_again", [False, pytest.param(True, marks=pytest.mark.long)])
def test_what_is_recorded_while_the_store_is_off_is_missing_in_it_and_nothing_else(
    tmp_path: Path, is_started_again: bool
) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data", ASKING, **HASTY)

    def runs(setting: str, *events: int) -> tuple[list[str], list[str], list[int]]:
        """Ids in the store and in GET /events, and numbers in the store, after a run with the store on or off."""
        server._environment["ANALYTICS_STORE"] = setting
        with server.running():
            assert server.post("/events", [event(each) for each in events]).ok
            read = [each["id"] for each in server.get("/events")["events"]][::-1]
            rows = stored(server) if setting == "on" else []
            if setting == "on":
                eventually(lambda: server.get("/stats")["storage"]["long_term"]["waiting"] == 0)
            else:
                erased = requests.delete(f"{server.url}/users/nobody", timeout=10).json()
                assert erased["not_erased"]["copies"] == ["store"], "its files are not changed"
        return [row[1] for row in rows], read, [row[0] for row in rows]

    first = runs("on", 1, 2)
    assert first[:2] == (["e1", "e2"], ["e1", "e2"])
    assert runs("off", 3, 4)[1] == ["e1", "e2", "e3", "e4"]
    ids, read, numbers = runs("on", 5)
    assert (ids, read) == (["e1", "e2", "e5"], ["e1", "e2", "e3", "e4", "e5"])
    assert (numbers[:2], numbers == sorted(set(numbers))) == (first[2], True)
    assert "entries of the log never came to the store" in server.log()
    if is_started_again:
        assert runs("on", 6)[:2] == (["e1", "e2", "e5", "e6"], ["e1", "e2", "e3", "e4", "e5", "e6"])


def test_without_the_store_there_is_no_process_and_no_cursor(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_STORE": "off"}, ASKING)
    storage = server.get("/stats")["storage"]
    assert (storage["long_term"], storage["consumers"]) == (None, {})
    assert store_processes(server) == []


def test_figures_of_the_store_are_in_stats_and_metrics(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), **HASTY}, ASKING)
    assert server.post("/events", [event(number) for number in range(10)]).ok
    eventually(lambda: server.get("/stats")["storage"]["long_term"]["rows"] == 10)
    figures = server.get("/stats")["storage"]["long_term"]
    assert (figures["files"], figures["trouble"], figures["damaged"]) == (1, None, [])
    assert figures["oldest_day"] == figures["newest_day"]
    sizes, days = figures["bytes_by_kind"], figures["days_by_kind"]
    assert (sum(sizes.values()), sizes["events"] > 0, sizes["logs"]) == (figures["bytes"], True, 0)
    assert days == {"events": 90, "logs": 30, "spans": 14, "minutes": 30, "hours": 730, "days": 3650}
    assert server.get("/health")["status"] == "healthy"
