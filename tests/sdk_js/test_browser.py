"""The JavaScript client in Chromium, on pages of another origin: as a module, as a script, and when pages close."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import Shop
from tests.conftest import StartServer
from tests.edge.wire import eventually, unique
from tests.server import Server

CLASSIC = '<script src="{url}/sdk/analytics.classic.js"></script><script>{script}</script>'
MODULE = (
    '<script type="module">import {{ AnalyticsClient, LiveClient, RealtimeDashboard }} '
    'from "{url}/sdk/analytics.js"; {script}</script>'
)
HOSTILE = "<img src=x onerror=alert(1)>"
USAGE = """
(async () => {
  const analytics = new AnalyticsClient();

  // Track page view
  await analytics.trackPageView('/products', USER);

  // Track purchase
  await analytics.trackPurchase('ORDER-456', 99.99, USER);

  // Record latency
  window.last = await analytics.recordMetric('page_load_time', 1250, {
    page: '/products'
  });
})();
"""
DASHBOARD = """
const dashboard = new RealtimeDashboard(
  document.getElementById('dashboard-container')
);
window.dashboard = dashboard;
"""
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, shared_server: Server) -> Iterator[Open]:
    """Opens a page of a shop that runs a script with the client; errors on the page fail the test."""
    troubles: list[str] = []
    with Shop() as shop, browser.new_context() as context:

        def open_page(form: str, script: str, body: str = "", server: Server = shared_server) -> Page:
            shop.pages["/"] = "<!doctype html>" + body + form.format(url=server.url, script=script)
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
            page.goto(shop.url)
            return page

        yield open_page
    assert troubles == []


def events_of(server: Server, user: str) -> list[Any]:
    """The events of a user, oldest first."""
    events: list[Any] = server.get("/events", params={"user_id": user, "limit": 1000})["events"]
    return events[::-1]


@pytest.mark.parametrize("form", [CLASSIC, MODULE], ids=["classic", "module"])
def test_the_usage_of_the_contract_works_unchanged(form: str, open_page: Open, shared_server: Server) -> None:
    user = unique("browser-user")
    page = open_page(form, USAGE.replace("USER", repr(user)))
    page.wait_for_function("window.last")
    assert page.evaluate("last.status") == "accepted"
    assert [event["type"] for event in events_of(shared_server, user)] == ["page_view", "purchase"]


def test_queued_items_are_sent_when_the_page_closes(open_page: Open, shared_server: Server) -> None:
    user, service = unique("leaving-user"), unique("leaving")
    script = f"const analytics = new AnalyticsClient({{ service: '{service}', flushMs: 60000 }});"
    script += f"for (let n = 0; n < 30; n += 1) analytics.trackEvent('leave', {{ n }}, '{user}');"
    script += "analytics.recordMetric('stay', 5); analytics.heartbeat('" + service + "', 'degraded');"
    page = open_page(CLASSIC, script)
    assert events_of(shared_server, user) == []
    page.goto("about:blank")
    assert [event["data"]["n"] for event in eventually(lambda: events_of(shared_server, user))] == list(range(30))
    assert eventually(lambda: "stay" in shared_server.get(f"/services/{service}/metrics")["metrics"])
    assert eventually(lambda: shared_server.get("/services")["services"][service]["status"] == "degraded")


def test_a_hidden_page_sends_everything_once(open_page: Open, shared_server: Server) -> None:
    user = unique("hiding-user")
    script = "const analytics = new AnalyticsClient({ flushMs: 60000 }); const seen = [];"
    script += "for (let n = 0; n < 150; n += 1) {"
    script += f"seen.push(analytics.trackEvent('hide', {{ n, x: 'é'.repeat(500) }}, '{user}')); }}"
    page = open_page(CLASSIC, script)
    outcomes = page.evaluate(
        """async () => {
          Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
          document.dispatchEvent(new Event('visibilitychange'));
          window.dispatchEvent(new Event('pagehide'));
          await analytics.flush();
          return (await Promise.all(seen)).map(({ status }) => status);
        }"""
    )
    assert set(outcomes) <= {"accepted", "duplicate"}
    assert sorted(event["data"]["n"] for event in events_of(shared_server, user)) == list(range(150))


def test_beacons_stay_below_the_limit_of_browsers(open_page: Open, shared_server: Server) -> None:
    user = unique("much-user")
    script = "const sizes = []; const send = navigator.sendBeacon.bind(navigator);"
    script += "navigator.sendBeacon = (url, text) => { const took = send(url, text);"
    script += "sizes.push([new Blob([text]).size, took]); return took; };"
    script += "const analytics = new AnalyticsClient({ flushMs: 60000 });"
    script += f"for (let n = 0; n < 99; n += 1) analytics.trackEvent('much', {{ n, x: 'é'.repeat(500) }}, '{user}');"
    page = open_page(CLASSIC, script)
    sizes = page.evaluate("() => { window.dispatchEvent(new Event('pagehide')); return sizes; }")
    assert [took for _, took in sizes] == [True]
    assert 50_000 < sizes[0][0] <= 60_000
    page.goto("about:blank")
    assert len(eventually(lambda: events_of(shared_server, user))) > 40


@pytest.mark.parametrize("form", [CLASSIC, MODULE], ids=["classic", "module"])
def test_the_dashboard_of_the_contract_shows_names_as_text(form: str, open_page: Open, shared_server: Server) -> None:
    shared_server.post("/heartbeat", {"service": HOSTILE, "status": "unhealthy"})
    shared_server.post("/events", {"type": "request", "service": HOSTILE, "data": {"endpoint": HOSTILE, "latency": 4}})
    page = open_page(form, DASHBOARD, '<div id="dashboard-container"></div>')
    card = page.locator(".dashboard .services .service.unhealthy", has_text=HOSTILE)
    card.wait_for()
    assert card.locator("h3").inner_text() == HOSTILE
    assert card.locator(".status").inner_text() == "unhealthy"
    labels = page.locator(".overview .metric .label").all_inner_texts()
    assert labels == ["Total Requests", "Active Users", "Avg Latency", "Error Rate"]
    assert page.locator(".realtime li", has_text=HOSTILE).count() == 1
    assert page.locator("#dashboard-container img").count() == 0
    page.wait_for_function("dashboard.live.state.state === 'live' && dashboard.data.overview.total_requests > 0")


def test_the_dashboard_can_be_subclassed(open_page: Open, shared_server: Server) -> None:
    service = unique("own-way")
    script = f"""
      window.heard = [];
      class Mine extends RealtimeDashboard {{
        renderService(service) {{ return '<b>' + service.name + '</b>'; }}
        showEventNotification(event) {{ heard.push(event.type); }}
      }}
      window.mine = new Mine(document.body, {{ service: '{service}' }});
    """
    page = open_page(MODULE, script, "<body>")
    page.wait_for_function("mine.data")
    shared_server.post("/events", [{"type": "not-mine", "service": "other"}, {"type": "mine", "service": service}])
    page.wait_for_function("heard.length > 0")
    assert page.evaluate("heard") == ["mine"]
    page.wait_for_function(f"document.body.innerText.includes('<b>{service}</b>')")
    page.evaluate("mine.close()")
    assert page.evaluate("mine.live.state.state") == "closed"


def test_items_tracked_during_an_outage_count_once(open_page: Open, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    script = """
      const codes = new Set();
      const analytics = new AnalyticsClient({
        service: 'shop', flushMs: 10, retry: { base: 50, cap: 200 },
        onError: ({ code }) => { codes.add(code); throw new Error('the page has troubles of its own'); }
      });
      let n = 0;
      const track = () => {
        for (const end = n + 60; n < end; n += 1) {
          analytics.trackEvent('click', { n });
          analytics.recordMetric('depth', n);
        }
      };
    """
    page = open_page(CLASSIC, script, server=server)
    page.evaluate("track()")
    server.stop()
    page.evaluate("track()")
    page.wait_for_function("codes.has('network_error')")
    page.evaluate("track()")
    server.__enter__()
    page.evaluate("(track(), analytics.flush())")
    clicks = server.get("/events", params={"type": "click", "limit": 1000})["events"]
    assert sorted(event["data"]["n"] for event in clicks) == list(range(240))
    assert page.evaluate("[analytics.dropped, analytics.waiting]") == [0, 0]


def test_a_page_reconnects_after_an_outage(open_page: Open, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    script = """
      window.seen = [];
      const live = new LiveClient();
      live.addEventListener('state', ({ detail }) => seen.push(detail.state));
      live.addEventListener('event', ({ detail }) => seen.push(detail.data.type));
      live.start();
    """
    page = open_page(MODULE, script, server=server)
    page.wait_for_function("seen.at(-1) === 'live'")
    server.post("/events", {"type": "before", "service": "shop"})
    page.wait_for_function("seen.at(-1) === 'before'")
    server.stop()
    page.wait_for_function("seen.at(-1) === 'reconnecting'")
    server.__enter__()
    server.post("/events", {"type": "missed", "service": "shop"})
    page.wait_for_function("seen.includes('missed') && seen.filter((each) => each === 'live').length === 2")
    seen = [each for each in page.evaluate("seen") if each != "reconnecting"]
    assert sorted(seen) == ["before", "connecting", "live", "live", "missed"]
    assert seen[:3] == ["connecting", "live", "before"]


@pytest.mark.parametrize("form", [CLASSIC, MODULE], ids=["classic", "module"])
def test_odd_values_lose_no_event_when_the_page_closes(form: str, open_page: Open, shared_server: Server) -> None:
    """Half an emoji, cycles, DOM nodes and more among twenty events that only a beacon can send."""
    service = unique("leaving")
    script = f"""
      const analytics = new AnalyticsClient({{ service: '{service}', flushMs: 60000 }});
      const circle = {{}};
      circle.self = circle;
      const odd = ['\\ud83d', circle, 10n, document.body, () => 1, Symbol('s'), NaN];
      odd.push(new Map([['k', 1]]), new Date(NaN));
      for (let n = 0; n < 20; n += 1) analytics.trackEvent('leave', {{ n, odd: odd[n] ?? 'plain' }});
    """
    page = open_page(form, script, "<body>")
    page.goto("about:blank")
    found = eventually(lambda: shared_server.get("/events", params={"service": service, "limit": 100})["events"])
    odd = {event["data"]["n"]: event["data"]["odd"] for event in found}
    assert sorted(odd) == list(range(20))
    assert odd[0] == "\ufffd"
    assert odd[1] == {"self": "[circular]"}
    assert [odd[n] for n in range(2, 9)] == [
        "10",
        "[DOM node: BODY]",
        "[function without a name]",
        "[Symbol(s)]",
        "NaN",
        {"k": 1},
        "[invalid date]",
    ]


def test_a_worker_sends_to_the_service_that_served_the_script(open_page: Open, shared_server: Server) -> None:
    service = unique("worker")
    worker = f"""
      importScripts('{shared_server.url}/sdk/analytics.classic.js');
      const analytics = new AnalyticsClient({{ service: '{service}' }});
      analytics.trackEvent('worked', {{ url: analytics.baseUrl }}).then((outcome) => postMessage(outcome.status));
    """
    script = f"""
      const source = URL.createObjectURL(new Blob([{worker!r}], {{ type: 'text/javascript' }}));
      new Worker(source).onmessage = ({{ data }}) => (window.seen = data);
    """
    page = open_page(CLASSIC, script)
    page.wait_for_function("window.seen")
    assert page.evaluate("seen") == "accepted"
    (event,) = shared_server.get("/events", params={"service": service})["events"]
    assert event["data"]["url"] == shared_server.url
