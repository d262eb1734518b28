"""What stays open ends with the key or session that opened it: WebSockets, Socket.IO and exports, at a real server."""

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.edge.socketio_clients import KINDS, TRANSPORTS, client, named
from tests.edge.socketio_raw import no_traceback, open_websocket
from tests.edge.test_keys import ADMIN, LOCKED, bearer, create, ticket
from tests.edge.wire import eventually, head, websocket_url
from tests.server import Server

NO_ACCESS = 4401
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
HANDSHAKE = (
    *("Upgrade: websocket", "Connection: Upgrade"),
    *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
)
EVENT = {"type": "a", "service": "s", "data": {"x": "x" * 3_000}}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that requires keys."""
    with Server(tmp_path_factory.mktemp("locked") / "server.log", LOCKED) as server:
        yield server


def ask(server: Server, method: str, path: str, headers: dict[str, str], payload: Any = None) -> Any:
    answer = requests.request(method, server.url + path, json=payload, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


class Way(NamedTuple):
    """How a connection is opened, and what ends it."""

    query: str
    headers: dict[str, str]
    end: Callable[[], Any]


def revoked(server: Server) -> Way:
    made = create(server, "read")
    return Way("", bearer(made["secret"]), lambda: ask(server, "DELETE", f"/keys/{made['id']}", bearer(ADMIN)))


def expired(server: Server) -> Way:
    soon = datetime.now(UTC) + timedelta(seconds=3)
    made = create(server, "read", expires_at=soon.isoformat())
    return Way("", bearer(made["secret"]), lambda: None)


def rotated(server: Server, overlap: int = 0) -> Way:
    made, overlap_seconds = create(server, "read"), {"overlap_seconds": overlap}
    path = f"/keys/{made['id']}/rotate"
    return Way("", bearer(made["secret"]), lambda: ask(server, "POST", path, bearer(ADMIN), overlap_seconds))


def rotated_with_overlap(server: Server) -> Way:
    return rotated(server, 1)


def ticket_of_revoked_key(server: Server) -> Way:
    made = create(server, "read")
    given = ticket(server, made["secret"])
    return Way(f"ticket={given}", {}, lambda: ask(server, "DELETE", f"/keys/{made['id']}", bearer(ADMIN)))


def signed_in(server: Server) -> tuple[dict[str, Any], dict[str, str]]:
    """A new key, and the headers of somebody who signed in with it."""
    made = create(server, "read")
    answer = requests.post(f"{server.url}/session", json={"key": made["secret"]}, timeout=10)
    return made, {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], **OWN_PAGE}


def signed_out(server: Server) -> Way:
    _, headers = signed_in(server)
    return Way("", headers, lambda: ask(server, "DELETE", "/session", headers))


def session_ended_by_an_admin(server: Server) -> Way:
    made, headers = signed_in(server)
    who = f"a key (key {made['id']})"
    return Way("", headers, lambda: ask(server, "DELETE", f"/sessions?who={who}", bearer(ADMIN)))


def session_of_revoked_key(server: Server) -> Way:
    made, headers = signed_in(server)
    return Way("", headers, lambda: ask(server, "DELETE", f"/keys/{made['id']}", bearer(ADMIN)))


WAYS = [
    *(revoked, expired, rotated, rotated_with_overlap, ticket_of_revoked_key),
    *(signed_out, session_ended_by_an_admin, session_of_revoked_key),
]


def lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def plain(server: Server, query: str, headers: dict[str, str]) -> websocket.WebSocket:
    """A plain WebSocket that got its snapshot."""
    url = f"{websocket_url(server)}?{query}"
    live = websocket.create_connection(url, header=lines(headers), timeout=20, suppress_origin=True)
    assert json.loads(live.recv())["type"] == "snapshot"
    return live


def closing(live: websocket.WebSocket) -> tuple[int, str]:
    """Code and reason of the Close that comes after whatever else does; the connection is closed then."""
    opcode, data = None, b""
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, data = live.recv_data()
    live.shutdown()
    return struct.unpack("!H", data[:2])[0], data[2:].decode()


@pytest.mark.parametrize("make", WAYS)
def test_a_websocket_ends_with_what_opened_it_and_others_go_on(locked: Server, make: Callable[[Server], Way]) -> None:
    other = plain(locked, "", bearer(create(locked, "read")["secret"]))
    way = make(locked)
    live = plain(locked, way.query, way.headers)
    way.end()
    assert closing(live) == (NO_ACCESS, "The key or session of this connection is no longer valid.")
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        plain(locked, way.query, way.headers)
    assert refusal.value.status_code == 401
    other.send('{"type":"ping"}')
    while json.loads(other.recv())["type"] != "pong":
        pass
    other.close()


def test_a_rotation_with_an_overlap_keeps_what_the_new_secret_opened(locked: Server) -> None:
    way = rotated_with_overlap(locked)
    old = plain(locked, "", way.headers)
    new = plain(locked, "", bearer(way.end()["secret"]))
    assert closing(old)[0] == NO_ACCESS
    new.send('{"type":"ping"}')
    while json.loads(new.recv())["type"] != "pong":
        pass
    new.close()


def test_what_was_opened_without_a_key_ends_once_keys_are_required(start_server: StartServer) -> None:
    server = start_server()
    live = plain(server, "", {})
    server.post("/keys", {"name": "first", "scopes": ["admin"]})
    assert closing(live)[0] == NO_ACCESS


@pytest.mark.parametrize("make", [revoked, signed_out])
def test_a_socketio_session_gets_a_disconnect_and_then_ends(locked: Server, make: Callable[[Server], Way]) -> None:
    way = make(locked)
    host = f"127.0.0.1:{locked.port}"
    live = open_websocket(host, way.query, header=lines(way.headers))
    live.send("40")
    received: list[str] = []
    while not received or not received[-1].startswith('42["snapshot"'):
        received.append(live.recv())
    way.end()
    while "1" not in received:
        received.append(live.recv())
    assert received[-2:] == ["41", "1"], "a disconnect of Socket.IO, and a close of Engine.IO"
    closing(live)


@pytest.mark.parametrize("transports", TRANSPORTS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_socketio_client_is_disconnected_in_each_transport(locked: Server, kind: str, transports: str) -> None:
    # python-socketio does not send headers with each poll, and its WebSocket sends an origin, which the ticket lacks
    way = revoked(locked) if transports == "websocket" else ticket_of_revoked_key(locked)
    with client(kind, locked, transports, way.query, way.headers) as one:
        eventually(lambda: named(one, "snapshot"))
        way.end()
        eventually(lambda: named(one, "disconnect"))
        assert len(named(one, "connect")) == 1
    eventually(lambda: ask(locked, "GET", "/health", bearer(ADMIN))["stats"]["connected_clients"] == 0)


def test_a_polling_session_that_a_ticket_opened_ends_too(locked: Server) -> None:
    way = ticket_of_revoked_key(locked)
    url = f"{locked.url}/socket.io/?EIO=4&transport=polling&{way.query}"
    sid = json.loads(requests.get(url, timeout=10).text[1:])["sid"]
    way.end()

    def poll() -> bool:
        answer = requests.get(f"{url}&sid={sid}", timeout=40)
        return answer.status_code == 401

    eventually(poll)


def test_a_ticket_ends_with_the_key_that_asked_for_it(locked: Server) -> None:
    way = ticket_of_revoked_key(locked)
    way.end()
    answer = requests.get(f"{locked.url}/export/daily?{way.query}", timeout=10)
    assert answer.status_code == 401


def test_an_export_breaks_off_when_its_key_is_revoked(locked: Server) -> None:
    way = revoked(locked)
    for _ in range(4):
        ask(locked, "POST", "/events", bearer(ADMIN), [EVENT] * 1_000)
    with no_traceback(locked), socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.connect(("127.0.0.1", locked.port))
        reader.sendall(head(locked, "/export/events", *lines(way.headers), method="GET"))
        received = reader.recv(15)
        assert received == b"HTTP/1.1 200 OK"
        later = plain(locked, "", way.headers)  # ends in the same check as the export, after it
        way.end()
        assert closing(later)[0] == NO_ACCESS
        with contextlib.suppress(ConnectionResetError):
            while part := reader.recv(1 << 20):
                received += part
    assert b"Transfer-Encoding: chunked" in received
    assert not received.endswith(b"0\r\n\r\n"), "it must not look whole"
    whole = requests.get(f"{locked.url}/export/events", headers=bearer(ADMIN), timeout=30).content
    assert len(received) < len(whole)


def test_a_client_that_receives_nothing_is_cut_off_with_its_key(start_server: StartServer) -> None:
    server = start_server({**LOCKED, "ANALYTICS_CLIENT_TIMEOUT": "600"})
    way = revoked(server)
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.connect(("127.0.0.1", server.port))
        silent.sendall(head(server, "/ws/dashboard", *lines(way.headers), *HANDSHAKE, method="GET"))
        assert silent.recv(12) == b"HTTP/1.1 101"
        for _ in range(4):
            ask(server, "POST", "/events", bearer(ADMIN), [EVENT] * 500)
        eventually(lambda: "analytics_live_outbox_clients 1" in metrics(server))
        way.end()
        eventually(lambda: "analytics_live_outbox_clients 0" in metrics(server))


def metrics(server: Server) -> str:
    return requests.get(f"{server.url}/metrics", headers=bearer(ADMIN), timeout=10).text
