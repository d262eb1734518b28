"""`gunicorn --preload`: the app is made in the master, and its worker is replaced as without."""

import contextlib
import os
import signal
from pathlib import Path

import pytest
import requests

from analytics.internals.gunicorn import BOOT_ERROR
from analytics.log.disk.file import FILE_NAME
from tests.conftest import StartServer
from tests.edge.wire import eventually, worker_pid
from tests.server import GUNICORN, STOP_SECONDS, Server


def pids(server: Server) -> set[int]:
    """The workers of a server; none between the end of one and the start of the next."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return set(map(int, children.split()))


def is_ready(server: Server) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{server.url}/health/ready", timeout=5).ok
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("is_kept", [True, False], ids=["disk", "memory"])
def test_a_worker_that_ends_is_replaced(
    start_server: StartServer, tmp_path: Path, is_kept: bool, number: signal.Signals
) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data") if is_kept else ""}, (*GUNICORN, "--preload"))
    ids, starts = set(), set()
    for life in range(1, 3):
        ids |= {server.post("/events", {"type": "sale", "service": "shop"}).json()["id"] for _ in range(3)}
        starts.add(server.get("/stats")["started_at"])
        assert server.get("/stats")["totals"]["events"] == (3 * life if is_kept else 3)
        worker = worker_pid(server)
        os.kill(worker, number)
        eventually(lambda worker=worker: pids(server) and worker not in pids(server))
        eventually(lambda: is_ready(server))
    assert (len(ids), len(starts)) == (6, 2), "each start has ids and a time of its own"
    if is_kept:
        assert server.get("/events?service=shop")["count"] == 6
    assert server.stop() == 0
    assert "WORKER TIMEOUT" not in server.log()
    assert "Traceback" not in server.log()


def test_a_worker_that_cannot_use_its_database_ends_the_master(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")}, (*GUNICORN, "--preload"))
    (tmp_path / "data" / FILE_NAME).write_bytes(b"a shopping list\n" * 100)
    os.kill(worker_pid(server), signal.SIGKILL)
    assert server.process.wait(STOP_SECONDS) == BOOT_ERROR
    assert "not a database of this service" in server.log()
