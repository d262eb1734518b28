"""A shop whose page and services use the clients, in Chromium: errors, web vitals, and a trace from click to line."""

import logging
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import requests
from flask import Flask, Response, send_from_directory
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from analytics.sdk import AnalyticsClient
from analytics.sdk.flask import FlaskAnalytics
from analytics.sdk.logging import Handler
from analytics.sdk.tracing import traceparent
from tests.edge.wire import SPEC, cannot_test, eventually, unique
from tests.server import Server

VITALS = SPEC / "node_modules" / "web-vitals" / "dist"
PAGE = """<!doctype html>
<button id="buy" onclick="buy()">Buy</button>
<p>A shop</p>
<script src="{url}/sdk/analytics.classic.js"></script>
<script>
  const analytics = new AnalyticsClient({{ service: '{name}-page', flushMs: 10 }});
  {script}
</script>"""


class Shop(NamedTuple):
    """A running shop: its address, the name that its services begin with, and its client."""

    url: str
    name: str
    client: AnalyticsClient


@pytest.fixture
def shop(shared_server: Server, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop with the script of `request.param` in its page; to order something, it asks itself for the payment."""
    name = unique("shop")
    app, payment = Flask(f"{name}-orders"), Flask(f"{name}-payment")
    logger = logging.Logger(name)
    clients = [
        AnalyticsClient(shared_server.url, service=each.name, flush_seconds=0.01, jitter=lambda: 0.005)
        for each in (app, payment)
    ]
    logger.addHandler(Handler(clients[0]))

    @app.get("/")
    def page() -> str:
        return PAGE.format(url=shared_server.url, name=name, script=request.param)

    @app.get("/vitals/<path:file>")
    def vitals(file: str) -> Response:
        return send_from_directory(VITALS, file)

    @clients[0].track_performance(name="charge", span=True)
    def charge() -> None:
        logger.warning("the card is charged")
        headers = {"traceparent": traceparent() or ""}
        requests.post(f"{servers[1]}/charges", headers=headers, timeout=10).raise_for_status()

    @app.post("/orders")
    def order() -> str:
        charge()
        return "ordered"

    @payment.post("/charges")
    def pay() -> str:
        return "paid"

    servers = []
    running = []
    for each, client in zip((app, payment), clients, strict=True):
        FlaskAnalytics(each, client)
        server = make_server("127.0.0.1", 0, each, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        servers.append(f"http://localhost:{server.server_port}")
    yield Shop(servers[0], name, clients[0])
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
    for client in clients:
        client.close(5)


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(shop.url)
        yield page


def events(server: Server, service: str) -> list[Any]:
    """The events of a service, oldest first."""
    found: list[Any] = server.get("/events", params={"service": service})["events"]
    return found[::-1]


FAILING = """
  analytics.captureUnhandled();
  function charge(order) { throw new TypeError('no price of order ' + order); }
  for (const order of [7, 8]) try { charge(order); } catch (error) { analytics.captureError(error, { order }, 'ann'); }
  setTimeout(() => charge(9));
  Promise.reject(new RangeError('out of stock'));
"""


@pytest.mark.parametrize("shop", [FAILING], indirect=True, ids=[""])
def test_errors_that_are_captured_or_unhandled_are_grouped_by_type_and_place(
    shop: Shop, page: Page, shared_server: Server
) -> None:
    service = f"{shop.name}-page"
    found = eventually(lambda: len(each := events(shared_server, service)) == 4 and each)
    data = [(each["data"]["error"], each["data"]["message"], each["data"]["handled"]) for each in found]
    assert sorted(data) == [
        ("RangeError", "out of stock", False),
        ("TypeError", "no price of order 7", True),
        ("TypeError", "no price of order 8", True),
        ("TypeError", "no price of order 9", False),
    ]
    assert {each["user_id"] for each in found if each["data"]["handled"]} == {"ann"}
    assert {each["data"].get("origin") for each in found} == {None, "error", "unhandledrejection"}
    groups = shared_server.get("/errors", params={"service": service})["groups"]
    assert {(group["type"], group["message"], group["count"], group["users"]) for group in groups} == {
        ("RangeError", "out of stock", 1, 0),
        ("TypeError", "no price of order <_>", 3, 1),
    }
    assert f"charge ({shop.url}/" in {group["frame"] for group in groups}


TRACING = """
  analytics.traceFetch();
  const order = async () => (await fetch('/orders', { method: 'POST' })).text();
  const buy = async () => { document.body.dataset.outcome = await order(); };
"""


@pytest.mark.parametrize("shop", [TRACING], indirect=True, ids=[""])
def test_one_trace_leads_from_a_click_through_the_services_to_their_lines(
    shop: Shop, page: Page, shared_server: Server
) -> None:
    page.click("#buy")
    page.wait_for_function("document.body.dataset.outcome === 'ordered'")
    trace_id = page.evaluate("analytics.traceId")
    for name in ("orders", "payment"):
        (event,) = eventually(
            lambda name=name: [
                each for each in events(shared_server, f"{shop.name}-{name}") if each["data"]["method"] == "POST"
            ]
        )
        assert event["data"]["trace_id"] == trace_id, name
    (span,) = eventually(lambda: shared_server.get("/traces", params={"service": f"{shop.name}-orders"})["traces"])
    assert span["trace_id"] == trace_id
    (line,) = shared_server.get("/logs", params={"trace_id": trace_id})["lines"]
    (charge,) = shared_server.get(f"/traces/{trace_id}")["spans"]
    assert (line["body"], line["span_id"], charge["name"]) == ("the card is charged", charge["span_id"], "charge")
    assert charge["parent_id"], "the request of the page"


@pytest.mark.parametrize("shop", [TRACING], indirect=True, ids=[""])
def test_requests_to_other_origins_carry_no_trace(shop: Shop, page: Page, shared_server: Server) -> None:
    seen = list[tuple[str, str | None]]()
    page.on("request", lambda asked: seen.append((asked.url, asked.headers.get("traceparent"))))
    own, other = f"{shop.url}/", f"{shared_server.url}/health"
    page.evaluate("urls => Promise.all(urls.map((url) => fetch(url)))", [own, other])
    (to_own, to_other) = sorted(seen, key=lambda each: each[0] != own)
    assert (to_own[1] or "").startswith(f"00-{page.evaluate('analytics.traceId')}-")
    assert to_other == (other, None)


OBSERVED = """
  (asked) => new Promise((done) => {
    new PerformanceObserver(() => requestAnimationFrame(() => setTimeout(done))).observe({ ...asked, buffered: true });
  })
"""
"""Resolves when the browser has measured something of a kind."""

MEASURED = """
  const buy = () => {
    const end = performance.now() + 120;
    while (performance.now() < end);
    document.body.dataset.outcome = 'bought';
  };
  analytics.captureWebVitals(() => import('/vitals/web-vitals.js')).then(() => { document.body.dataset.is = 'ready'; });
"""


@pytest.mark.parametrize("shop", [MEASURED], indirect=True, ids=[""])
def test_web_vitals_are_measured_by_the_npm_package(shop: Shop, page: Page, shared_server: Server) -> None:
    if not VITALS.exists():
        cannot_test("web-vitals is not installed: npm ci in tests/spec")
    service = f"{shop.name}-page"
    page.wait_for_function("document.body.dataset.is === 'ready'")
    page.evaluate(OBSERVED, {"type": "largest-contentful-paint"})
    page.click("#buy")
    page.evaluate(OBSERVED, {"type": "event"})
    page.goto("about:blank")
    names = {f"web_vitals_{name}" for name in ("lcp", "inp", "cls")}

    def measured() -> dict[str, Any]:
        known: dict[str, Any] = shared_server.get(f"/services/{service}/metrics")["metrics"]
        return known if names <= known.keys() else {}

    found = eventually(measured)
    assert {found[name]["count"] for name in names} == {1}
    assert found["web_vitals_inp"]["avg"] >= 100, "as long as the click was busy"
    assert found["web_vitals_lcp"]["avg"] > 0
