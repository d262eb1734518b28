"""Storage in /health and /stats, answers during recovery, and live clients that reconnect after a kill."""

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from analytics.clock import rfc3339
from tests.conftest import StartServer
from tests.edge.frames import Live, is_update
from tests.edge.mortal import Mortal
from tests.edge.test_live_return import is_snapshot, numbers
from tests.edge.test_running import records, start_wrongly
from tests.edge.wire import eventually, is_time
from tests.server import APP, GUNICORN, Server

SLOW = (*GUNICORN[:-1], "tests.edge.slow_disk:app")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    with Mortal(tmp_path / "server.log", tmp_path / "data", GUNICORN, LOG_LEVEL="INFO").running() as server:
        yield server


def event(n: int) -> dict[str, Any]:
    return {"type": "view", "service": "shop", "data": {"n": n}}


@pytest.mark.parametrize("durability", ["fsync", "process", "relaxed"])
def test_health_and_stats_report_the_storage(start_server: StartServer, tmp_path: Path, durability: str) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_DURABILITY": durability.upper()})
    health, first = server.get("/health"), server.get("/stats")["storage"]
    assert (health["status"], health["storage"], health["durability"]) == ("healthy", "disk", durability)
    nothing = dict.fromkeys(("events", "metrics", "logs", "spans", "seconds", "minutes", "hours", "days"))
    expected = {"kind": "disk", "durability": durability, "trouble": None, "oldest": nothing}
    assert first == {**first, **expected}
    assert list(first["consumers"]) == ["store"]
    assert first["bytes"] > 0
    server.post("/events", [{**event(n), "data": {"text": secrets.token_hex(1_000)}} for n in range(300)])
    server.post("/metrics", {"name": "memory", "value": 1})
    stats = server.get("/stats")["storage"]
    assert (stats["kind"], stats["durability"]) == ("disk", durability)
    without_records = ("logs", "spans")
    assert all(is_time(at) for name, at in stats["oldest"].items() if name not in without_records), stats
    assert eventually(lambda: server.get("/stats")["storage"]["bytes"] > first["bytes"] + 300_000)
    assert server.stop() == 0


def test_storage_in_memory_is_reported_at_startup_and_in_health(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": ""})
    warnings = [line for line in records(server) if "kept in memory only" in line["message"]]
    assert [line["level"] for line in warnings] == ["WARNING"]
    assert "ANALYTICS_DATA_DIR" in warnings[0]["message"]
    health, stats = server.get("/health"), server.get("/stats")["storage"]
    assert (health["status"], health["storage"], health["durability"]) == ("healthy", "memory", None)
    expected = {"kind": "memory", "durability": None, "bytes": 0, "trouble": None, "consumers": {}, "long_term": None}
    assert stats == {**expected, "oldest": stats["oldest"]}


@pytest.mark.parametrize("command", [GUNICORN, APP], ids=["gunicorn", "app.py"])
def test_a_wrong_durability_prevents_the_start_with_one_line(command: tuple[str, ...]) -> None:
    wrong = ("always", "full ", "0")
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(start_wrongly, command, {"ANALYTICS_DURABILITY": value}) for value in wrong]
    for start, value in zip(starts, wrong, strict=True):
        status, output = start.result()
        assert status != 0
        (line,) = output.splitlines()
        for word in (f"ANALYTICS_DURABILITY={value!r}", "fsync, process, relaxed", "default process"):
            assert word in line


def answers(server: Server, method: str, path: str) -> list[requests.Response]:
    """The answer, or None if nothing listens."""
    try:
        return [requests.request(method, server.url + path, json={} if method == "POST" else None, timeout=10)]
    except requests.ConnectionError:
        return []


def test_during_recovery_the_service_is_alive_but_not_ready(mortal: Mortal, tmp_path: Path) -> None:
    for n in range(60):
        assert mortal.post("/events", event(n)).status_code == 201
    mortal.kill()
    slow = Mortal(tmp_path / "slow.log", mortal.data, SLOW, LOG_LEVEL="INFO")
    slow.begin()
    try:
        check_closed_until_ready(slow)
    finally:
        slow.kill()


