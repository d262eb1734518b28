"""Backups of a running service under load: they hold each record acknowledged before exactly once."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.edge.kills import kill
from tests.edge.wire import eventually, worker_pid
from tests.server import ROOT, Server

LOADERS, BATCH = 3, 20
READS = (
    "/events?limit=1000",
    "/services/web/metrics",
    "/stats/hourly?hours=48",
    "/stats/daily?days=30",
    "/export/events?format=json",
    "/export/metrics?format=json",
)


def command(*args: object, data_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANALYTICS_DATA_DIR": str(data_dir)}
    return subprocess.run(
        [sys.executable, "-m", "analytics", *map(str, args)], env=environment, capture_output=True, text=True
    )


class Load:
    """Clients that post events with ids until they are stopped; `acknowledged` are the ids answered with 2xx."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: list[str] = []
        self._url, self._ends = server.url, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(LOADERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        with requests.Session() as session:
            for batch in range(300):
                if self._ends.is_set():
                    return
                items = [event(f"{number}-{batch}-{n}") for n in range(BATCH)]
                payload: Any = items if batch % 2 else items[0]
                if session.post(f"{self._url}/events", json=payload, timeout=10).ok:
                    self.acknowledged += [item["id"] for item in (items if batch % 2 else items[:1])]


def event(name: str) -> dict[str, Any]:
    data = {"endpoint": f"/p{len(name) % 5}", "latency": len(name), "status": 200}
    return {"type": "request", "service": "web", "user_id": f"u{len(name)}", "id": name, "data": data}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backup")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(folder / "data")}) as running:
        yield running


def test_a_backup_under_load_holds_each_acknowledged_record_once(server: Server, folder: Path) -> None:
    with Load(server) as load:
        eventually(lambda: len(load.acknowledged) > 500)
        before = set(load.acknowledged)
        done = command("backup", folder / "a.db", data_dir=folder / "data")
    assert done.returncode == 0, done.stderr
    assert len(load.acknowledged) > len(before)
    assert command("inspect", folder / "a.db", data_dir=folder).returncode == 0
    assert command("restore", folder / "a.db", data_dir=folder / "other").returncode == 0
    with Server(folder / "other.log", {"ANALYTICS_DATA_DIR": str(folder / "other")}) as other:
        events = other.get("/export/events?format=json")["events"]
        kept = Counter(event["id"] for event in events)
        assert before <= kept.keys()
        assert set(kept.values()) == {1}
        assert other.get("/dashboard")["overview"]["total_requests"] == len(kept)
        again = other.post("/events", [event(name) for name in sorted(before)]).json()
        assert (again["accepted"], again["duplicates"]) == (0, len(before))


def test_a_restored_backup_answers_like_the_service_and_can_be_restored_again(server: Server, folder: Path) -> None:
    assert server.post("/metrics", {"name": "cpu", "value": 3.5, "tags": {"service": "web"}}).ok
    assert server.post("/heartbeat", {"service": "web", "status": "degraded"}).ok
    assert command("backup", folder / "b.db", data_dir=folder / "data").returncode == 0
    there = [stable(server.get(path)) for path in READS]
    for _ in range(2):
        assert command("restore", "--force", folder / "b.db", data_dir=folder / "new").returncode == 0
        new = Server(folder / "new.log", {"ANALYTICS_DATA_DIR": str(folder / "new")}).__enter__()
        try:
            assert [stable(new.get(path)) for path in READS] == there
            assert new.post("/events", event("later")).status_code == 201
        finally:
            kill(new)


def test_a_running_service_can_be_inspected_but_not_restored(server: Server, folder: Path) -> None:
    assert server.post("/events", event("one more")).ok
    assert command("backup", folder / "c.db", data_dir=folder / "data").returncode == 0
    names = sorted(os.listdir(folder / "data"))
    done = command("inspect", "--json", data_dir=folder / "data")
    found = json.loads(done.stdout)
    assert (done.returncode, found["sound"]) == (0, True)
    assert {kind["kind"] for kind in found["journal"]["kinds"]} >= {"events"}
    refused = command("restore", folder / "c.db", data_dir=folder / "data")
    assert refused.returncode == 1
    assert f"is in use by process {worker_pid(server)}" in refused.stderr
    assert sorted(os.listdir(folder / "data")) == names


def test_readers_do_not_change_the_log_of_a_killed_service(folder: Path, tmp_path: Path) -> None:
    """Also if they are the last to close the database."""
    with Server(tmp_path / "server.log", {"ANALYTICS_DATA_DIR": str(tmp_path / "data")}) as server:
        assert server.post("/events", [event(f"k{n}") for n in range(500)]).ok
        worker = worker_pid(server)
        server.process.kill()
        os.kill(worker, 9)
        server.process.wait()
    before = [(tmp_path / "data" / name).read_bytes() for name in ("analytics.db", "analytics.db-wal")]
    assert command("backup", tmp_path / "a.db", data_dir=tmp_path / "data").returncode == 0
    assert "500 " in command("inspect", data_dir=tmp_path / "data").stdout
    assert before == [(tmp_path / "data" / name).read_bytes() for name in ("analytics.db", "analytics.db-wal")]
    assert command("restore", tmp_path / "a.db", data_dir=tmp_path / "data").returncode == 0
    kept = next(path for path in (tmp_path / "data").glob("*before-restore-*") if path.is_file())
    for path in (kept, tmp_path / "data" / "analytics.db", tmp_path / "a.db"):
        found = json.loads(command("inspect", path, "--json", data_dir=tmp_path).stdout)
        assert [kind["records"] for kind in found["journal"]["kinds"] if kind["kind"] == "events"] == [500]


def stable(answer: Any) -> Any:
    """An answer without values that depend on the time of the request."""
    if isinstance(answer, dict):
        return {key: stable(value) for key, value in answer.items() if key not in MOMENTARY}
    if isinstance(answer, list):
        return [stable(each) for each in answer if not isinstance(each, dict) or each.get("requests", 1)]
    return answer


MOMENTARY = {"uptime_hours", "last_minute", "series", "requests_per_second"}
"""Figures that change with time alone."""
