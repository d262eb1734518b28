"""Keys on a real server: unread bodies, live connections, limits by address, and persistence across a kill."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import websocket

from analytics.identity import INGEST, READ
from analytics.scopes import DECISIONS, PUBLIC
from tests.access.shapes import message_in
from tests.conftest import StartServer
from tests.edge.kills import kill
from tests.edge.socketio_raw import Session, open_websocket
from tests.edge.wire import check_problem, connect, eventually, head, read_answer, websocket_url
from tests.server import GUNICORN, Server

ADMIN = "the-admin-key-of-these-tests"
LOCKED = {"ANALYTICS_ADMIN_KEY": ADMIN}
SHOP = "https://shop.example"
DOORS = [
    (method, re.sub("<[^>]+>", "x", rule), READ if scope != READ else INGEST)
    for rule, methods in DECISIONS.items()
    for method, scope in methods.items()
    if method != "GET" and scope != PUBLIC
]
"""Every method and path that may have a body, and a scope that is not enough for it."""
BEGINNING = b"100000\r\n" + b"x" * 1_000


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def create(server: Server, *scopes: str, **body: Any) -> dict[str, Any]:
    payload = {"name": "a key", "scopes": list(scopes), **body}
    answer = requests.post(f"{server.url}/keys", json=payload, headers=bearer(ADMIN), timeout=10)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ticket(server: Server, key: str, origin: str | None = None) -> str:
    headers = {**bearer(key), **({} if origin is None else {"Origin": origin})}
    answer = requests.post(f"{server.url}/tickets", headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that requires keys."""
    with Server(tmp_path_factory.mktemp("locked") / "server.log", LOCKED) as server:
        yield server


@pytest.mark.parametrize(("method", "path", "other"), DOORS)
@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Content-Length: 900000000"])
def test_a_wrong_key_is_refused_before_a_body_that_never_ends(
    locked: Server, method: str, path: str, other: str, framing: str
) -> None:
    with connect(locked) as connection:
        lines = (f"Authorization: Bearer {ADMIN}x", "Content-Type: application/json", framing)
        connection.sendall(head(locked, path, *lines, method=method) + BEGINNING)
        answer = read_answer(connection)
        assert answer.status == 401
        assert message_in(path, answer.headers, answer.body)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "other"), DOORS)
def test_a_key_of_another_scope_is_refused_before_a_body_that_never_ends(
    locked: Server, method: str, path: str, other: str
) -> None:
    key = create(locked, other)["secret"]
    with connect(locked) as connection:
        lines = (f"X-API-Key: {key}", "Content-Type: application/json", "Transfer-Encoding: chunked")
        connection.sendall(head(locked, path, *lines, method=method) + BEGINNING)
        answer = read_answer(connection)
        assert answer.status == 403
        assert "scope" in message_in(path, answer.headers, answer.body)


def test_a_short_refused_body_is_discarded(locked: Server) -> None:
    for size in (1, 200_000):
        answer = requests.post(f"{locked.url}/events", data=b"x" * size, headers=bearer("wrong"), timeout=10)
        check_problem(answer, 401, "unknown_key")


def test_a_refused_read_keeps_the_connection_open(locked: Server) -> None:
    with requests.Session() as client:
        for _ in range(2):
            answer = client.get(f"{locked.url}/stats", timeout=10)
            assert (answer.status_code, answer.headers.get("Connection")) == (401, "keep-alive")


Credentials = tuple[str, dict[str, str]]
Make = Callable[[Server], Credentials]


def by_key(*scopes: str, **body: Any) -> Make:
    def make(server: Server) -> Credentials:
        origin = {"Origin": SHOP} if "origins" in body else {}
        return "", {**bearer(create(server, *scopes, **body)["secret"]), **origin}

    return make


