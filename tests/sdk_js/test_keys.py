"""A browser key: pages of its origin can send with it, other pages cannot, and nobody can read with it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page

from tests.browser import Shop
from tests.edge.wire import eventually, unique
from tests.server import Server

ADMIN = {"Authorization": "Bearer an-admin-key-for-these-tests"}
PAGE = """<!doctype html>
<script src="{url}/sdk/analytics.classic.js"></script>
<script>
  const problems = [];
  const onError = ({{ code, status }}) => problems.push([code, status]);
  const analytics = new AnalyticsClient({{ service: '{service}', onError, ...{options} }});
</script>"""
READS = """async ([url, key]) => {
  const answers = [];
  for (const path of ['/dashboard', '/events', '/stats', '/metrics', '/export/events']) {
    for (const headers of [{ 'X-API-Key': key }, { Authorization: `Bearer ${key}` }]) {
      const answer = await fetch(url + path, { headers });
      answers.push([answer.status, (await answer.json()).error.code]);
    }
  }
  const ticket = await fetch(`${url}/tickets`, { method: 'POST', headers: { 'X-API-Key': key } });
  answers.push([ticket.status, (await ticket.json()).error.code]);
  return answers;
}"""
CONNECTS = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve(true);
  socket.onerror = () => resolve(false);
})"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("keys") / "server.log"
    settings = {"ANALYTICS_AUTH": "required", "ANALYTICS_ADMIN_KEY": "an-admin-key-for-these-tests"}
    with Server(log, settings) as running:
        yield running


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def key(server: Server, shop: Shop) -> str:
    """A browser key for the shop."""
    body = {"name": "shop page", "scopes": ["ingest"], "origins": [shop.url]}
    answer = requests.post(f"{server.url}/keys", json=body, headers=ADMIN, timeout=10)
    secret: str = answer.json()["secret"]
    return secret


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def events_of(server: Server, service: str) -> list[Any]:
    events: list[Any] = server.get("/events", params={"service": service}, headers=ADMIN)["events"]
    return events


def options(server: Server, key: str, way: str) -> str:
    if way == "address":
        return f"{{ baseUrl: '{server.url.replace('://', f'://{key}@')}', flushMs: 10 }}"
    return f"{{ key: '{key}', flushMs: 10 }}"


@pytest.mark.parametrize("way", ["option", "address"])
def test_a_page_of_the_origin_can_send_each_kind_of_item(
    server: Server, shop: Shop, key: str, page: Page, way: str
) -> None:
    service = unique("shop")
    shop.pages["/"] = PAGE.format(url=server.url, service=service, options=options(server, key, way))
    page.goto(shop.url)
    statuses = page.evaluate(
        """async (service) => (await Promise.all([
          analytics.trackPageView('/products', 'me'),
          analytics.recordMetric('load', 12),
          analytics.heartbeat(service, 'healthy'),
        ])).map(({ status }) => status)""",
        service,
    )
    assert statuses == ["accepted"] * 3
    assert [event["type"] for event in events_of(server, service)] == ["page_view"]


def test_queued_items_are_sent_when_the_page_closes(server: Server, shop: Shop, key: str, page: Page) -> None:
    service = unique("leaving")
    shop.pages["/"] = PAGE.format(url=server.url, service=service, options=f"{{ key: '{key}', flushMs: 60000 }}")
    page.goto(shop.url)
    page.evaluate("() => { for (let n = 0; n < 30; n += 1) analytics.trackEvent('leave', { n }); }")
    assert events_of(server, service) == []
    page.goto("about:blank")
    assert len(eventually(lambda: events_of(server, service))) == 30
    assert key not in server.log()


def test_a_page_of_another_origin_is_refused(server: Server, shop: Shop, key: str, page: Page) -> None:
    service = unique("stranger")
    shop.pages["/"] = PAGE.format(url=server.url, service=service, options=options(server, key, "option"))
    page.goto(shop.url.replace("localhost", "127.0.0.1"))
    page.evaluate("void analytics.trackEvent('click')")
    page.wait_for_function("problems.length > 0")
    assert page.evaluate("problems[0]") == ["origin_not_allowed", 403]
    assert events_of(server, service) == []


def test_a_page_without_a_key_is_refused(server: Server, shop: Shop, page: Page) -> None:
    service = unique("keyless")
    shop.pages["/"] = PAGE.format(url=server.url, service=service, options="{ flushMs: 10 }")
    page.goto(shop.url)
    page.evaluate("void analytics.trackEvent('click')")
    page.wait_for_function("problems.length > 0")
    assert page.evaluate("problems[0]") == ["unauthorized", 401]
    assert events_of(server, service) == []


def test_a_browser_key_cannot_read(server: Server, shop: Shop, key: str, page: Page) -> None:
    shop.pages["/"] = PAGE.format(url=server.url, service="reader", options="{}")
    page.goto(shop.url)
    assert page.evaluate(READS, [server.url, key]) == [[403, "missing_scope"]] * 11
    hidden = page.evaluate("(url) => fetch(url).catch(() => 'hidden')", f"{server.url}/keys")
    assert hidden == "hidden", "the browser shows no answer about keys to another origin"
    live = server.url.replace("http", "ws") + "/ws/dashboard"
    assert not page.evaluate(CONNECTS, f"{live}?key={key}")
    assert not page.evaluate(CONNECTS, live)
