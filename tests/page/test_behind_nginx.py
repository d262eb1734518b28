"""Page, docs and clients behind Debian's nginx with TLS: at the root, and below a path that nginx keeps or strips."""

import http.client
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
import requests
import websocket
from playwright.sync_api import Browser, expect

from tests.browser import launch
from tests.conftest import StartServer
from tests.edge.socketio_clients import TRANSPORTS, NpmClient
from tests.nginx import Identity, Nginx, documented_examples, make_identity, substituted
from tests.page.conftest import OpenPage, eventually, texts
from tests.server import Server

OTHERS = "https://shop.example"
STRANGERS = (
    "https://evil.example",
    "null",
    "https://localhost",
    "http://shop.example",
    f"{OTHERS}:444",
    f"{OTHERS}.evil",
)
TRUST = {"ANALYTICS_TRUSTED_PROXIES": "127.0.0.1"}
ROOT, BELOW = documented_examples()
KEPT = BELOW.replace("8099/;", "8099;").replace("location /stats/ ", "location /stats ")
PLAIN = """\
location LOCATION {
    proxy_pass http://127.0.0.1:8099SLASH;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
}
"""


def plain(location: str, slash: str = "") -> str:
    """A location without X-Forwarded-* headers; with a `slash`, nginx strips the path."""
    return PLAIN.replace("LOCATION", location).replace("SLASH", slash)


class Way(NamedTuple):
    """A configuration of nginx and the service: the path, nginx's `location`, and settings."""

    path: str
    location: str
    settings: dict[str, str]


WAYS = {
    "the documentation's server": Way("", ROOT, TRUST),
    "the documentation's location": Way("/stats", BELOW, {**TRUST, "ANALYTICS_BASE_PATH": "/stats"}),
    "the documentation's location, path forwarded": Way("/stats", BELOW, TRUST),
    "the documentation's location, path kept": Way("/stats", KEPT, {**TRUST, "ANALYTICS_BASE_PATH": "/stats"}),
    "the documentation's location, path kept and forwarded": Way("/stats", KEPT, TRUST),
    "at the root": Way("", plain("/"), {}),
    "path stripped": Way("/stats", plain("/stats/", "/"), {"ANALYTICS_BASE_PATH": "/stats"}),
    "path kept": Way("/stats", plain("/stats"), {"ANALYTICS_BASE_PATH": "/stats"}),
    "path stripped, nothing set": Way("/stats", plain("/stats/", "/"), {}),
    "another path stripped": Way("/ops/live", plain("/ops/live/", "/"), {"ANALYTICS_BASE_PATH": "/ops/live"}),
    "another path kept": Way("/ops/live", plain("/ops/live"), {"ANALYTICS_BASE_PATH": "/ops/live"}),
}


class Behind(NamedTuple):
    """A service behind nginx; `url` is its public address without a trailing slash."""

    way: Way
    server: Server
    nginx: Nginx
    url: str

    def ask(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, verify=str(self.nginx.certificate), timeout=10, **more)


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """The certificate of all nginx servers of these tests."""
    return make_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="module")
def browser(browser: Browser, identity: Identity) -> Iterator[Browser]:
    """A browser that trusts the certificate; one that ignores certificate errors sometimes stops loading."""
    flag = f"--ignore-certificate-errors-spki-list={identity.pin}"
    with closing(launch(browser.browser_type, flag)) as own:
        yield own


def behind(way: Way, server: Server, folder: Path, identity: Identity) -> Behind:
    """A configured nginx in front of `server`; enter the context of its `nginx` to start it."""
    servers = way.location if way.location.startswith("server") else ROOT.replace(*location_of(way.location))
    nginx = Nginx(folder, substituted(servers, server.port), identity)
    return Behind(way, server, nginx, nginx.url + way.path)


def location_of(location: str) -> tuple[str, str]:
    """The replacement that gives the documented server another `location`."""
    found = re.search(r"    location / \{.*?\n    \}\n", ROOT, re.DOTALL)
    assert found is not None
    return found[0], location


StartBehind = Callable[[Way, dict[str, str]], Behind]


@pytest.fixture
def start_behind(start_server: StartServer, tmp_path: Path, identity: Identity) -> Iterator[StartBehind]:
    """Starts a service behind nginx for one test; request it before page fixtures, so that pages close first."""
    with ExitStack() as stack:

        def start(way: Way, settings: dict[str, str]) -> Behind:
            made = behind(way, start_server({**way.settings, **settings}), tmp_path / "nginx", identity)
            stack.enter_context(made.nginx)
            return made

        yield start


@pytest.fixture(scope="module", params=WAYS)
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, identity: Identity
) -> Iterator[Behind]:
    """A service that allows one other origin, behind nginx, in each configuration."""
    way, folder = WAYS[request.param], tmp_path_factory.mktemp("nginx")
    settings = {"ANALYTICS_CORS_ORIGINS": OTHERS, "LOG_LEVEL": "DEBUG", **way.settings}
    with Server(folder / "server.log", settings) as server:
        made = behind(way, server, folder / "nginx", identity)
        with made.nginx:
            yield made