def by_session(server: Server) -> Credentials:
    answer = requests.post(f"{server.url}/session", json={"key": ADMIN}, timeout=10)
    return "", {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


def by_ticket(server: Server) -> Credentials:
    return f"ticket={ticket(server, ADMIN, SHOP)}", {"Origin": SHOP}


def by_used_ticket(server: Server) -> Credentials:
    given = ticket(server, ADMIN)
    assert requests.get(f"{server.url}/export/daily?ticket={given}", timeout=10).status_code == 200
    return f"ticket={given}", {}


SENDERS: dict[str, tuple[Make, int]] = {
    "none": (lambda server: ("", {}), 401),
    "wrong": (lambda server: ("", bearer("wrong")), 401),
    "key in the URL": (lambda server: (f"key={ADMIN}", {}), 401),
    "used ticket": (by_used_ticket, 401),
    "ticket of another origin": (lambda server: (f"ticket={ticket(server, ADMIN, SHOP)}", {"Origin": "http://x"}), 401),
    "ingest": (by_key("ingest"), 403),
    "bound": (by_key("ingest", services=["shop"]), 403),
    "browser": (by_key("ingest", origins=[SHOP]), 403),
    "read": (by_key("read"), 101),
    "admin": (lambda server: ("", bearer(ADMIN)), 101),
    "session": (by_session, 101),
    "ticket": (by_ticket, 101),
}
EACH = pytest.mark.parametrize("sender", SENDERS)


def listed(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items() if name != "Origin"]


@EACH
def test_the_websocket_requires_the_scope_read(locked: Server, sender: str) -> None:
    make, expected = SENDERS[sender]
    query, headers = make(locked)
    url = f"{websocket_url(locked)}?{query}"
    if expected == 101:
        live = websocket.create_connection(url, header=listed(headers), origin=headers.get("Origin"), timeout=10)
        assert json.loads(live.recv())["type"] == "snapshot"
        live.close()
        return
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        websocket.create_connection(url, header=listed(headers), origin=headers.get("Origin"), timeout=10)
    check_handshake_refusal(refusal.value, expected)


def check_handshake_refusal(refusal: Any, expected: int) -> None:
    assert refusal.status_code == expected
    assert json.loads(refusal.resp_body)["error"]["code"]
    assert ("www-authenticate" in refusal.resp_headers) == (expected == 401)


@EACH
def test_socketio_over_websocket_requires_the_scope_read(locked: Server, sender: str) -> None:
    make, expected = SENDERS[sender]
    query, headers = make(locked)
    host = urlsplit(locked.url).netloc
    options = {"header": listed(headers), "origin": headers.get("Origin")}
    if expected == 101:
        live = open_websocket(host, query, **options)
        assert live.recv().startswith("0{")
        live.close()
        return
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        open_websocket(host, query, **options)
    check_handshake_refusal(refusal.value, expected)


@EACH
def test_socketio_polling_requires_the_scope_read(locked: Server, sender: str) -> None:
    make, expected = SENDERS[sender]
    query, headers = make(locked)
    url = f"{locked.url}/socket.io/?EIO=4&transport=polling&{query}"
    answer = requests.get(url, headers=headers, timeout=10)
    if expected != 101:
        check_problem(answer, expected)
        return
    assert answer.status_code == 200
    sid = json.loads(answer.text[1:])["sid"]
    for _ in range(2):  # the client repeats its query and headers
        more = {**headers, "Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin"}
        posted = requests.post(f"{url}&sid={sid}", data="40", headers=more, timeout=10)
        assert posted.status_code == 200, posted.text
    assert requests.get(f"{url}&sid={sid}", headers=headers, timeout=10).text.startswith("40{")


def forwarded(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def test_live_connections_are_limited_by_address_and_in_total(start_server: StartServer) -> None:
    limits = {"ANALYTICS_MAX_LIVE": "4", "ANALYTICS_MAX_LIVE_PER_ADDRESS": "2"}
    server = start_server({**limits, "ANALYTICS_TRUSTED_PROXIES": "127.0.0.1"})
    host, here = urlsplit(server.url).netloc, "203.0.113.7"

    def plain(address: str) -> websocket.WebSocket:
        return websocket.create_connection(websocket_url(server), header=[f"X-Forwarded-For: {address}"], timeout=10)

    def refused(connect: Callable[[], Any]) -> tuple[int, str, bool]:
        with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
            connect()
        error = refusal.value
        assert error.resp_headers is not None
        assert isinstance(error.resp_body, bytes)
        return error.status_code, json.loads(error.resp_body)["error"]["code"], "retry-after" in error.resp_headers

    def polled(address: str) -> requests.Response:
        url = f"{server.url}/socket.io/?EIO=4&transport=polling"
        return requests.get(url, headers=forwarded(address), timeout=10)

    first = plain(here)
    second = open_websocket(host, header=[f"X-Forwarded-For: {here}"])
    many = (429, "too_many_live", True)
    assert refused(lambda: plain(here)) == many
    assert refused(lambda: open_websocket(host, header=[f"X-Forwarded-For: {here}"])) == many
    check_problem(polled(here), 429, "too_many_live")
    with Session(server):
        third = plain("2001:db8::1")
        assert refused(lambda: plain("2001:db8:9::1")) == (503, "too_many_sessions", True)
        assert refused(lambda: open_websocket(host)) == (503, "too_many_sessions", True)
        check_problem(polled("203.0.113.8"), 503, "too_many_sessions")
        assert server.get("/stats")["refusals"] == {"too_many_live": 3, "too_many_sessions": 3}
    opened: list[websocket.WebSocket] = []

    def opens(address: str) -> bool:
        try:
            opened.append(plain(address))
        except websocket.WebSocketBadStatusException:
            return False
        return True

    for live in (first, second, third):
        live.close()
    for address in (here, here, "2001:db8::2", "2001:db8::3"):
        eventually(partial(opens, address))
    for live in opened:
        live.close()


def test_keys_survive_a_kill_and_only_their_hashes_are_on_the_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = {**LOCKED, "ANALYTICS_DATA_DIR": str(data)}
    with Server(tmp_path / "server.log", settings) as server:
        kept, revoked = create(server, "read"), create(server, "read")
        requests.delete(f"{server.url}/keys/{revoked['id']}", headers=bearer(ADMIN), timeout=10)
        cookie = by_session(server)[1]
        kill(server)
    with Server(tmp_path / "server.log", settings) as server:
        asked = [bearer(kept["secret"]), cookie, bearer(ADMIN), bearer(revoked["secret"]), {}]
        statuses = [requests.get(f"{server.url}/stats", headers=each, timeout=10).status_code for each in asked]
        assert statuses == [200, 200, 200, 401, 401]
        log = server.log()
    stored = b"".join(path.read_bytes() for path in data.iterdir() if path.is_file()) + log.encode()
    for secret in (kept["secret"], revoked["secret"], ADMIN, cookie["Cookie"].partition("=")[2]):
        assert secret.encode() not in stored


def test_the_first_admin_key_is_printed_once(tmp_path: Path) -> None:
    settings = {"ANALYTICS_AUTH": "required", "ANALYTICS_DATA_DIR": str(tmp_path / "data")}
    for _ in range(2):
        with Server(tmp_path / "server.log", settings, GUNICORN) as server:
            (printed,) = [line for line in server.log().splitlines() if "shown only this once" in line]
            key = printed.rpartition(" ")[2]
            assert requests.get(f"{server.url}/keys", headers=bearer(key), timeout=10).status_code == 200
            assert requests.get(f"{server.url}/stats", timeout=10).status_code == 401
