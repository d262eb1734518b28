"""Security headers for browsers: on every answer of every route, also on refusals and errors."""

import re
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app

from analytics.api.application import Application
from analytics.api.refusals import refusal
from analytics.config import Settings
from analytics.factory import create_app
from tests.access.test_chain import WAYS, Way, environ_of, path_to, refuse
from tests.cases import check_each
from tests.fakes import FakeClock

DATA = "default-src 'none'; frame-ancestors 'none'"
OF_ALL = ("content-security-policy", "x-content-type-options")
OF_PAGES = ("permissions-policy", "referrer-policy")
PAGES = ("/", "/docs", "/explore", "/alerting", "/failing", "/logging", "/tracing")
ACT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""The policy of a page with buttons."""
FORM = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The policy of a page with a form."""
PAGE_OF_ANOTHER = {"HTTP_ORIGIN": "https://evil.example"}
PORTALS = ("https://portal.example", "http://intranet:8080")


def check(headers: Any, policy: str = DATA) -> None:
    """Check the headers of an answer; one with another policy than `DATA` is a page."""
    named = [(name.lower(), value) for name, value in headers.items()]
    found = dict(named)
    assert [[name for name, _ in named].count(each) for each in OF_ALL] == [1, 1]
    assert found["content-security-policy"] == policy
    assert found["x-content-type-options"] == "nosniff"
    if policy == DATA:
        return
    assert [[name for name, _ in named].count(each) for each in OF_PAGES] == [1, 1]
    assert found["referrer-policy"] == "no-referrer"
    features = found["permissions-policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(features)
    assert all(re.fullmatch(r"[a-z-]+=\(\)", feature) for feature in features)


def check_origins(headers: Any) -> None:
    """Check that an answer readable by all origins allows no credentials."""
    assert not (headers.get("Access-Control-Allow-Origin") == "*" and "Access-Control-Allow-Credentials" in headers)


@pytest.fixture(scope="module")
def app() -> Application:
    return create_app(Settings(data_dir=""), FakeClock())


@pytest.fixture(scope="module")
def refusing() -> Application:
    return create_app(Settings(data_dir=""), FakeClock(), refuse)


@pytest.fixture(scope="module")
def with_allowed_origin() -> Application:
    return create_app(Settings(data_dir="", cors_origins=("https://shop.example",)), FakeClock())


def test_each_answer_of_each_route_has_security_headers(app: Application, refusing: Application) -> None:
    def check_way(way: Way) -> None:
        path = path_to(way.rule)
        _, _, headers = run_wsgi_app(app, environ_of(way, path, **PAGE_OF_ANOTHER))
        check_origins(headers)
        if way.rule.rule in PAGES and way.method in ("GET", "HEAD"):
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; ")
            assert policy.endswith("; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
            assert "unsafe" not in policy
            check(headers, policy)
        elif way.rule.rule == "/act/<id>" and headers["Content-Security-Policy"] != DATA:
            check(headers, ACT)
        elif way.rule.rule == "/act/<id>/silence" and headers["Content-Security-Policy"] != DATA:
            check(headers, FORM)
        else:
            check(headers)
        check(run_wsgi_app(refusing, environ_of(way, path))[2])

    check_each(WAYS, check_way)


def test_no_route_lets_another_origin_read_it_or_use_credentials(with_allowed_origin: Application) -> None:
    def check_way(way: Way) -> None:
        _, _, headers = run_wsgi_app(with_allowed_origin, environ_of(way, path_to(way.rule), **PAGE_OF_ANOTHER))
        assert "Access-Control-Allow-Origin" not in headers
        assert "Access-Control-Allow-Credentials" not in headers
        assert "Origin" in headers.getlist("Vary")

    check_each(WAYS, check_way)


def test_answers_outside_of_routes_have_security_headers(app: Application) -> None:
    client = app.test_client()
    check(client.get("/nothing").headers)
    check(client.get("/", environ_overrides={"PATH_INFO": ""}).headers)  # redirects
    check(client.get("/docs/").headers)


def test_an_internal_error_has_security_headers() -> None:
    def fail(environ: object) -> None:
        raise RuntimeError("out of luck")

    check(create_app(Settings(data_dir=""), FakeClock(), fail).test_client().get("/").headers)


def test_an_error_answer_of_gunicorn_has_security_headers() -> None:
    head, _, body = refusal(400, "Bad Request", "no").partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    check(headers)
    assert status == "HTTP/1.1 400 Bad Request"
    assert headers["Content-Length"] == str(len(body))
    assert headers["Connection"] == "close"


@pytest.mark.parametrize("path", PAGES)
def test_allowed_origins_may_embed_pages_and_nothing_else(path: str) -> None:
    client = create_app(Settings(data_dir="", frame_ancestors=PORTALS), FakeClock()).test_client()
    policy = client.get(path).headers["Content-Security-Policy"]
    assert policy.endswith("; frame-ancestors https://portal.example http://intranet:8080")
    check(client.get(path).headers, policy)
    check(client.get("/stats").headers)
    check(client.get("/assets/main.js").headers)