def test_the_page_is_live_and_its_links_and_its_client_work(proxied: Behind, open_page: OpenPage) -> None:
    page = open_page(f"{proxied.url}?range=24h")
    expect(page.locator("#connection")).to_have_text("live")
    assert page.url == f"{proxied.url}/?range=24h", "the address without a slash redirects to the page"
    outcome = page.evaluate(
        """async url => {
            const { AnalyticsClient } = await import(url);
            return new AnalyticsClient({ service: 'web' }).trackEvent('page_view', { page: '/' }, 'me');
        }""",
        f"{proxied.url}/sdk/analytics.js",
    )
    assert outcome["status"] == "accepted", outcome
    expect(page.locator("#feed .type").first).to_have_text("page_view")
    expect(page.locator("#charts .summary").first).not_to_be_empty()
    export = page.locator("[data-export=events] a").first.evaluate("link => link.href")
    assert export.startswith(f"{proxied.url}/export/events?")
    assert proxied.ask(export.removeprefix(proxied.url)).text.count("page_view") >= 1
    page.locator("#services-table tbody a").click()
    expect(page.locator("#scope-title")).to_have_text("web")
    page.reload()
    expect(page.locator("#scope-title")).to_have_text("web")
    page.locator("#home").click()
    expect(page.locator("#services-table tbody a")).to_have_text("web")
    assert page.url.partition("?")[0] == f"{proxied.url}/"
    docs = page.get_by_role("navigation", name="Pages").get_by_role("link", name="API")
    assert docs.evaluate("link => link.href") == f"{proxied.url}/docs"


def test_the_empty_page_shows_the_public_address(start_behind: StartBehind, open_page: OpenPage) -> None:
    made = start_behind(WAYS["path kept"], {})
    page = open_page(f"{made.url}/")
    expect(page.locator("#empty")).to_contain_text("waiting for the first event…")
    expect(page.locator("#empty pre")).to_have_count(4)
    assert all(made.url in text for text in texts(page, "#empty pre"))
    page.evaluate(f"() => {{ (async () => {{ {texts(page, '#empty pre')[1]} }})(); }}")  # it goes on for ten seconds
    expect(page.locator("#empty")).to_contain_text("received: request from web")


def test_the_docs_show_the_public_address_if_it_is_known(proxied: Behind) -> None:
    (servers,) = proxied.ask("/openapi.json").json()["servers"]
    is_known = proxied.way.settings != {}
    assert servers == {"url": (proxied.way.path if is_known else "") or "/"}
    docs = proxied.ask("/docs")
    assert f"{proxied.url}/openapi.json" in [urljoin(docs.url, each) for each in re.findall(r'href="(.*?)"', docs.text)]
    command = re.search(r'id="postEvents".*?<pre.*?>(.*?)</pre>', docs.text, re.DOTALL)
    assert command is not None
    if proxied.way.settings.get("ANALYTICS_TRUSTED_PROXIES"):
        assert f"curl -X POST {proxied.url}/events " in command[1]
    elif is_known:
        assert f"//{proxied.url.partition('//')[2]}/events" in command[1]


