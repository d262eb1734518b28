"""Damaged files of the long-term store: each is named and left out, and everything else answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import requests

from tests.conftest import StartServer
from tests.edge.test_store import ASKING
from tests.edge.wire import eventually
from tests.server import ROOT, Server
from tests.store.test_files import DAMAGES

SETTINGS = {"ANALYTICS_STORE_SECONDS": "0.2", "ANALYTICS_EVENTS_RING": "1"}
WAYS = ("events", "explore", "sql", "export")
SOUND = ["e5", "e6", "e7"]
NOW = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)


def command(*args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "analytics", *args], env=environment, capture_output=True, text=True)


def event(days: int) -> dict[str, Any]:
    at = (NOW - timedelta(days=days)).isoformat()
    return {"type": "view", "service": "shop", "timestamp": at, "data": {"n": days}, "id": f"e{days}"}


def answers(server: Server) -> dict[str, Any]:
    """What each way to read events finds."""
    found = server.get("/events", params={"order": "time", "q": "type:view"})
    since = (NOW - timedelta(days=20)).isoformat()
    asked = {"measure": "count", "by": ["data.n"], "interval": "day", "from": since}
    explored = server.post("/explore", asked).json()["groups"]
    rows = server.post("/sql", {"sql": "SELECT id FROM events ORDER BY id"}).json()["rows"]
    return {
        "events": sorted(each["id"] for each in found["events"]),
        "explore": sorted(f"e{group['values'][0]}" for group in explored),
        "sql": [id_ for (id_,) in rows],
        "export": sorted(json.loads(line)["id"] for line in server.text("/export/events", {}).splitlines()),
    }


class Damaged(NamedTuple):
    """A running service with a data directory in which files were damaged: by name the reason that is told."""

    server: Server
    data: Path
    reasons: dict[str, str]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Damaged]:
    folder = tmp_path_factory.mktemp("damaged")
    data = folder / "data"
    with Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(data), **SETTINGS}, ASKING) as server:
        assert server.post("/events", [event(days) for days in range(1, 8)]).json()["accepted"] == 7
        eventually(lambda: server.get("/stats")["storage"]["long_term"]["rows"] == 7)
        files = sorted((data / "store/events").rglob("*.parquet"), reverse=True)
        read = f"SELECT count(*) FROM read_parquet({[str(path) for path in files]})"
        assert duckdb.connect().sql(read).fetchall() == [(7,)], "any program may read them meanwhile"
        reasons = {}
        for path, (damage, reason) in zip(files, DAMAGES.values(), strict=False):
            damage(path)
            reasons[str(path.relative_to(data / "store"))] = reason
        eventually(lambda: answers(server) == dict.fromkeys(WAYS, SOUND))
        eventually(lambda: len(server.get("/stats")["storage"]["long_term"]["damaged"]) == len(DAMAGES))
        yield Damaged(server, data, reasons)


def test_each_damaged_file_is_named_and_recording_goes_on(damaged: Damaged) -> None:
    health = damaged.server.get("/health")
    assert health["status"] == "degraded"
    for name, reason in damaged.reasons.items():
        assert any(name in told and reason in told for told in health["reasons"]), (name, health["reasons"])
    shown = command("inspect", str(damaged.data))
    assert (shown.returncode, shown.stdout.count("damaged: ")) == (1, len(DAMAGES))
    assert requests.post(f"{damaged.server.url}/events", json=event(0), timeout=10).ok
    assert answers(damaged.server)["events"] == ["e0", *SOUND]


def test_a_backup_leaves_damaged_files_out_and_what_is_restored_from_it_is_healthy(
    damaged: Damaged, start_server: StartServer, tmp_path: Path
) -> None:
    done = command("backup", str(tmp_path / "a.db"), "--data-dir", str(damaged.data))
    assert (done.returncode, done.stderr.count("left out, as it is damaged")) == (0, len(DAMAGES)), done.stderr
    data = tmp_path / "data"
    restored = command("restore", str(tmp_path / "a.db"), "--data-dir", str(data))
    assert restored.returncode == 0, restored.stderr
    server = start_server({"ANALYTICS_DATA_DIR": str(data), **SETTINGS}, ASKING)
    eventually(lambda: server.get("/health")["status"] == "healthy")
    assert [id_ for id_ in answers(server)["sql"] if id_ != "e0"] == SOUND, "another test may have recorded e0"
