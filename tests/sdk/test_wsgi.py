"""The WSGI middleware: reported requests, and unchanged behaviour of the application."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from analytics.sdk import AnalyticsClient
from analytics.sdk.wsgi import Middleware
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Unruly

Application = Callable[..., Iterable[bytes]]
OK = [("Content-Type", "text/plain")]


def call(app: Application, path: str = "/", **environ: Any) -> tuple[str, bytes]:
    """The status and body of a request, as a server gets them."""
    environ["PATH_INFO"] = path.encode().decode("latin-1")
    setup_testing_defaults(environ)
    statuses: list[str] = []

    def start(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _: None

    response = app(environ, start)
    try:
        body = b"".join(response)
    finally:
        close = getattr(response, "close", None)
        if close is not None:
            close()
    return statuses[-1], body


def reported(client: AnalyticsClient, service: Unruly) -> list[dict[str, Any]]:
    assert client.flush(10)
    return list(service.items.values())


def hello(environ: Any, start: Any) -> Iterable[bytes]:
    start("200 OK", OK)
    return [b"hello"]


def test_a_request_is_reported_by_its_template(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    app = validator(Middleware(validator(hello), client, user_id=lambda environ: environ["HTTP_X_USER"]))
    assert call(app, "/users/42", SCRIPT_NAME="/shop", HTTP_X_USER="user-1", QUERY_STRING="") == ("200 OK", b"hello")
    (event,) = reported(client, service)
    assert event["type"] == "request"
    assert event["user_id"] == "user-1"
    assert event["data"].pop("latency") >= 0
    assert event["data"] == {"endpoint": "/shop/users/<number>", "method": "GET", "status": 200}


def test_a_template_of_the_application_takes_precedence(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    app = Middleware(hello, client, lambda environ: "/a/:b" if environ["PATH_INFO"] == "/a/b" else None)
    call(app, "/a/b")
    call(app, "/größe/7")
    assert [event["data"]["endpoint"] for event in reported(client, service)] == ["/a/:b", "/größe/<number>"]


def test_a_stream_is_measured_until_its_end(service: Unruly, make_client: MakeClient) -> None:
    closed = []

    class Stream:
        def __iter__(self) -> Iterator[bytes]:
            for part in (b"a", b"b"):
                time.sleep(0.02)
                yield part

        def close(self) -> None:
            closed.append(True)

    def streams(environ: Any, start: Any) -> Iterable[bytes]:
        start("206 Partial Content", OK)
        return Stream()

    client = make_client()
    assert call(Middleware(streams, client)) == ("206 Partial Content", b"ab")
    (event,) = reported(client, service)
    assert event["data"]["latency"] >= 40
    assert event["data"]["status"] == 206
    assert closed == [True]


def test_a_status_set_with_the_first_chunk_is_reported(service: Unruly, make_client: MakeClient) -> None:
    def late(environ: Any, start: Any) -> Iterator[bytes]:
        start("404 Not Found", OK)
        yield b""

    client = make_client()
    call(Middleware(late, client))
    assert [event["data"]["status"] for event in reported(client, service)] == [404]


def fails_at_once(environ: Any, start: Any) -> Iterable[bytes]:
    raise LookupError("gone")


def fails_on_the_way(environ: Any, start: Any) -> Iterator[bytes]:
    start("200 OK", OK)
    yield b"a"
    raise LookupError("gone")


def test_a_websocket_is_not_reported_as_a_request(service: Unruly, make_client: MakeClient) -> None:
    def chats(environ: Any, start: Any) -> Iterable[bytes]:
        raise StopIteration  # as Flask-Sock signals gunicorn that the connection has ended

    client = make_client()
    with pytest.raises(StopIteration):
        call(Middleware(chats, client), HTTP_UPGRADE="WebSocket", HTTP_CONNECTION="Upgrade")
    assert reported(client, service) == []


@pytest.mark.parametrize("app", [fails_at_once, fails_on_the_way])
def test_an_exception_is_an_error_and_passes_through(
    service: Unruly, make_client: MakeClient, app: Application
) -> None:
    client = make_client()
    with pytest.raises(LookupError, match="gone"):
        call(Middleware(app, client))
    (event,) = reported(client, service)
    assert (event["data"]["status"], event["data"]["error"]) == (500, "LookupError")


def test_a_request_aborted_before_its_answer_is_an_error(service: Unruly, make_client: MakeClient) -> None:
    def runs_out_of_time(environ: Any, start: Any) -> Iterable[bytes]:
        raise SystemExit  # as gunicorn ends a slow worker; gevent's Timeout is not an Exception either

    client = make_client()
    with pytest.raises(SystemExit):
        call(Middleware(runs_out_of_time, client))
    (event,) = reported(client, service)
    assert (event["data"]["status"], event["data"]["error"]) == (500, "SystemExit")


def test_a_client_that_disconnects_early_is_not_an_error(service: Unruly, make_client: MakeClient) -> None:
    def endless(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", OK)
        while True:
            yield b"a"

    client = make_client()
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    response: Any = Middleware(endless, client)(environ, lambda *_: lambda _: None)
    assert next(response) == b"a"
    response.close()
    response.close()
    (event,) = reported(client, service)
    assert event["data"]["status"] == 200
    assert "error" not in event["data"]


def test_errors_of_the_middleware_do_not_affect_the_application(service: Unruly, make_client: MakeClient) -> None:
    def fails(environ: Any) -> str:
        raise LookupError

    def odd(environ: Any, start: Any) -> Iterable[bytes]:
        start("odd", OK)
        return (b"odd",)

    client = make_client()
    assert call(Middleware(hello, client, fails, fails), "/7") == ("200 OK", b"hello")
    assert call(Middleware(odd, client)) == ("odd", b"odd")
    client.track_request = fails  # type: ignore[method-assign, assignment]
    assert call(Middleware(hello, client)) == ("200 OK", b"hello")
    assert [event["data"]["endpoint"] for event in reported(client, service)] == ["/<number>"]
