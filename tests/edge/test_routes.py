"""Methods, paths and cross-origin headers."""

from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.wire import check_problem, counted, exchange, head
from tests.server import Server

READS = (
    "/dashboard",
    "/services",
    "/services/any/metrics",
    "/series",
    "/summary",
    "/stats",
    "/stats/cardinality",
    "/stats/hourly",
    "/stats/daily",
    "/export/events",
    "/export/daily",
    "/health",
    "/health/live",
    "/health/ready",
)
BOTH = ("/events", "/metrics")
ORIGIN = "https://shop.example"


def ask(server: Server, method: str, path: str, **headers: str) -> Any:
    named = {"Connection": "close", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.request(method, server.url + path, headers=named, timeout=10)


def listed(header: str) -> set[str]:
    return {part.strip() for part in header.split(",")}


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        *((path, method, {"GET"}) for path in READS for method in ("POST", "PUT", "DELETE", "PATCH")),
        *((path, method, {"GET", "POST"}) for path in BOTH for method in ("PUT", "DELETE", "PATCH", "TRACE", "BREW")),
        *(("/heartbeat", method, {"POST"}) for method in ("GET", "HEAD", "PUT", "DELETE")),
        ("/ws/dashboard", "POST", {"GET"}),
    ],
)
def test_a_wrong_method_is_a_405_with_the_allowed_methods(
    shared_server: Server, path: str, method: str, allowed: set[str]
) -> None:
    with counted(shared_server):
        answer = ask(shared_server, method, path, Content_Type="application/json")
    assert answer.status_code == 405
    assert listed(answer.headers["Allow"]) - {"HEAD", "OPTIONS"} == allowed
    if method != "HEAD":
        assert method in check_problem(answer, 405, "method_not_allowed")["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/events/1",
        "/service/a/metrics",
        "/services/a",
        "/services//metrics",
        "/stats/weekly",
        "/.git/config",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_a_404_in_json(shared_server: Server, path: str, method: str) -> None:
    with counted(shared_server):
        answer = exchange(shared_server, head(shared_server, path, "Connection: close", method=method))
    check_problem(answer, 404)


@pytest.mark.parametrize("path", ["/events", "/metrics", "/health", "/dashboard", "/stats"])
def test_head_is_answered_like_get_without_a_body(shared_server: Server, path: str) -> None:
    answer = ask(shared_server, "HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == ask(shared_server, "GET", path).headers["Content-Type"]
    assert int(answer.headers["Content-Length"]) > 0


def test_options_lists_the_allowed_methods(shared_server: Server) -> None:
    answer = ask(shared_server, "OPTIONS", "/events")
    assert answer.status_code in (200, 204)
    assert listed(answer.headers["Allow"]) >= {"GET", "POST", "OPTIONS"}


@pytest.mark.parametrize("path", ["/dashboard", "/services", "/stats", "/health", "/health/live", "/metrics"])
def test_unknown_query_parameters_are_refused_and_named(shared_server: Server, path: str) -> None:
    check_problem(ask(shared_server, "GET", f"{path}?limit=5"), 422, "validation_failed", "limit")


def test_a_request_without_a_websocket_handshake_gets_an_explanation(shared_server: Server) -> None:
    problem = check_problem(ask(shared_server, "GET", "/ws/dashboard"), 400)
    assert "websocket" in problem["message"].lower()


@pytest.mark.parametrize(
    "missing",
    ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Connection: Upgrade"],
)
def test_an_incomplete_websocket_handshake_is_a_400(shared_server: Server, missing: str) -> None:
    lines = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    lines.remove(missing)
    check_problem(exchange(shared_server, head(shared_server, "/ws/dashboard", *lines, method="GET")), 400)


# Cross-origin


def test_any_page_may_read_and_write_without_credentials(shared_server: Server) -> None:
    for answer in (
        ask(shared_server, "GET", "/dashboard", Origin=ORIGIN),
        ask(shared_server, "POST", "/events", Origin=ORIGIN),
        ask(shared_server, "GET", "/nothing", Origin=ORIGIN),
        ask(shared_server, "GET", "/health"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/events", "/metrics", "/heartbeat", "/dashboard"])
def test_a_preflight_allows_json_and_keys(shared_server: Server, path: str) -> None:
    answer = ask(
        shared_server,
        "OPTIONS",
        path,
        Origin=ORIGIN,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type,x-api-key,authorization",
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in listed(answer.headers["Access-Control-Allow-Methods"])
    allowed = {name.lower() for name in listed(answer.headers["Access-Control-Allow-Headers"])}
    assert {"content-type", "x-api-key", "authorization"} <= allowed
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_allows_conditional_changes_of_resources(shared_server: Server) -> None:
    answer = ask(
        shared_server,
        "OPTIONS",
        "/annotations/a",
        Origin=ORIGIN,
        Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="content-type,if-match,if-none-match",
    )
    assert {"PUT", "DELETE"} <= listed(answer.headers["Access-Control-Allow-Methods"])
    allowed = {name.lower() for name in listed(answer.headers["Access-Control-Allow-Headers"])}
    assert {"content-type", "if-match", "if-none-match"} <= allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers
    read = ask(shared_server, "GET", "/annotations", Origin=ORIGIN)
    assert listed(read.headers["Access-Control-Expose-Headers"]) == {"ETag"}


def test_only_listed_origins_are_allowed(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CORS_ORIGINS": "https://shop.example, http://admin.example:8080"})
    for origin, allowed in (
        (ORIGIN, True),
        ("http://admin.example:8080", True),
        ("https://admin.example:8080", False),
        ("https://shop.example.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("*", False),
    ):
        preflight = {"Access_Control_Request_Method": "POST"}
        for answer in (
            ask(server, "GET", "/health", Origin=origin),
            ask(server, "POST", "/events", Origin=origin),
            ask(server, "OPTIONS", "/events", Origin=origin, **preflight),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None), origin
            assert "origin" in answer.headers["Vary"].lower()
            assert "Access-Control-Allow-Credentials" not in answer.headers
        assert ("Access-Control-Allow-Methods" in answer.headers) is allowed, origin
        read = ask(server, "GET", "/annotations", Origin=origin)
        assert ("Access-Control-Expose-Headers" in read.headers) is allowed, origin
    assert "Access-Control-Allow-Origin" not in ask(server, "GET", "/health").headers
