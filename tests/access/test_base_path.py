"""Base paths: every route works with and without the prefix, and the prefix is never part of a name."""

import logging
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder, TestResponse

from analytics.access.base_path import BasePath
from analytics.config import Settings
from analytics.errors import SettingError
from analytics.factory import create_app
from tests.cases import check_each
from tests.fakes import FakeClock

PREFIXES = ("/stats", "/analytics", "/ops/live", "/stats/live", "/services")
EVENT = {"type": "purchase", "service": "checkout"}
GETS = (
    "/",
    "/docs",
    "/openapi.json",
    "/assets/main.js",
    "/sdk/analytics.js",
    "/sdk/analytics.d.ts",
    "/events",
    "/metrics",
    "/dashboard",
    "/services",
    "/services/checkout/metrics",
    "/series?name=requests",
    "/summary?step=60",
    "/stats",
    "/stats/hourly",
    "/stats/daily?days=3",
    "/export/events?format=csv",
    "/health",
    "/health/live",
    "/socket.io/?EIO=4&transport=polling",
)
SEGMENT = st.text("abst/._-", max_size=6)


def client(base_path: str = "", **settings: Any) -> FlaskClient:
    return create_app(Settings(data_dir="", base_path=base_path, **settings), FakeClock()).test_client()


@pytest.fixture(scope="module", params=PREFIXES)
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def configured(prefix: str) -> FlaskClient:
    """A service whose setting is the base path."""
    visitor = client(prefix)
    assert visitor.post("/events", json=EVENT).status_code == 201
    return visitor


@pytest.fixture(scope="module")
def forwarded(prefix: str) -> FlaskClient:
    """A service that gets its base path from a trusted proxy."""
    visitor = client(trusted_proxies=("127.0.0.1",))
    visitor.environ_base["HTTP_X_FORWARDED_PREFIX"] = prefix
    assert visitor.post("/events", json=EVENT).status_code == 201
    return visitor


@pytest.fixture(scope="module")
def expected() -> dict[str, TestResponse]:
    """What a service without a base path answers to each of `GETS`."""
    plain = client()
    assert plain.post("/events", json=EVENT).status_code == 201
    return {path: plain.get(path) for path in GETS}


@pytest.mark.parametrize("way", ["configured", "forwarded"])
def test_each_path_is_served_with_and_without_the_prefix(
    request: pytest.FixtureRequest, prefix: str, way: str, expected: dict[str, TestResponse]
) -> None:
    visitor: FlaskClient = request.getfixturevalue(way)

    def check(path: str) -> None:
        for requested in (path, prefix + path):
            answer = visitor.get(requested)
            assert (answer.status_code, answer.content_type) == (200, expected[path].content_type), requested
            if path in ("/", "/assets/main.js", "/sdk/analytics.js"):
                assert answer.data == expected[path].data

    check_each(GETS, check)


def test_writes_are_counted_once_with_and_without_the_prefix(configured: FlaskClient, prefix: str) -> None:
    event = {**EVENT, "id": f"order of {prefix}"}
    assert configured.post(f"{prefix}/events", json=event).status_code == 201
    assert configured.post("/events", json=event).status_code == 200
    assert configured.post(f"{prefix}/metrics", json={"name": "queue", "value": 3}).status_code == 201
    assert configured.post(f"{prefix}/heartbeat", json={"service": "a", "status": "healthy"}).status_code == 200


