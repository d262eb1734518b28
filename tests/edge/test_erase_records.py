"""DELETE /users/{id} for lines and spans: at once out of every answer, and soon out of every file, despite kills."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.edge.mortal import Mortal
from tests.edge.wire import eventually
from tests.log.disk.search import holds
from tests.randomness import many
from tests.server import Server

PATIENCE, KILLS = 90, many(1)
TRACE, OTHER = "a" * 32, "b" * 32


def otlp_attributes(**values: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": {"stringValue": value}} for name, value in values.items()]


def send_spans(server: Server, trace: str, user: str, name: str) -> None:
    """Two spans of a request that failed for a user, named by the present conventions and by those before."""
    now = time.time_ns()
    times = {"startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 10**7)}
    failed = {
        "name": "exception",
        "timeUnixNano": str(now),
        "attributes": otlp_attributes(exception__type="ValueError", exception__message=f"no cart of {user}"),
    }
    spans = [
        {"traceId": trace, "spanId": f"{number}" * 16, "name": name, "kind": 2, **times, "attributes": each, **more}
        for number, each, more in (
            (1, otlp_attributes(user__id=user), {"status": {"code": 2}, "events": [failed]}),
            (2, otlp_attributes(enduser__id=user), {}),
        )
    ]
    resource = {"attributes": otlp_attributes(service__name="shop")}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    assert server.post("/v1/traces", body).status_code == 200


def send_lines(server: Server, user: str, text: str) -> None:
    """Three lines that name a user: by an attribute, by structured metadata, and in JSON."""
    line = {"service": "shop", "level": "error", "message": f"{text} 1", "attributes": {"user.id": user}}
    plain = {"service": "shop", "message": json.dumps({"msg": f"{text} 3", "user": {"id": user}})}
    assert server.post("/logs", [line, plain]).json()["accepted"] == 2
    values = [[str(time.time_ns()), f"{text} 2", {"user_id": user}]]
    push = {"streams": [{"stream": {"service_name": "shop"}, "values": values}]}
    assert server.post("/loki/api/v1/push", push).status_code == 204


def answers(server: Server) -> str:
    """What everything says that reads lines and spans."""
    selector = quote('{service_name="shop"}')
    paths = (
        *("/logs?limit=1000", "/logs/patterns", "/logs/fields", f"/logs?trace_id={TRACE}"),
        *("/traces", f"/traces/{TRACE}", "/api/traces?service=shop", f"/api/traces/{TRACE}"),
        *("/errors", "/events", "/stats", f"/loki/api/v1/query_range?query={selector}"),
    )
    return "\n".join(eventually(lambda path=path: answered(server, path), PATIENCE) for path in paths)


def answered(server: Server, path: str) -> str:
    """What a path says; empty while the long-term store starts."""
    answer = requests.get(server.url + path, timeout=PATIENCE)
    assert answer.status_code in (200, 404, 503), answer.text
    return "" if answer.status_code == 503 else answer.text


@pytest.mark.parametrize("store", ["on", "off"])
def test_lines_and_spans_of_an_erased_user_are_in_no_answer_and_in_no_byte(tmp_path: Path, store: str) -> None:
    user, text = f"user-5d2e77-{store}", f"note-91c0-{store}"
    settings = {"ANALYTICS_STORE_SECONDS": "0.2"} if store == "on" else {"ANALYTICS_STORE": "off"}
    server = Mortal(tmp_path / "server.log", tmp_path / "data", **settings)
    with server.running():
        for each in (user, "bob"):
            send_spans(server, TRACE if each == user else OTHER, each, f"GET /{each == user}")
            send_lines(server, each, text if each == user else "left")
        assert server.post("/events", {"type": "view", "service": "shop", "user_id": user}).status_code == 201
        if store == "on":
            eventually(lambda: list((server.data / "store/spans").rglob("*.parquet")), PATIENCE)
        before = answers(server)
        assert all(each in before for each in (user, text, f"no cart of {user}", "left 2"))
        counted = requests.get(f"{server.url}/series?metric=requests&service=shop", timeout=PATIENCE).text
        assert counted
        answer = requests.delete(f"{server.url}/users/{user}", timeout=PATIENCE).json()
        assert {kind: answer[kind] for kind in ("events", "logs", "spans")} == {"events": 1, "logs": 3, "spans": 2}
        check_erased(server, user, text)
        for _ in range(KILLS):
            server.begin_again()
            check_erased(server, user, text)
        eventually(lambda: not holds(server.data, user), PATIENCE)
        eventually(lambda: not holds(server.data, text), PATIENCE)
        assert "left 2" in answers(server)
    assert not holds(server.data, user)
    assert "Traceback" not in server.log()


def check_erased(server: Server, user: str, text: str) -> None:
    """Check that nothing says anything about the user any more, and all is there of another."""
    after = answers(server)
    assert user not in after
    assert text not in after
    assert "left 2" in after
    assert "no cart of bob" in after


def test_hashed_users_of_spans_are_erased_by_their_plain_id(tmp_path: Path) -> None:
    server = Mortal(tmp_path / "server.log", tmp_path / "data", ANALYTICS_STORE="off")
    with server.running():
        put = requests.put(f"{server.url}/redactions/users", json={"user_id": "hash"}, timeout=PATIENCE)
        assert put.status_code == 201
        send_spans(server, TRACE, "alice-7c1f", "GET /")
        line = {"service": "shop", "message": "hi", "attributes": {"user.id": "alice-7c1f"}}
        assert server.post("/logs", [line]).json()["accepted"] == 1
        assert "hash:" in answers(server)
        answer = requests.delete(f"{server.url}/users/alice-7c1f", timeout=PATIENCE).json()
        assert (answer["logs"], answer["spans"]) == (1, 2)
        after = answers(server)
        assert "hash:" not in after
        assert '"hi"' not in after
