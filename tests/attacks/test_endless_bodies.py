"""Endless bodies: those of refused requests are not read, and reading one does not delay other clients."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from analytics.config import Settings
from analytics.factory import create_app
from tests.access.shapes import message_in
from tests.attacks.attacks import CHUNKED
from tests.attacks.beside import check_beside
from tests.edge.wire import check_problem, connect, head, read_answer
from tests.server import Server

APP = "tests.attacks.refusing:app"


def routes() -> Iterator[tuple[str, str]]:
    """Each method and path of the service, WebSockets included, and one that it does not have."""
    yield "POST", "/nowhere"
    for rule in create_app(Settings(data_dir="")).url_map.iter_rules():
        for method in sorted(rule.methods or {"GET"}):
            yield method, re.sub(r"<[^>]+>", "x", rule.rule)


def test_a_refused_request_is_answered_before_its_body_is_read(target: Server) -> None:
    with ExitStack() as stack:
        asked = {route: stack.enter_context(connect(target)) for route in set(routes())}
        for (method, path), connection in asked.items():
            connection.sendall(head(target, path, *CHUNKED, "X-Wrong: 1", method=method) + b"5\r\nhello\r\n")
        for (method, path), connection in asked.items():
            if method == "HEAD":
                assert connection.recv(12) == b"HTTP/1.1 403", path
            else:
                answer = read_answer(connection)
                assert answer.status == 403
                assert message_in(path, answer.headers, answer.body)
                assert connection.recv(1) == b"", "the connection is closed, since the end of the body is unknown"


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [("/events", CHUNKED[1:], 415), ("/nowhere", CHUNKED, 404), ("/health", CHUNKED, 405)],
)
def test_a_client_that_keeps_sending_gets_its_refusal(
    target: Server, path: str, lines: tuple[str, ...], status: int
) -> None:
    with connect(target) as connection:
        connection.sendall(head(target, path, *lines) + b"100000\r\n" + bytes(0x100000))
        check_problem(read_answer(connection), status)


@pytest.mark.parametrize(
    ("attack", "number"),
    [
        ("endless chunks", 4),
        ("endless chunks to no path", 4),
        ("chunks of one byte", 2),
        ("long chunk extensions", 4),
        ("endless trailers", 4),
        ("endless length", 4),
        ("endless requests", 4),
    ],
)
def test_endless_bodies_do_not_disturb_other_clients(target: Server, attack: str, number: int) -> None:
    check_beside(target, attack, number)
