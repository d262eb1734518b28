"""DELETE /users/{id} on a real service: at once for every reader, and in every file, whatever kills it meanwhile."""

import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.frames import Live, is_update
from tests.edge.mortal import Mortal
from tests.edge.wire import check_problem, eventually
from tests.log.disk.search import holds
from tests.server import Server


def erase(server: Server, user: str) -> Any:
    answer = requests.delete(f"{server.url}/users/{user}", timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(server: Server, user: str, others: int = 50) -> None:
    mine = {"type": "error", "service": "shop", "user_id": user, "data": {"note": f"note of {user}"}}
    events = [{"type": "view", "service": "shop", "user_id": f"other-{each}"} for each in range(others)]
    assert server.post("/events", [mine, *events, mine]).json()["accepted"] == others + 2
    assert server.post("/events", mine).status_code == 201


@pytest.mark.parametrize("seed", range(6))
def test_an_erasure_is_completed_despite_a_kill(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    user = f"user-{dice.getrandbits(64):x}"
    server = Mortal(tmp_path / "server.log", tmp_path / "data")
    with server.running():
        for _ in range(10):
            send(server, user)
        assert holds(server.data, user)
        counted = server.get("/stats")["events_by_service"]
        assert erase(server, user)["events"] == 30
        threading.Event().wait(dice.random() * 0.15)
        server.begin_again()
        assert server.get(f"/events?user_id={user}")["events"] == []
        assert server.get("/errors?service=shop")["errors"] == []
        eventually(lambda: not holds(server.data, user))
        assert server.get("/stats")["events_by_service"] == counted
    assert not holds(server.data, user)
    assert "Traceback" not in server.log()


def test_an_erased_user_is_gone_for_every_reader_at_once(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "kept")})
    with Live(server) as live:
        since = live.next()["seq"]
    send(server, "a/b c")
    answer = erase(server, "a%2Fb%20c")
    assert answer["events"] == 3
    assert answer["not_erased"]["copies"] == []
    assert answer["not_erased"]["backups_before"] == answer["files_clean_by"]
    assert "a/b c" not in requests.get(f"{server.url}/export/events", timeout=10).text
    assert server.get("/events?q=note") == {
        "events": [],
        "count": 0,
        "limit": 100,
        "next_cursor": None,
        "complete": True,
    }
    assert "a/b c" not in requests.get(f"{server.url}/dashboard", timeout=10).text
    with Live(server, f"since={since}") as live:
        missed = live.until(is_update)
        assert sum(message["type"] == "event" for message in missed) == 50
        assert "a/b c" not in str(missed)
    assert erase(server, "a/b c")["events"] == 0
    check_problem(requests.delete(f"{server.url}/users/{'x' * 257}", timeout=10), 422, "validation_failed")
    for method in ("GET", "HEAD", "POST"):
        assert requests.request(method, f"{server.url}/users/other-1", timeout=10).status_code == 405
    assert len(server.get("/events?user_id=other-1")["events"]) == 1


def test_hashed_users_are_erased_by_their_plain_id_and_secrets_reach_no_file(
    start_server: StartServer, tmp_path: Path
) -> None:
    data = tmp_path / "kept"
    server = start_server({"ANALYTICS_DATA_DIR": str(data)})
    event = {"type": "login", "service": "shop", "user_id": "alice-7c1f", "data": {"a": [{"Password": "hunter-5d2e"}]}}
    rule = {"user_id": "hash", "patterns": ["email"], "applies_to": ["message", "tags"]}
    put = requests.put(f"{server.url}/redactions/users", json=rule, timeout=10)
    assert put.status_code == 201, put.text
    beat = {"service": "shop", "status": "healthy", "message": "ask jo-81aa@example.com"}
    assert server.post("/heartbeat", beat).status_code == 200
    assert requests.get(f"{server.url}/heartbeat/cron?message=ask+jo-81aa@example.com", timeout=10).status_code == 200
    metric = {"name": "m", "value": 1, "tags": {"who": "jo-81aa@example.com"}}
    assert server.post("/metrics", [metric]).status_code == 200
    for body, kind in (
        (event, "application/json"),
        ([event], "application/json"),
        ({"events": [event]}, "text/plain"),
        (event, "application/x-ndjson"),
    ):
        text = json.dumps(body)
        answer = requests.post(f"{server.url}/events", data=text, headers={"Content-Type": kind}, timeout=10)
        assert answer.status_code in (200, 201), answer.text
    found = server.get("/events")["events"]
    assert [each["data"] for each in found] == [{"a": [{"Password": "***"}]}] * 4
    assert {each["user_id"][:5] for each in found} == {"hash:"}
    assert server.get("/stats")["redacted"] == {"secrets": 4, "users": 7}
    assert erase(server, "alice-7c1f")["events"] == 4
    assert server.get("/events")["events"] == []
    server.stop()
    for text in ("alice-7c1f", "hunter-5d2e", "jo-81aa"):
        assert not holds(data, text)
