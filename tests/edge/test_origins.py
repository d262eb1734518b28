"""Origins of live connections: one rule for the WebSocket, Socket.IO and CORS."""

from collections.abc import Callable, Iterator

import pytest
import requests

from tests.edge.socketio_clients import KINDS, TRANSPORTS, client, named
from tests.edge.socketio_raw import PLAIN_TEXT, Session, open_websocket
from tests.edge.wire import Answer, check_problem, exchange, head
from tests.server import Server

LISTED = ("https://shop.example", "http://admin.example:8080")
STRANGERS = (
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:444",
    "https://shop.example.evil.example",
    "https://shop.example,http://admin.example:8080",
    "https://SHOP.example/",
    "null",
    "",
    "*",
)
POLLING = "/socket.io/?EIO=4&transport=polling"
HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that allows two origins."""
    log = tmp_path_factory.mktemp("origins") / "server.log"
    with Server(log, {"ANALYTICS_CORS_ORIGINS": ",".join(LISTED)}) as one:
        yield one


def own(server: Server) -> tuple[str, str]:
    """The origins of the service's own pages, behind a proxy that speaks TLS too."""
    return f"http://127.0.0.1:{server.port}", f"https://127.0.0.1:{server.port}"


def shake(server: Server, path: str, origin: str | None) -> Answer:
    """The answer to a WebSocket handshake."""
    lines = HANDSHAKE if origin is None else (*HANDSHAKE, f"Origin: {origin}")
    return exchange(server, head(server, path, *lines, method="GET"))


def plain(server: Server, origin: str | None) -> Answer:
    return shake(server, "/ws/dashboard", origin)


def direct(server: Server, origin: str | None) -> Answer:
    return shake(server, "/socket.io/?EIO=4&transport=websocket", origin)


def slashes(server: Server, origin: str | None) -> Answer:
    return shake(server, "//ws/dashboard", origin)


def direct_slashes(server: Server, origin: str | None) -> Answer:
    return shake(server, "///socket.io/?EIO=4&transport=websocket", origin)


def encoded(server: Server, origin: str | None) -> Answer:
    return shake(server, "/%73ocket.io/?EIO=4&transport=websocket", origin)


def upgrade(server: Server, origin: str | None) -> Answer:
    with Session(server) as session:
        return shake(server, f"/socket.io/?EIO=4&transport=websocket&sid={session.sid}", origin)


def opening(server: Server, origin: str | None) -> requests.Response:
    return ask("GET", server.url + POLLING, origin)


def poll(server: Server, origin: str | None) -> requests.Response:
    with Session(server) as session:
        return ask("GET", session.url, origin)


def post(server: Server, origin: str | None) -> requests.Response:
    with Session(server) as session:
        return ask("POST", session.url, origin, b"3")


def ask(method: str, url: str, origin: str | None, body: bytes | None = None) -> requests.Response:
    headers = {**PLAIN_TEXT, "Connection": "close", **({} if origin is None else {"Origin": origin})}
    return requests.request(method, url, data=body, headers=headers, timeout=10)


WAYS: dict[str, tuple[int, Callable[[Server, str | None], Answer | requests.Response]]] = {
    "plain WebSocket": (101, plain),
    "plain WebSocket, more slashes": (101, slashes),
    "Socket.IO WebSocket, more slashes": (101, direct_slashes),
    "Socket.IO WebSocket": (101, direct),
    "Socket.IO WebSocket, path encoded": (101, encoded),
    "Socket.IO upgrade": (101, upgrade),
    "Socket.IO opening": (200, opening),
    "Socket.IO poll": (200, poll),
    "Socket.IO post": (200, post),
}
each_way = pytest.mark.parametrize("way", WAYS)


def status_of(answer: Answer | requests.Response) -> int:
    return answer.status if isinstance(answer, Answer) else answer.status_code


@each_way
def test_other_origins_get_403_in_the_usual_format(server: Server, way: str) -> None:
    _, go = WAYS[way]
    for origin in STRANGERS:
        answer = go(server, origin)
        check_problem(answer, 403, "origin_not_allowed")
        headers = {name.lower(): value for name, value in dict(answer.headers).items()}
        assert "access-control-allow-origin" not in headers


@each_way
def test_listed_origins_own_pages_and_clients_without_origin_connect(server: Server, way: str) -> None:
    status, go = WAYS[way]
    for origin in (*LISTED, *own(server), None):
        answer = go(server, origin)
        assert status_of(answer) == status, origin
        headers = {name.lower(): value for name, value in dict(answer.headers).items()}
        if status == 200:
            assert headers.get("access-control-allow-origin") == (origin if origin in LISTED else None)
            assert "Origin" in headers["vary"]


@each_way
def test_by_default_every_origin_connects(shared_server: Server, way: str) -> None:
    status, go = WAYS[way]
    for origin in ("https://evil.example", "null", None):
        answer = go(shared_server, origin)
        assert status_of(answer) == status, origin
        if isinstance(answer, requests.Response):
            assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_refusal_names_both_addresses_and_the_remedy(server: Server) -> None:
    message = plain(server, STRANGERS[0]).json()["error"]["message"]
    for part in (STRANGERS[0], f"127.0.0.1:{server.port}", "ANALYTICS_CORS_ORIGINS", "Host header with its port"):
        assert part in message


def test_a_refused_handshake_opens_nothing(server: Server) -> None:
    for origin in STRANGERS:
        plain(server, origin)
        direct(server, origin)
    assert server.get("/health")["stats"]["connected_clients"] == 0
    assert server.get("/dashboard", headers={"Origin": STRANGERS[0]})["realtime_stats"]["active_connections"] == 0


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_the_npm_client_is_allowed_or_refused_by_the_same_rule(server: Server, transports: str) -> None:
    with client("npm", server, transports, headers={"Origin": LISTED[0]}) as one:
        assert named(one, "connect")
    with client("npm", server, transports, headers={"Origin": STRANGERS[0]}) as one:
        assert named(one, "connect_error")
        assert not named(one, "connect")


def test_the_python_client_is_a_client_of_the_same_origin(server: Server) -> None:
    for transports in TRANSPORTS:
        with client(KINDS[1], server, transports) as one:
            assert named(one, "connect")


def test_another_origin_cannot_use_an_existing_session(server: Server) -> None:
    with Session(server) as session:
        check_problem(ask("POST", session.url, STRANGERS[0], b'420["subscribe",{"events":"none"}]'), 403)
        assert not any(packet.startswith("430") for packet in session.until('42["dashboard_update"'))
    live = open_websocket(f"127.0.0.1:{server.port}", origin=LISTED[1])
    assert live.recv().startswith("0{")
    live.shutdown()
