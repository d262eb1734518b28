"""X-Forwarded-* headers: they are ignored without trust, however the service is started."""

import re

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.test_running import start_wrongly
from tests.edge.wire import check_problem, exchange, head
from tests.server import APP, GUNICORN, Server

CLAIMS = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil",
}
HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
each_start = pytest.mark.parametrize("command", [GUNICORN, APP], ids=["gunicorn", "app.py"])


def docs(server: Server, **headers: str) -> str:
    return requests.get(f"{server.url}/docs", headers=headers, timeout=10).text


def claimed(server: Server, origin: str) -> object:
    """The answer to a WebSocket handshake from `origin` with forged X-Forwarded-* headers."""
    lines = [*HANDSHAKE, f"Origin: {origin}", *(f"{name}: {value}" for name, value in CLAIMS.items())]
    return exchange(server, head(server, "/ws/dashboard", *lines, method="GET"))


@each_start
@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8,2001:db8::1"])
def test_forged_headers_of_a_peer_that_is_not_trusted_are_ignored(
    start_server: StartServer, command: tuple[str, ...], trusted: str
) -> None:
    settings = {"ANALYTICS_CORS_ORIGINS": "https://shop.example", "ANALYTICS_TRUSTED_PROXIES": trusted}
    server = start_server({**settings, "LOG_LEVEL": "DEBUG", "FORWARDED_ALLOW_IPS": "*"}, command)
    text = docs(server, **CLAIMS)
    assert f"curl &#34;{server.url}/" in text or f'curl "{server.url}/' in text
    assert "evil" not in text
    assert "https://127.0.0.1" not in text
    assert requests.get(f"{server.url}/evil/health", headers=CLAIMS, timeout=10).status_code == 404
    for origin in ("https://evil.example", "http://evil.example"):
        check_problem(claimed(server, origin), 403, "origin_not_allowed")
    assert "203.0.113.7" not in server.log()


@each_start
def test_headers_of_a_trusted_peer_are_applied(start_server: StartServer, command: tuple[str, ...]) -> None:
    settings = {"ANALYTICS_CORS_ORIGINS": "https://shop.example", "ANALYTICS_TRUSTED_PROXIES": "127.0.0.1"}
    server = start_server({**settings, "LOG_LEVEL": "DEBUG"}, command)
    assert "https://evil.example/evil/events" in docs(server, **CLAIMS)
    assert requests.get(f"{server.url}/evil/health", headers=CLAIMS, timeout=10).status_code == 200
    check_problem(claimed(server, "http://evil.example"), 403, "origin_not_allowed")
    answer = claimed(server, "https://evil.example")
    assert getattr(answer, "status", None) == 101
    assert '"client": "203.0.113.7"' in server.log()


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO"])
@pytest.mark.parametrize("value", ["/elsewhere", "/health"])
def test_no_header_changes_the_paths_of_the_service(shared_server: Server, name: str, value: str) -> None:
    assert requests.get(f"{shared_server.url}/health", headers={name: value}, timeout=10).status_code == 200


def test_contradictory_headers_do_not_fail_a_request(shared_server: Server) -> None:
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Ssl": "on"}
    assert requests.get(f"{shared_server.url}/health", headers=headers, timeout=10).status_code == 200


@each_start
def test_an_unusable_base_path_prevents_the_start_with_one_line(command: tuple[str, ...]) -> None:
    status, output = start_wrongly(command, {"ANALYTICS_BASE_PATH": "/export"})
    assert status != 0
    assert len(re.findall(r"ANALYTICS_BASE_PATH='/export' is not allowed: /export/\w+ would", output)) == 1
    assert "Traceback" not in output
