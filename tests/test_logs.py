"""Lines of the log: JSON without the secrets of keys, tickets and sessions, from the service and from gunicorn."""

import json
import logging
import sys
from typing import Any

import pytest

from analytics.logs import logging_config
from tests.conftest import StartServer
from tests.edge.wire import exchange, head
from tests.server import Server

SECRET = "ak_5f0c2a9b3d18c2f0_" + 43 * "x"
ADMIN = "the-admin-key-of-these-tests"


def line(message: str, **fields: Any) -> str:
    """The line of a record with this message and these further fields."""
    formatter = logging_config("INFO")["formatters"]["json"]
    made = formatter.pop("()")(**formatter)
    record = logging.LogRecord("analytics", logging.INFO, "", 0, message, (), None)
    vars(record).update(fields)
    text: str = made.format(record)
    return text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"GET /heartbeat/shop?status=healthy&key={ADMIN}&x=1", "GET /heartbeat/shop?status=healthy&key=***&x=1"),
        ("GET /ws/dashboard?ticket=a+b%20c HTTP/1.1", "GET /ws/dashboard?ticket=*** HTTP/1.1"),
        (f"'Authorization Basic {ADMIN}'", "'Authorization Basic ***'"),
        (f"Authorization: Token {ADMIN}", "Authorization: Token ***"),
        (f"authorization: bearer {ADMIN}", "authorization: bearer ***"),
        (f"X-API-Key {ADMIN}, and more", "X-API-Key ***, and more"),
        (f"Cookie: a=b; analytics_session={ADMIN}; c=d", "Cookie: a=b; analytics_session=***; c=d"),
        (f"Cookie: analytics_attempt={ADMIN}; c=d", "Cookie: analytics_attempt=***; c=d"),
        ("GET /socket.io/?EIO=4&sid=abc_-1&t=2 HTTP/1.1", "GET /socket.io/?EIO=4&sid=***&t=2 HTTP/1.1"),
        ("GET /session/oidc/callback?code=a.b%20c&state=1", "GET /session/oidc/callback?code=***&state=1"),
        ("{'QUERY_STRING': 'ticket=abc&x=1'}", "{'QUERY_STRING': 'ticket=***&x=1'}"),
        (f"{{'HTTP_AUTHORIZATION': 'Bearer {ADMIN}', 'A': 1}}", "{'HTTP_AUTHORIZATION': 'Bearer ***', 'A': 1}"),
        (f"{{'HTTP_AUTHORIZATION': 'Basic {ADMIN}'}}", "{'HTTP_AUTHORIZATION': 'Basic ***'}"),
        (f"{{'HTTP_X_API_KEY': '{ADMIN}', 'A': 1}}", "{'HTTP_X_API_KEY': '***', 'A': 1}"),
        (f'{{"HTTP_X_API_KEY": "{ADMIN}", "A": 1}}', '{"HTTP_X_API_KEY": "***", "A": 1}'),
        (f"a secret alone: {SECRET}", "a secret alone: ak_5f0c2a9b3d18c2f0_***"),
        ("GET /events?monkey=1&api_key_id=2 key=3", "GET /events?monkey=1&api_key_id=2 key=3"),
    ],
)
def test_what_follows_the_name_of_a_secret_is_replaced(text: str, redacted: str) -> None:
    assert json.loads(line(text))["message"] == redacted
    assert json.loads(line("request", path=text))["path"] == redacted


def test_a_traceback_is_redacted_too() -> None:
    try:
        raise ValueError(f"cannot use {SECRET}")
    except ValueError:
        text = line("it failed", exc_info=sys.exc_info())
    assert "cannot use ak_5f0c2a9b3d18c2f0_***" in json.loads(text)["exc_info"]
    assert SECRET not in text


def requests_that_cannot_be_parsed(server: Server) -> list[bytes]:
    path, host = f"/heartbeat/shop?key={SECRET}", f"Host: 127.0.0.1:{server.port}"
    return [
        f"GET {path} HTTP/x.y\r\n{host}\r\n\r\n".encode(),
        f"GET {path}\r\n\r\n".encode(),
        f"G@T {path} HTTP/1.1\r\n{host}\r\n\r\n".encode(),
        head(server, path, f"Authorization Bearer {ADMIN}", method="GET"),
        head(server, path, f"X-API-Key {ADMIN}", method="GET"),
        head(server, path, f"Bad Name: Bearer {ADMIN}", method="GET"),
        head(server, path, "Transfer-Encoding: nonsense"),
    ]


def test_a_request_that_cannot_be_parsed_leaves_no_secret_in_the_log(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_ADMIN_KEY": ADMIN, "LOG_LEVEL": "DEBUG"})
    for request in requests_that_cannot_be_parsed(server):
        answer = exchange(server, request)
        assert answer.status >= 400
    log = server.log()
    assert log.count("Invalid request") >= 4
    assert "key=***" in log
    assert SECRET not in log
    assert ADMIN not in log