def check_closed_until_ready(server: Mortal) -> None:
    (ready,) = eventually(lambda: answers(server, "GET", "/health/ready"))
    assert (ready.status_code, ready.headers["Retry-After"]) == (503, "1")
    assert ready.json() == {"status": "unavailable", "reasons": ["the service is replaying its journal"]}
    found = {}
    closed = (("GET", "/dashboard"), ("POST", "/events"), ("GET", "/ws/dashboard"))
    for method, path in (("GET", "/health/live"), ("GET", "/"), ("GET", "/sdk/analytics.js"), *closed):
        (found[path],) = answers(server, method, path)
    (still,) = answers(server, "GET", "/health/ready")
    if still.status_code == 503:  # otherwise recovery ended in between
        assert found.pop("/health/live").json() == {"status": "alive"}
        assert found.pop("/").status_code == found.pop("/sdk/analytics.js").status_code == 200, (
            "the page is served and waits"
        )
        for path, each in found.items():
            assert (each.status_code, each.headers["Retry-After"]) == (503, "1"), path
            assert each.json()["error"]["code"] == "unavailable"
            assert "replaying its journal" in each.json()["error"]["message"]
    eventually(server.is_ready)
    assert server.get("/stats")["totals"]["events"] == 60
    (recovered,) = [line for line in records(server) if line["message"] == "recovered"]
    assert recovered["entries"] == 62, "60 events, and the default resources"
    assert recovered["seconds"] > 2
    progress = [line for line in records(server) if line["message"] == "replaying the journal"]
    assert progress
    assert all(0 < line["entry"] <= line["of"] == 62 for line in progress)


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["", "preload"])
def test_a_stop_during_recovery_is_clean_and_changes_nothing(
    mortal: Mortal, tmp_path: Path, options: tuple[str, ...]
) -> None:
    for n in range(60):
        assert mortal.post("/events", event(n)).status_code == 201
    mortal.kill()
    slow = Mortal(tmp_path / "slow.log", mortal.data, (*SLOW, *options))
    slow.begin()
    try:
        eventually(lambda: answers(slow, "GET", "/health/live"))
        assert slow.stop() == 0
    finally:
        slow.kill()
    assert "Traceback" not in slow.log()
    mortal.begin_again()
    assert mortal.get("/stats")["totals"]["events"] == 60


def test_services_that_were_down_are_down_after_a_kill_and_after_a_stop(mortal: Mortal) -> None:
    mortal.get("/heartbeat/job?interval=1&grace=0.2")
    eventually(lambda: mortal.get("/services/job/history")["history"][0]["to"] == "down")
    seen = mortal.get("/services/job/history")["history"]
    eventually(lambda: newest_record(mortal.data) > seen[0]["at"])
    mortal.begin_again()
    assert mortal.get("/services/job/history")["history"] == seen
    assert mortal.stop() == 0
    mortal.begin_again()
    assert mortal.get("/services/job/history")["history"] == seen


def newest_record(data: Path) -> str:
    """Time of the newest record as RFC 3339: of a tick, or of any record that made a tick unnecessary."""
    with contextlib.closing(sqlite3.connect(data / "analytics.db")) as db:
        ((received,),) = db.execute("SELECT max(received) FROM journal")
    return rfc3339(received)


def test_live_clients_reconnect_after_a_kill_and_get_missed_events(mortal: Mortal) -> None:
    with Live(mortal, "service=shop") as live:
        live.until(is_update)
        for n in range(5):
            mortal.post("/events", event(n))
        since = live.until(lambda message: message["type"] == "event" and message["data"]["data"]["n"] == 2)[-1]["seq"]
    mortal.begin_again()
    mortal.post("/events", [event(n) for n in range(5, 300)])
    mortal.begin_again()
    mortal.post("/events", event(300))
    with Live(mortal, f"service=shop&since={since}") as live:
        missed = live.until(is_snapshot)
        assert numbers(missed) == list(range(3, 301))
        sequences = [message["seq"] for message in missed[:-1]]
        assert sequences[:2] == [since + 1, since + 2]
        assert all(earlier < later for earlier, later in pairwise(sequences)), "each start skips some numbers"
        assert "gap" not in missed[-1]
        mortal.post("/events", event(301))
        assert numbers(live.until(lambda message: message["type"] == "event")) == [301]
        newest = live.seq
    mortal.begin_again()
    for wrong in (newest + 10**12, 7):
        with Live(mortal, f"since={wrong}") as live:
            first = live.next()
            assert (first["type"], first["gap"]) == ("snapshot", True)
            assert first["seq"] >= newest


def test_missed_events_that_are_no_longer_kept_are_reported_as_a_gap(tmp_path: Path) -> None:
    mortal = Mortal(tmp_path / "server.log", tmp_path / "data", GUNICORN, ANALYTICS_EVENTS_RING="50")
    with mortal.running() as server:
        with Live(server) as live:
            since = live.next()["seq"]
        server.post("/events", [event(n) for n in range(60)])
        server.begin_again()
        with Live(server, f"since={since}") as live:
            assert live.next()["gap"] is True
        with Live(server, f"since={since + 10}") as live:
            missed = live.until(is_snapshot)
            assert numbers(missed) == list(range(10, 60))
            assert "gap" not in missed[-1]
    assert json.loads(server.log().splitlines()[-1])
