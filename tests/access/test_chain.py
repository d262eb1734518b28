"""The middleware chain around the application: its order, and that no route bypasses it."""

from collections.abc import Callable
from io import RawIOBase
from typing import Any, NamedTuple
from wsgiref.types import WSGIEnvironment

import pytest
from werkzeug.routing import BuildError, Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from analytics.access.chain import Chain
from analytics.api.application import Application
from analytics.config import Settings
from analytics.errors import AnalyticsError
from analytics.factory import create_app
from analytics.scopes import MANAGEMENT
from tests.access.shapes import message_in
from tests.cases import check_each
from tests.fakes import FakeClock

REQUEST_STEPS = [
    "Yielding",
    "AccessLog.begin",
    "Proxies",
    "BasePath",
    "check_listener",
    "ReadyGate",
    "LiveOrigin",
    "Gate",
]
ANSWER_STEPS = ["BrowserHeaders", "CrossOrigin", "RequestMetrics", "AccessLog.end"]
ARGUMENTS = {"id": "deploy-1", "service": "checkout", "name": "main.js", "group": "shop", "label": "service"}
ARGUMENTS["trace_id"] = "a" * 32


class Way(NamedTuple):
    """One method of one route."""

    rule: Rule
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}{' (WebSocket)' if self.rule.websocket else ''}"


class Forbidden(AnalyticsError):
    """Raised by a step that refuses every request."""

    status = 403
    code = "forbidden"


class Unread(RawIOBase):
    """A request body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("the body was read")


def refuse(environ: WSGIEnvironment) -> None:
    raise Forbidden("Every request is refused.")


def app_with(identify: Callable[[WSGIEnvironment], None] | None = None) -> Application:
    return create_app(Settings(data_dir=""), FakeClock(), identify)


def ways() -> list[Way]:
    """Each method of each route of the service."""
    rules = app_with().url_map.iter_rules()
    return [Way(rule, method) for rule in rules for method in sorted({*(rule.methods or ("GET",)), "POST", "DELETE"})]


WAYS = ways()


def path_to(rule: Rule) -> str:
    """A path that matches `rule`."""
    built = rule.build({name: ARGUMENTS[name] for name in rule.arguments})
    if built is None:
        raise BuildError(rule.endpoint, {}, None)
    return str(built[1])


def environ_of(way: Way, path: str, **more: Any) -> dict[str, Any]:
    """The WSGI environ of a request."""
    environ: dict[str, Any] = EnvironBuilder(path, method=way.method).get_environ()
    if way.rule.websocket:
        environ.update(HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
    return {**environ, **more}


def name_of(step: Any) -> str:
    return getattr(step, "__qualname__", type(step).__name__)


class RecordedStep:
    """Wraps a step, and adds its name to a list when it is called."""

    def __init__(self, step: Any, passed: list[str]) -> None:
        self.step, self.passed = step, passed

    def __call__(self, *arguments: Any) -> None:
        self.passed.append(name_of(self.step))
        self.step(*arguments)


@pytest.fixture(scope="module")
def recorded() -> tuple[Application, list[str]]:
    """A service, and the names of the steps that its newest request has passed."""
    app, passed = app_with(), list[str]()
    chain = app.wsgi_app
    assert isinstance(chain, Chain)
    chain.request_steps = [RecordedStep(step, passed) for step in chain.request_steps]
    chain.answer_steps = [RecordedStep(step, passed) for step in chain.answer_steps]
    return app, passed


@pytest.fixture(scope="module")
def refusing() -> Application:
    """A service that refuses every request."""
    return app_with(refuse)


def test_the_steps_run_in_order() -> None:
    chain = app_with().wsgi_app
    assert isinstance(chain, Chain)
    assert list(map(name_of, chain.request_steps)) == REQUEST_STEPS
    assert list(map(name_of, chain.answer_steps)) == ANSWER_STEPS


def test_all_routes_of_the_service_are_tested() -> None:
    paths = {way.rule.rule for way in WAYS}
    assert {
        "/",
        "/events",
        "/heartbeat/<name:service>",
        "/openapi.json",
        "/assets/<path:name>",
        "/sdk/analytics.js",
    } <= paths
    assert {"/ws/dashboard", "/socket.io/"} <= {way.rule.rule for way in WAYS if way.rule.websocket}


def test_each_route_passes_each_step(recorded: tuple[Application, list[str]]) -> None:
    app, passed = recorded

    def check(way: Way) -> None:
        for path in (path_to(way.rule), "/" + path_to(way.rule)):
            passed.clear()
            _, status, headers = run_wsgi_app(app, environ_of(way, path_to(way.rule), PATH_INFO=path))
            assert not status.startswith("5")
            assert passed == REQUEST_STEPS + ANSWER_STEPS
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert (headers.get("Access-Control-Allow-Origin") == "*") != way.rule.rule[1:].startswith(MANAGEMENT)

    check_each(WAYS, check)


def test_a_refusal_stops_each_route_before_its_body_is_read(refusing: Application) -> None:
    def check(way: Way) -> None:
        environ = environ_of(way, path_to(way.rule), CONTENT_LENGTH="9", CONTENT_TYPE="application/json")
        body, status, headers = run_wsgi_app(refusing, {**environ, "wsgi.input": Unread()})
        assert status == "403 Forbidden"
        assert headers["X-Content-Type-Options"] == "nosniff"
        answered = b"".join(body)
        assert (b"Every request is refused." in answered) == (way.method != "HEAD")
        if answered:
            assert message_in(path_to(way.rule), headers, answered) == "Every request is refused."

    check_each(WAYS, check)


def test_identify_gets_client_and_path_as_the_service_sees_them() -> None:
    seen: list[WSGIEnvironment] = []
    settings = Settings(data_dir="", base_path="/analytics", trusted_proxies=("127.0.0.1",))
    visitor = create_app(settings, FakeClock(), seen.append).test_client()
    visitor.get("/analytics/health", headers={"X-Forwarded-For": "203.0.113.7"})
    (environ,) = seen
    assert (environ["REMOTE_ADDR"], environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (
        "203.0.113.7",
        "/analytics",
        "/health",
    )


def test_a_request_does_not_pass_a_step_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def fail(environ: WSGIEnvironment) -> None:
        raise RuntimeError("out of luck")

    answer = app_with(fail).test_client().get("/stats")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"]["code"] == "internal_error"
    assert "out of luck" in caplog.text
