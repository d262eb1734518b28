"""DELETE /users/{id} where there is a long-term store: out of all questions at once, and soon out of all its files."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from tests.conftest import StartServer
from tests.edge.test_store import ASKING
from tests.edge.wire import eventually
from tests.log.disk.search import holds
from tests.server import Server

USER = "user-5d2e77"
PATIENCE = 60


def asked(server: Server, path: str, question: dict[str, Any]) -> Any:
    answer = requests.post(server.url + path, json=question, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def users_in_files(data: Path) -> set[str]:
    files = [str(path) for path in (data / "store/events").rglob("*.parquet")]
    rows = duckdb.execute("SELECT DISTINCT user_id FROM read_parquet(?)", [files]).fetchall() if files else []
    return {user for (user,) in rows}


def seen(server: Server, user: str) -> list[int]:
    """How many events of a user each way to read old events finds: /events, exports, /explore and /sql."""
    found = server.get("/events", params={"user_id": user, "limit": 1_000})
    assert found["complete"]
    exported = server.lines("/export/events", {"format": "ndjson", "user_id": user})
    explored = asked(server, "/explore", {"q": f"user:{user}"})
    selected = asked(server, "/sql", {"sql": f"SELECT count(*) FROM events WHERE user_id = '{user}'"})
    return [found["count"], len(exported), int(explored["value"]), selected["rows"][0][0]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def server(start_server: StartServer, data: Path) -> Server:
    """A server with old events of two users in files and in memory, and new ones of one of them in memory only."""
    settings = {"ANALYTICS_DATA_DIR": str(data), "ANALYTICS_STORE_SECONDS": "0.2", "ANALYTICS_EVENTS_RING": "100"}
    server = start_server(settings, ASKING)
    users = [USER, "other"] * 300
    events = [{"type": "request", "service": "shop", "user_id": user, "data": {"of": user}} for user in users]
    assert server.post("/events", events).json()["accepted"] == 600
    eventually(lambda: users_in_files(data) == {USER, "other"}, PATIENCE)
    assert server.post("/events", [{**events[0], "type": "later"}] * 5).ok
    return server


def erase(server: Server) -> None:
    answer = requests.delete(f"{server.url}/users/{USER}", timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["events"], answer.json()["complete"]) == (305, True)


def test_an_erased_user_is_in_no_answer(server: Server) -> None:
    assert seen(server, USER) == [305] * 4
    erase(server)
    assert seen(server, USER) == [0] * 4
    assert seen(server, "other") == [300] * 4


def test_an_erased_user_is_soon_in_no_file(server: Server, data: Path) -> None:
    erase(server)
    eventually(lambda: users_in_files(data) == {"other"}, PATIENCE)
    eventually(lambda: server.get("/stats")["storage"]["long_term"]["erasing"] == 0, PATIENCE)
    eventually(lambda: not holds(data, USER), PATIENCE)
    metrics = asked(server, "/sql", {"sql": "SELECT * FROM metrics"})
    assert USER not in json.dumps(metrics)
    server.stop()
    assert not holds(data, USER)
    assert not list((data / "store/spill").iterdir())


@pytest.mark.parametrize("path", ["/explore", "/sql"])
def test_questions_find_hashed_users_by_their_hash_alone(start_server: StartServer, tmp_path: Path, path: str) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "kept")})
    put = requests.put(f"{server.url}/redactions/users", json={"user_id": "hash"}, timeout=10)
    assert put.status_code == 201, put.text
    assert server.post("/events", {"type": "view", "service": "shop", "user_id": USER}).ok
    question = {"by": ["user_id"]} if path == "/explore" else {"sql": "SELECT user_id FROM events"}
    text = json.dumps(asked(server, path, question))
    assert USER not in text
    assert "hash:" in text