@pytest.mark.parametrize("way", ["configured", "forwarded"])
def test_a_browser_at_the_prefix_is_redirected_to_the_slash(
    request: pytest.FixtureRequest, prefix: str, way: str
) -> None:
    visitor: FlaskClient = request.getfixturevalue(way)
    answer = visitor.get(f"{prefix}?range=24h&service=a%20b", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{prefix}/?range=24h&service=a%20b")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = visitor.get(answer.headers["Location"])
    assert page.content_type == "text/html; charset=utf-8"


def test_programs_are_redirected_too_if_the_prefix_is_not_a_route() -> None:
    visitor = client("/analytics")
    for accept in ("*/*", "application/json", ""):
        answer = visitor.get("/analytics", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Location"]) == (307, "/analytics/")


def test_programs_get_the_route_that_equals_the_prefix() -> None:
    visitor = client("/stats")
    for accept in ("*/*", "application/json", ""):
        answer = visitor.get("/stats", headers={"Accept": accept})
        assert answer.status_code == 200
        again = visitor.get("/stats/stats")
        assert answer.json is not None
        assert again.json is not None
        assert {**answer.json, "memory_bytes": 0} == {**again.json, "memory_bytes": 0}
    both = client("/events")
    assert both.post("/events", json=EVENT, headers={"Accept": "text/html"}).status_code == 201
    assert both.post("/events/events", json=EVENT).status_code == 201


def test_a_path_that_only_begins_like_the_prefix_is_not_found() -> None:
    for path in ("/analyticsx", "/analyticsx/events", "/analytics.", "/analytic", "/ANALYTICS/events"):
        assert client("/analytics").get(path).status_code == 404, path


def test_an_unknown_path_is_reported_as_requested() -> None:
    for path in ("/analytics/nothing", "/nothing"):
        answer = client("/analytics").get(path)
        assert answer.status_code == 404
        assert answer.json is not None
        assert answer.json["error"]["message"] == "No such path: /analytics/nothing."


def test_openapi_and_docs_contain_the_base_path() -> None:
    visitor = client("/ops/live", trusted_proxies=("127.0.0.1",))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example:8443"}
    for path in ("/openapi.json", "/ops/live/openapi.json"):
        document = visitor.get(path, headers=headers).json
        assert document is not None
        assert document["servers"] == [{"url": "/ops/live"}]
    text = visitor.get("/ops/live/docs", headers=headers).text
    assert "curl -X POST https://shop.example:8443/ops/live/events" in text
    assert 'href="openapi.json"' in text
    other = visitor.get("/docs", headers={**headers, "X-Forwarded-Prefix": "/inner"}).text
    assert "curl -X POST https://shop.example:8443/inner/events" in other, "the proxy's prefix takes precedence"


def test_docs_with_a_slash_lead_to_docs_whose_links_are_relative() -> None:
    answer = client("/stats").get("/stats/docs/")
    assert (answer.status_code, answer.headers["Location"]) == (307, "../docs")
    assert client().get("/docs/").headers["Location"] == "../docs"


def test_forwarded_headers_are_ignored_by_default() -> None:
    visitor = client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    text = visitor.get("/docs", headers=headers).text
    assert "evil" not in text
    assert "https://localhost" not in text
    assert visitor.get("/evil/health", headers=headers).status_code == 404


def test_the_access_log_contains_client_and_path(caplog: pytest.LogCaptureFixture) -> None:
    visitor = client("/stats", trusted_proxies=("127.0.0.1",))
    with caplog.at_level(logging.INFO, "analytics.access"):
        visitor.get("/stats/health", headers={"X-Forwarded-For": "203.0.113.7"})
    (line,) = caplog.records
    assert (line.__dict__["client"], line.__dict__["path"]) == ("203.0.113.7", "/stats/health")


@pytest.mark.parametrize("path", ["/export", "/socket.io"])
def test_a_base_path_that_makes_routes_ambiguous_is_refused(path: str) -> None:
    with pytest.raises(SettingError, match=re.escape(f"ANALYTICS_BASE_PATH='{path}' is not allowed: {path}/")):
        client(path)


def mounted(prefix: str, path: str) -> tuple[str, str]:
    """SCRIPT_NAME and PATH_INFO of a request for `path`, as the application gets them."""
    environ = {**EnvironBuilder().get_environ(), "PATH_INFO": path}
    BasePath(prefix, Map([Rule("/"), Rule("/own")]))(environ)
    return environ["SCRIPT_NAME"], environ["PATH_INFO"]


@given(st.lists(st.text("abst", min_size=1, max_size=3), min_size=1, max_size=2), SEGMENT)
def test_a_prefix_is_removed_in_whole_segments_and_once(segments: list[str], more: str) -> None:
    prefix = "".join(f"/{segment}" for segment in segments)
    for path in (f"{prefix}/{more}", prefix):
        assert mounted(prefix, path) == (prefix, path[len(prefix) :])
    assert mounted(prefix, f"{prefix}x{more}") == (prefix, f"{prefix}x{more}")
    assert mounted(prefix, f"{prefix}{prefix}") == (prefix, prefix)


@given(st.text("/absxt", max_size=12).map(lambda path: f"/{path}"))
def test_any_path_stays_unchanged_or_loses_the_prefix(path: str) -> None:
    script, rest = mounted("/s/t", path)
    assert script == "/s/t"
    assert rest == (path[4:] if path == "/s/t" or path.startswith("/s/t/") else path)
