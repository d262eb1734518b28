"""Traces of requests (W3C Trace Context): in events, in spans of the decorator, and in headers for other services."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask import Flask

from analytics.sdk.flask import FlaskAnalytics
from analytics.sdk.tracing import Trace, current, parse, traceparent, within
from analytics.sdk.wsgi import Middleware
from tests.sdk.conftest import MakeClient
from tests.sdk.test_wsgi import OK, call, reported
from tests.sdk.unruly import Unruly

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def test_a_valid_header_is_a_trace() -> None:
    assert parse(HEADER) == Trace(TRACE, SPAN, "01")
    assert parse(f"cc-{TRACE}-{SPAN}-00-later") == Trace(TRACE, SPAN, "00")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_other_headers_are_ignored(header: str | None) -> None:
    assert parse(header) is None


def test_the_event_of_a_request_carries_its_trace(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    seen: list[str | None] = []

    def app(environ: Any, start: Any) -> Iterable[bytes]:
        seen.append(traceparent())
        start("200 OK", OK)
        return [b"hello"]

    def stream(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", OK)
        seen.append(traceparent())
        yield b"hello"
        seen.append(traceparent())

    for each in (app, stream):
        assert call(Middleware(each, client), HTTP_TRACEPARENT=HEADER) == ("200 OK", b"hello")
    call(Middleware(app, client))
    assert seen == [HEADER, HEADER, HEADER, None]
    assert current() is None
    ids = [(event["data"].get("trace_id"), event["data"].get("span_id")) for event in reported(client, service)]
    assert ids == [(TRACE, SPAN), (TRACE, SPAN), (None, None)]


def test_a_request_that_fails_carries_its_trace(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    def fails(environ: Any, start: Any) -> Iterable[bytes]:
        raise LookupError

    with pytest.raises(LookupError):
        call(Middleware(fails, client), HTTP_TRACEPARENT=HEADER)
    (event,) = reported(client, service)
    assert (event["data"]["trace_id"], event["data"]["error"]) == (TRACE, "LookupError")
    assert current() is None


def test_the_flask_extension_passes_the_trace_on(service: Unruly, make_client: MakeClient) -> None:
    client, app = make_client(), Flask("shop")
    app.add_url_rule("/", view_func=lambda: traceparent() or "")
    FlaskAnalytics(app, client)
    assert app.test_client().get("/", headers={"traceparent": HEADER}, buffered=True).text == HEADER
    (event,) = reported(client, service)
    assert (event["data"]["endpoint"], event["data"]["trace_id"]) == ("/", TRACE)


def spans(service: Unruly) -> dict[str, dict[str, Any]]:
    return {span["name"]: span for span in service.spans}


def test_the_decorator_makes_spans_if_asked(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()

    @client.track_performance(name="inner", tags={"shard": 3}, span=True)
    def inner() -> None:
        raise LookupError

    @client.track_performance(span=True)
    def outer() -> None:
        with pytest.raises(LookupError):
            inner()

    with within(parse(HEADER)):
        outer()
    assert client.flush(10)
    found = spans(service)
    assert found["outer"]["trace_id"] == found["inner"]["trace_id"] == TRACE
    assert found["outer"]["parent_id"] == SPAN
    assert found["inner"]["parent_id"] == found["outer"]["span_id"]
    assert (found["inner"]["status"], found["inner"]["status_message"]) == ("error", "LookupError")
    assert found["inner"]["attributes"] == {"shard": 3}
    assert "status_message" not in found["outer"]
    assert 0 <= found["inner"]["end"] - found["inner"]["start"] <= found["outer"]["end"] - found["outer"]["start"]


def test_a_span_outside_a_trace_begins_one(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.track_performance(name="job", span=True)(lambda: None)()
    assert client.flush(10)
    job = spans(service)["job"]
    assert (len(job["trace_id"]), len(job["span_id"]), "parent_id" in job) == (32, 16, False)
