"""A disk with failing writes and syncs, and kills between them: exactly the acknowledged records are stored."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.kills import is_gone, kill
from tests.edge.strace import Strace
from tests.edge.wire import eventually, exported_events, worker_pid
from tests.server import GUNICORN, Server

SMALL_WAL = """
exec(open("gunicorn.conf.py").read())
from analytics.log.disk import database, log

database.WAL_CHECKPOINT_BYTES = 20_000
log.RETRY_SECONDS = 0.1
"""
"""A configuration that often copies and syncs the write-ahead log, and soon retries a failed disk."""
StartSmallWal = Callable[[Mapping[str, str]], Server]
CLIENTS = 3
EVENTS = 12
"""Number of events in every second request; the others have one."""
PATIENCE = 60
"""Seconds within which a request must be accepted."""


class Load:
    """Clients that repeat a request with the same ids until it is accepted."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.sent: set[str] = set()
        self.refused: Counter[str] = Counter()

    def run(self, name: str, requests_each: int) -> None:
        """Let every client send so many requests; `name` is part of the ids."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(self._client, f"{name}-{n}", requests_each) for n in range(CLIENTS)]:
                done.result()

    def _client(self, name: str, count: int) -> None:
        for number in range(count):
            ids = [f"{name}-{number}-{place}" for place in range(EVENTS if number % 2 else 1)]
            events = [{"id": id_, "type": "request", "service": "shop", "user_id": id_} for id_ in ids]
            self.sent.update(ids)
            self._send(events if number % 2 else events[0])

    def _send(self, body: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._server.post("/events", body)
                if answer.ok:
                    return
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["Retry-After"]) >= 1
                self.refused[answer.json()["error"]["message"]] += 1
            except requests.RequestException:  # killed before or during the answer
                self.refused["no answer"] += 1
            assert time.monotonic() < deadline, self.refused
            time.sleep(0.05)

    def check_stored(self, server: Server) -> None:
        """Check that each event that was sent, and so acknowledged, is stored once."""
        assert Counter(event["id"] for event in exported_events(server)) == Counter(self.sent)
        totals = server.get("/stats")["totals"]
        assert (totals["events"], totals["requests"]) == (len(self.sent), len(self.sent))
        assert server.get("/dashboard")["overview"]["active_users"] == len(self.sent)
        assert sum(hour["requests"] for hour in server.get("/stats/hourly?hours=24")["buckets"]) == len(self.sent)


@pytest.fixture
def start_small_wal(tmp_path: Path, start_server: StartServer) -> StartSmallWal:
    """Starts servers with the configuration `SMALL_WAL`."""
    config = tmp_path / "small_wal.py"
    config.write_text(SMALL_WAL)
    command = tuple(str(config) if each == "gunicorn.conf.py" else each for each in GUNICORN)
    return lambda settings: start_server(settings, command)


def check_reopened_after_failed_syncs(lines: list[str]) -> int:
    """Check that the file is reopened after a failed sync before the next write; returns how many syncs failed."""
    failed, must_reopen = 0, False
    for line in lines:
        if "sync(" in line and "(INJECTED)" in line:
            failed, must_reopen = failed + 1, True
        elif "openat(" in line and '/analytics.db"' in line:
            must_reopen = False
        assert not (must_reopen and "pwrite64(" in line and "-wal>" in line), line
    return failed


@pytest.mark.parametrize(
    ("durability", "call", "error", "when"),
    [
        ("process", "pwrite64", "EIO", "2..30+17"),
        ("process", "pwrite64", "ENOSPC", "1..20+13"),
        ("process", "fdatasync", "EIO", "1..2"),
        ("fsync", "pwrite64", "EROFS", "5..12"),
        ("fsync", "fdatasync", "EIO", "2..8+5"),
        ("fsync", "fdatasync", "ENOSPC", "1..2"),
    ],
)
def test_acknowledged_records_survive_intermittent_disk_faults(
    durability: str, call: str, error: str, when: str, tmp_path: Path, start_small_wal: StartSmallWal
) -> None:
    data = tmp_path / "data"
    settings = {"ANALYTICS_DATA_DIR": str(data), "ANALYTICS_DURABILITY": durability}
    server = start_small_wal(settings)
    load = Load(server)
    with Strace(worker_pid(server), data, tmp_path / "calls", f"{call}:error={error}:when={when}") as strace:
        load.run("during", 8)
    load.run("after", 2)
    lines = strace.lines()
    assert any("(INJECTED)" in line for line in lines)
    assert any("the journal cannot be written" in reason for reason in load.refused), load.refused
    assert check_reopened_after_failed_syncs(lines) or call == "pwrite64"
    eventually(lambda: server.get("/health")["status"] == "healthy")
    load.check_stored(server)
    kill(server)
    load.check_stored(start_small_wal(settings))


FIRST_SYNC, THIRD_SYNC = "fdatasync:signal=KILL:when=1", "fdatasync:signal=KILL:when=3"
SECOND_WRITE, SEVENTH_WRITE = "pwrite64:signal=KILL:when=2", "pwrite64:signal=KILL:when=7"


@pytest.mark.parametrize(
    ("durability", "calls"),
    [
        ("process", (FIRST_SYNC, SECOND_WRITE)),
        ("process", (SEVENTH_WRITE,)),
        ("fsync", (FIRST_SYNC, SECOND_WRITE)),
        ("fsync", (SEVENTH_WRITE, THIRD_SYNC)),
    ],
)
def test_acknowledged_records_survive_kills_between_writes_and_syncs(
    durability: str, calls: tuple[str, ...], tmp_path: Path, start_small_wal: StartSmallWal
) -> None:
    data = tmp_path / "data"
    settings = {"ANALYTICS_DATA_DIR": str(data), "ANALYTICS_DURABILITY": durability}
    server = start_small_wal(settings)
    load = Load(server)
    for number, inject in enumerate(calls):
        worker = worker_pid(server)
        with Strace(worker, data, tmp_path / f"calls-{number}", inject) as strace:
            load.run(f"kill-{number}", 4)
            assert is_gone(worker), (inject, strace.lines())
        eventually(lambda: requests.get(f"{server.url}/health/ready", timeout=5).ok)
        load.check_stored(server)
    kill(server)
    load.check_stored(start_small_wal(settings))