def test_the_api_answers_below_the_path(proxied: Behind) -> None:
    event = {"type": "api", "service": "api", "id": f"{proxied.url}-1"}
    assert proxied.ask("/events", "POST", json=event).status_code == 201
    assert proxied.ask("/events", "POST", json=event).status_code == 200
    assert proxied.ask("/metrics", "POST", json={"name": "queue", "value": 3}).status_code == 201
    assert proxied.ask("/heartbeat", "POST", json={"service": "api", "status": "healthy"}).status_code == 200
    for path in ("/events?type=api", "/dashboard", "/services", "/services/api/metrics", "/stats", "/stats/hourly"):
        answer = proxied.ask(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), path
    for path in ("/series?name=queue", "/health/ready", "/metrics", "/export/events", "/sdk/analytics.classic.js"):
        assert proxied.ask(path).status_code == 200, path
    answer = proxied.ask("/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("transports", TRANSPORTS)
def test_the_npm_client_connects_below_the_path(proxied: Behind, transports: str) -> None:
    headers, path = {"Origin": proxied.nginx.url}, f"{proxied.way.path}/socket.io"
    with closing(NpmClient(proxied.nginx, TRANSPORTS[transports], headers=headers, path=path)) as client:
        eventually(lambda: any(event.name == "snapshot" for event in client.received))
        eventually(lambda: client.transport == TRANSPORTS[transports][-1])


def test_polling_is_for_allowed_origins_only(proxied: Behind) -> None:
    for origin in (None, proxied.nginx.url, proxied.nginx.url.upper(), OTHERS, f"{OTHERS}:443", *STRANGERS):
        headers = {} if origin is None else {"Origin": origin}
        answer = proxied.ask("/socket.io/?EIO=4&transport=polling", headers=headers)
        assert answer.status_code == (403 if origin in STRANGERS else 200), origin


@pytest.mark.parametrize("path", ["/ws/dashboard", "/socket.io/?EIO=4&transport=websocket"])
def test_websockets_are_for_allowed_origins_only(proxied: Behind, path: str) -> None:
    for origin in (None, proxied.nginx.url, proxied.nginx.url.upper(), OTHERS, f"{OTHERS}:443"):
        with closing(connect(proxied, path, origin)) as live:
            assert live.recv().startswith(('{"type":"snapshot"', "0{"))
    for origin in STRANGERS:
        for address in (path, path.replace("/", "//", 1)):
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                connect(proxied, address, origin)


def connect(proxied: Behind, path: str, origin: str | None) -> websocket.WebSocket:
    url = f"{proxied.url.replace('https', 'wss')}{path}"
    named = {"origin": origin} if origin is not None else {"suppress_origin": True}
    context = ssl.create_default_context(cafile=str(proxied.nginx.certificate))
    return websocket.create_connection(url, timeout=10, sslopt={"context": context}, **named)


def test_forged_headers_of_a_client_are_ignored(proxied: Behind) -> None:
    claims = {
        "X-Forwarded-For": "198.51.100.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
    }
    context = ssl.create_default_context(cafile=str(proxied.nginx.certificate))
    elsewhere = ("127.0.0.2", 0)  # the address of the client
    asking = http.client.HTTPSConnection("127.0.0.1", proxied.nginx.port, context=context, source_address=elsewhere)
    with closing(asking):
        asking.request("GET", f"{proxied.way.path}/docs", headers=claims)
        answer = asking.getresponse()
        text = answer.read().decode()
    assert answer.status == 200
    assert "evil" not in text
    assert '"client": "198.51.100.1"' not in proxied.server.log()
    if TRUST.items() <= proxied.way.settings.items():
        assert f"https://127.0.0.1:{proxied.nginx.port}{proxied.way.path}/events" in text
        assert '"client": "127.0.0.2"' in proxied.server.log()


DROPPED_PORT = Way("", ROOT.replace("$http_host", "$host"), TRUST)
NO_WEBSOCKET = Way("", re.sub(r".*(?:Upgrade|Connection).*\n", "", ROOT), TRUST)


def test_a_page_that_may_not_connect_shows_the_reason(start_behind: StartBehind, open_page: OpenPage) -> None:
    made = start_behind(DROPPED_PORT, {"ANALYTICS_CORS_ORIGINS": OTHERS})
    page = open_page(f"{made.url}/", outages=True)
    verdict, connection = page.locator("#verdict"), page.locator("#connection")
    expect(verdict).to_contain_text(f"This page's address, {made.url}, is not among the allowed origins")
    expect(verdict).to_contain_text("ANALYTICS_CORS_ORIGINS")
    expect(verdict).to_contain_text("https://localhost in this request")
    expect(verdict).to_contain_text("Host header with its port")
    expect(connection).to_contain_text("may not connect, trying again")
    expect(verdict).to_have_attribute("data-state", "bad")


def test_a_page_that_may_no_longer_connect_shows_why_beside_its_last_data(
    start_behind: StartBehind, open_page: OpenPage
) -> None:
    made = start_behind(DROPPED_PORT, {})
    made.server.post("/heartbeat", {"service": "web", "status": "healthy"})
    page = open_page(f"{made.url}/", outages=True)
    verdict, connection = page.locator("#verdict"), page.locator("#connection")
    expect(connection).to_have_text("live")
    restart(made.server, OTHERS)
    expect(verdict).to_contain_text("ANALYTICS_CORS_ORIGINS", timeout=60_000)
    expect(verdict).to_contain_text("As last heard: The one service is healthy")
    restart(made.server, "*")
    expect(connection).to_contain_text("live", timeout=60_000)
    expect(verdict).not_to_contain_text("ANALYTICS_CORS_ORIGINS")


def restart(server: Server, origins: str) -> None:
    server.stop()
    server.set(ANALYTICS_CORS_ORIGINS=origins)
    server.__enter__()


def test_a_proxy_that_passes_no_websockets_is_reported(start_behind: StartBehind, open_page: OpenPage) -> None:
    made = start_behind(NO_WEBSOCKET, {})
    page = open_page(f"{made.url}/", outages=True)
    expect(page.locator("#verdict")).to_contain_text("must pass on the headers Upgrade and Connection")


def test_an_unreachable_service_is_not_reported_as_refusing(start_behind: StartBehind, open_page: OpenPage) -> None:
    made = start_behind(DROPPED_PORT, {"ANALYTICS_CORS_ORIGINS": OTHERS})
    page = open_page(f"{made.url}/", outages=True)
    expect(page.locator("#verdict")).to_contain_text("ANALYTICS_CORS_ORIGINS")
    made.server.stop()
    expect(page.locator("#verdict")).to_have_text("The service does not answer; trying again.", timeout=60_000)
    expect(page.locator("#connection")).to_contain_text("reconnecting")
