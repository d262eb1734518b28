"""The curl examples of the contract, run unchanged except for the port."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.edge.wire import NUMBER, check_shape, is_time, tool
from tests.server import Server

TRACK = """
curl -X POST http://localhost:8099/events \\
  -H "Content-Type: application/json" \\
  -d '{
    "type": "product_view",
    "service": "frontend",
    "user_id": "user-123",
    "data": {
      "product_id": "OLJCESPC7Z",
      "category": "accessories"
    }
  }'
"""
RECORD = """
curl -X POST http://localhost:8099/metrics \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "latency",
    "value": 45.2,
    "unit": "ms",
    "tags": {
      "service": "productcatalog",
      "endpoint": "/products"
    }
  }'
"""
BEAT = """
curl -X POST http://localhost:8099/heartbeat \\
  -H "Content-Type: application/json" \\
  -d '{
    "service": "productcatalog",
    "status": "healthy",
    "metrics": {
      "request_count": 1000,
      "error_count": 5,
      "avg_latency": 23.5,
      "uptime": 72.5
    }
  }'
"""

Run = Callable[[str], tuple[int, Any]]


@pytest.fixture
def run(shared_server: Server, tmp_path: Path) -> Run:
    """Runs a command in a shell; returns status and JSON of curl's answer."""
    tool("curl")
    (tmp_path / ".curlrc").write_text('silent\nshow-error\nmax-time = 10\nwrite-out = "\\n%{http_code}"\n')

    def run_command(command: str) -> tuple[int, Any]:
        done = subprocess.run(
            ["bash", "-c", command.replace("http://localhost:8099", shared_server.url)],
            env={**os.environ, "CURL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        body, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(body)

    return run_command


def test_an_event_is_tracked(run: Run) -> None:
    status, answer = run(TRACK)
    assert status == 201
    assert answer["message"] == "event tracked"
    check_shape(answer, {"message": str, "id": str, "timestamp": is_time})


def test_events_are_read_all_by_type_and_by_service(run: Run) -> None:
    run(TRACK)
    run(TRACK.replace("product_view", "purchase").replace("frontend", "checkout"))
    for query, field, wanted in (
        ("", "type", None),
        ("?type=purchase", "type", "purchase"),
        ("?service=checkout", "service", "checkout"),
    ):
        status, answer = run(f'curl "http://localhost:8099/events{query}"')
        assert status == 200
        assert answer["count"] == len(answer["events"]) > 0
        assert answer["limit"] == 100
        assert wanted is None or {event[field] for event in answer["events"]} == {wanted}


def test_a_metric_is_recorded(run: Run) -> None:
    status, answer = run(RECORD)
    assert (status, answer["message"], answer["name"]) == (201, "metric recorded", "latency")


def test_a_heartbeat_is_recorded(run: Run) -> None:
    assert run(BEAT) == (200, {"message": "heartbeat recorded", "service": "productcatalog", "status": "healthy"})


def test_a_services_metrics_are_read(run: Run) -> None:
    run(RECORD)
    run(BEAT)
    status, answer = run("curl http://localhost:8099/services/productcatalog/metrics")
    assert status == 200
    assert answer["name"] == "productcatalog"
    assert answer["latency"]["max"] >= 45.2
    assert answer["uptime_hours"] == 72.5


@pytest.mark.parametrize("path", ["dashboard", "health", "stats"])
def test_reads_without_parameters_are_answered(run: Run, path: str) -> None:
    status, answer = run(f"curl http://localhost:8099/{path}")
    assert status == 200
    assert answer


def test_a_beacon_in_plain_text_and_a_gzip_pipe_work_from_a_shell(run: Run) -> None:
    event = '{"type":"page_view","service":"shell"}'
    assert run(f"curl http://localhost:8099/events -H 'Content-Type: text/plain' -d '{event}'")[0] == 201
    status, answer = run(
        f"for i in 1 2 3; do echo '{event}'; done | gzip | curl http://localhost:8099/events --data-binary @- "
        "-H 'Content-Type: application/x-ndjson' -H 'Content-Encoding: gzip'"
    )
    assert (status, answer["accepted"]) == (200, 3)
    check_shape(answer, {"accepted": NUMBER, "duplicates": int, "rejected": int, "errors": list})
