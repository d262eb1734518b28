"""Request metrics: every answer is counted once, under a bounded set of labels."""

import json
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule
from werkzeug.test import run_wsgi_app

from analytics.access.access_log import STARTED
from analytics.access.chain import Chain
from analytics.access.identify import Identify
from analytics.access.request_metrics import OTHER, RequestMetrics
from analytics.answer import JSON
from analytics.api.application import Application
from analytics.config import Settings
from analytics.errors import AnalyticsError
from analytics.factory import create_app
from analytics.own_metrics.family import Histograms
from tests.access.test_chain import WAYS, Way, environ_of, path_to, refuse
from tests.cases import check_each
from tests.fakes import FakeClock
from tests.own_metrics.reading import figures

DURATION, REFUSALS = "http_request_duration_seconds", "http_refusals"
EVENT = {"type": "purchase", "service": "checkout"}
Figures = Callable[[], dict[tuple[str, ...], float]]


def metrics_of(app: Application) -> RequestMetrics:
    chain = app.wsgi_app
    assert isinstance(chain, Chain)
    (found,) = [step for step in chain.answer_steps if isinstance(step, RequestMetrics)]
    return found


def service(identify: Identify | None = None) -> tuple[FlaskClient, Figures]:
    app = create_app(Settings(data_dir=""), FakeClock(), identify)
    metrics = metrics_of(app)
    return app.test_client(), lambda: figures(metrics.families())


def test_requests_count_by_route_method_and_class_of_status() -> None:
    client, counted = service()
    for _ in range(2):
        client.post("/events", json=EVENT)
    client.post("/events", json=[EVENT])
    client.get("/events")
    client.get("/events?limit=no")
    client.delete("/events")
    client.get("/services/checkout/metrics")
    client.get("/services/a%2Fb/metrics")
    client.head("/", environ_overrides={"PATH_INFO": "//health"})
    assert counted() == {
        (DURATION, "/events", "POST", "2xx"): 3,
        (DURATION, "/events", "GET", "2xx"): 1,
        (DURATION, "/events", "GET", "4xx"): 1,
        (DURATION, "/events", "DELETE", "4xx"): 1,
        (DURATION, "/services/<name:service>/metrics", "GET", "2xx"): 1,
        (DURATION, "/services/<name:service>/metrics", "GET", "4xx"): 1,
        (DURATION, "/health", "HEAD", "2xx"): 1,
        (REFUSALS, "validation_failed"): 1,
        (REFUSALS, "method_not_allowed"): 1,
        (REFUSALS, "unknown_service"): 1,
    }


def test_unknown_paths_and_unknown_methods_share_a_label() -> None:
    client, counted = service()
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.open("/events", method=f"BREW{number}")
    assert counted() == {
        (DURATION, OTHER, "GET", "4xx"): 20,
        (DURATION, "/events", OTHER, "4xx"): 20,
        (REFUSALS, "not_found"): 20,
        (REFUSALS, "method_not_allowed"): 20,
    }


def test_each_route_is_measured_once() -> None:
    app = create_app(Settings(data_dir=""), FakeClock())
    metrics = metrics_of(app)

    def check(way: Way) -> None:
        before = figures(metrics.families())
        run_wsgi_app(app, environ_of(way, path_to(way.rule)))
        after = figures(metrics.families())
        measured = {key: count - before.get(key, 0) for key, count in after.items() if key[0] == DURATION}
        ((labels, count),) = [(key[1:], count) for key, count in measured.items() if count]
        assert count == 1
        assert labels[0] in (way.rule.rule, OTHER)

    check_each(WAYS, check)


def test_refusals_count_by_the_code_that_the_client_gets() -> None:
    client, counted = service()
    answers = [
        client.post("/events", data=b"{", content_type=JSON),
        client.post("/events", data=b"", content_type=JSON),
        client.post("/events", data=b"{}", content_type=JSON),
        client.post("/events", json=[{}]),
        client.post("/events", data=b"x", content_type="image/png"),
        client.post("/metrics", json={"name": "requests", "value": -1}),
        client.get("/series?name=nothing"),
    ]
    codes = [json.loads(answer.data)["error"]["code"] for answer in answers]
    refusals = {key[1]: count for key, count in counted().items() if key[0] == REFUSALS}
    assert refusals == {code: codes.count(code) for code in codes}
    assert len(refusals) == 7


def test_a_refusal_by_access_control_counts_too() -> None:
    client, counted = service(refuse)
    client.post("/events", json=EVENT)
    client.get("/services/checkout/metrics")
    assert counted() == {
        (DURATION, "/events", "POST", "4xx"): 1,
        (DURATION, OTHER, "GET", "4xx"): 1,
        (REFUSALS, "forbidden"): 2,
    }


def test_what_the_gate_refuses_counts_by_its_route() -> None:
    app = create_app(Settings(data_dir="", admin_key="the-admin-key-of-these-tests"), FakeClock())
    app.test_client().get("/services/checkout/metrics")
    app.test_client().get("/ws/dashboard", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    app.test_client().get("/nothing")
    assert figures(metrics_of(app).families()) == {
        (DURATION, "/services/<name:service>/metrics", "GET", "4xx"): 1,
        (DURATION, "/ws/dashboard", "GET", "4xx"): 1,
        (DURATION, OTHER, "GET", "4xx"): 1,
        (REFUSALS, "unauthorized"): 2,
        (REFUSALS, "not_found"): 1,
    }


def test_an_error_answer_without_a_code_counts_by_its_status() -> None:
    client, counted = service()
    client.application.extensions["analytics"].hub.draining = True
    assert client.get("/health/ready").status_code == 503
    assert counted()[REFUSALS, "service_unavailable"] == 1


def test_an_error_is_not_attributed_to_an_earlier_request() -> None:
    def fail(environ: object) -> None:
        if fails.pop():
            raise AnalyticsError("no")

    fails = [False, True]
    client, counted = service(fail)
    client.get("/health")
    client.get("/health")
    assert counted()[REFUSALS, "internal_error"] == 1


def test_the_end_of_a_websocket_is_not_counted_as_a_request() -> None:
    urls = Map([Rule("/live", websocket=True)])
    metrics = RequestMetrics(urls)
    (rule,) = urls.iter_rules()
    environ = {"PATH_INFO": "/live", "REQUEST_METHOD": "GET", STARTED: 0.0}
    matched = {**environ, "werkzeug.request": type("Request", (), {"url_rule": rule})}
    metrics(matched, "200 OK", [])
    assert figures(metrics.families()) == {}
    metrics(matched, "400 Bad Request", [])
    assert figures(metrics.families()) == {(DURATION, "/live", "GET", "4xx"): 1, (REFUSALS, "bad_request"): 1}


def test_the_duration_is_measured_from_the_start_of_the_request() -> None:
    metrics = RequestMetrics(Map())
    metrics({"PATH_INFO": "/", "REQUEST_METHOD": "GET", STARTED: -1e6}, "200 OK", [])
    (family,) = [each for each in metrics.families() if isinstance(each, Histograms)]
    (histogram,) = family.values.values()
    assert histogram.sum >= 1e6
    assert histogram.buckets()[-2][1] == 0
