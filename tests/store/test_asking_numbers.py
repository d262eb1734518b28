"""A real server sends its closed minutes to its store process, where POST /sql finds them."""

import time
from pathlib import Path
from typing import Any

import requests

from tests.edge.wire import eventually
from tests.server import Server

PATIENCE = 60.0
SQL = (
    "SELECT sum(total) FROM metrics WHERE name = 'requests_total' AND resolution = 'minutes' "
    "AND labels->>'service' = 'shop'"
)


def test_minutes_that_are_over_are_in_the_store(tmp_path: Path) -> None:
    with Server(tmp_path / "log", {"ANALYTICS_DATA_DIR": str(tmp_path / "data")}) as server:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
        event: dict[str, Any] = {"type": "request", "service": "shop", "timestamp": at, "data": {"endpoint": "/"}}
        assert requests.post(f"{server.url}/events", json=[event] * 3, timeout=30).json()["accepted"] == 3

        def total() -> Any:
            answer = requests.post(f"{server.url}/sql", json={"sql": SQL}, timeout=60).json()
            return answer["rows"][0][0]

        assert eventually(lambda: total() == 3, PATIENCE)
        jobs = requests.get(f"{server.url}/stats", timeout=30).json()["jobs"]
        assert next(job for job in jobs if job["name"] == "long-term store of numbers")["last_error"] is None
        assert requests.get(f"{server.url}/health", timeout=30).json()["status"] == "healthy"
