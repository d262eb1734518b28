"""Keys on the page: signing in and out, the end of a session, and the warning of an open service."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, fit, texts
from tests.page.test_trust import check_accessible, check_accessible_in_both_themes
from tests.server import Server

ADMIN = "an-admin-key-for-these-tests"
LOCKED = {"ANALYTICS_ADMIN_KEY": ADMIN}
REQUEST = {"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}
KEPT = """() => JSON.stringify([
  { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state,
  document.documentElement.outerHTML, [...document.querySelectorAll('input')].map(each => each.value),
])"""
"""All places of the page where a key could remain."""


def call(server: Server, method: str, path: str, payload: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    answer = requests.request(method, server.url + path, json=payload, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def key_for(server: Server, name: str, *scopes: str) -> tuple[str, str]:
    """The id and the secret of a new key."""
    made = call(server, "POST", "/keys", {"name": name, "scopes": scopes})
    return made["id"], made["secret"]


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def server(start_server: StartServer) -> Server:
    server = start_server(LOCKED)
    call(server, "POST", "/events", [REQUEST] * 7)
    return server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same for tests that do not look at what others leave."""
    with Server(tmp_path_factory.mktemp("locked") / "server.log", LOCKED) as server:
        call(server, "POST", "/events", [REQUEST] * 7)
        yield server


def test_the_page_asks_for_a_key_and_then_works(server: Server, open_page: OpenPage) -> None:
    _, key = key_for(server, "wall", "read")
    page = open_page(f"{server.url}/?service=web&range=1h")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    expect(page.locator("#board")).to_be_hidden()
    expect(page.locator("#verdict")).to_be_hidden()
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#sign-in")).to_be_hidden()
    expect(page.locator("#scope-title")).to_have_text("web")
    expect(page.locator("#feed li")).to_have_count(7)
    expect(page.locator("#charts .summary").first).to_contain_text("Last hour")
    expect(page.locator("#who-name")).to_have_text(re.compile(r"^wall \(key [0-9a-f]{16}\)$"))
    call(server, "POST", "/events", {**REQUEST, "data": {"status": 500, "endpoint": "/new"}})
    expect(page.locator("#feed li")).to_have_count(8)
    with page.expect_download() as started:
        page.locator("[data-export=events] a").first.click()
    assert started.value.path().read_text().count("\n") == 9
    assert key not in page.evaluate(KEPT)
    (cookie,) = page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("secure")) == (True, "Lax", False)
    assert key not in json.dumps(page.context.storage_state())

    page.reload()
    expect(page.locator("#feed li")).to_have_count(8)
    expect(page.locator("#sign-in")).to_be_hidden()


def test_signing_out_ends_the_session_and_leaves_nothing_on_the_page(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url, outages=True)  # reads meanwhile are refused
    sign_in(page, ADMIN)
    expect(page.locator("#services-table tbody a")).to_have_text("web")
    (cookie,) = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    expect(page.locator("#sign-in-error")).to_be_empty()
    assert page.context.cookies() == []
    assert "web" not in texts(page, "main")[0]
    kept = {str(cookie.get("name")): str(cookie.get("value"))}
    assert requests.get(f"{server.url}/dashboard", cookies=kept, timeout=10).status_code == 401
    sign_in(page, ADMIN)
    expect(page.locator("#services-table tbody a")).to_have_text("web")


def test_the_form_shows_what_is_wrong_with_a_key(server: Server, open_page: OpenPage) -> None:
    _, sender = key_for(server, "sender", "ingest")
    page = open_page(server.url, outages=True)
    for key, problem in (("no-such-key", "This key is not known"), (sender, "This key lacks the scope `read`.")):
        sign_in(page, key)
        expect(page.get_by_role("alert").filter(has_text=problem)).to_be_visible()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()
        expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
        check_accessible(page)
    page.route("**/session", lambda route: route.abort())
    sign_in(page, ADMIN)
    expect(page.locator("#sign-in-error")).to_have_text("The service does not answer; try again.")
    page.unroute("**/session")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#connection")).to_have_text("live")


def test_a_browser_without_cookies_gets_an_explanation(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)

    def without_cookie(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "set-cookie": ""})
        page.context.clear_cookies()

    page.route(
        "**/session", lambda route: without_cookie(route) if route.request.method == "POST" else route.fallback()
    )
    sign_in(page, ADMIN)
    expect(page.locator("#sign-in-error")).to_contain_text("the browser did not keep the session")


def test_the_form_comes_back_when_the_key_of_the_session_is_revoked(server: Server, open_page: OpenPage) -> None:
    id_, key = key_for(server, "guest", "read")
    page = open_page(f"{server.url}/?range=24h", outages=True)
    sign_in(page, key)
    expect(page.locator("#services-table tbody a")).to_have_text("web")
    call(server, "DELETE", f"/keys/{id_}")
    expect(page.get_by_role("alert")).to_have_text("Your session has ended: sign in again.", timeout=30_000)
    expect(page.locator("#services-table tbody a")).to_have_count(0)
    sign_in(page, ADMIN)
    expect(page.locator("#services-table tbody a")).to_have_text("web")
    assert page.locator("#ranges input[value='24h']").is_checked(), "the view is kept"
    page.reload()
    expect(page.locator("#connection")).to_have_text("live")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    expect(page.locator("#sign-in-error")).to_be_empty()


def test_the_form_comes_back_by_the_live_connection_alone(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url, outages=True)
    sign_in(page, ADMIN)
    expect(page.locator("#connection")).to_have_text("live")

    def own_session_only(route: Route) -> None:
        if route.request.resource_type == "fetch" and not route.request.url.endswith("/session"):
            route.abort()  # no answer to another request can say that the session has ended
        else:
            route.fallback()

    page.route("**/*", own_session_only)
    (session,) = call(server, "GET", "/sessions")["sessions"]
    call(server, "DELETE", f"/sessions/{session['id']}")
    expect(page.get_by_role("alert")).to_have_text("Your session has ended: sign in again.")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()


def test_the_form_comes_back_when_the_live_connection_is_refused(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url, outages=True)
    sign_in(page, ADMIN)
    expect(page.locator("#connection")).to_have_text("live")
    server.stop()
    expect(page.locator("#connection")).to_contain_text("reconnecting")
    server.__enter__()  # everything was in memory, including sessions
    expect(page.get_by_role("alert")).to_have_text("Your session has ended: sign in again.", timeout=40_000)


def test_a_page_that_was_open_locks_when_keys_are_required(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    server.post("/events", REQUEST)
    page = open_page(server.url, outages=True)
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#who")).to_be_hidden()
    made = server.post("/keys", {"name": "me", "scopes": ["admin"]}).json()
    expect(page.get_by_label("Key", exact=True)).to_be_focused(timeout=30_000)
    sign_in(page, made["secret"])
    expect(page.locator("#services-table tbody a")).to_have_text("web")
    expect(page.locator("#who-name")).to_contain_text("me (key ")


def test_a_read_only_session_is_not_offered_changes(server: Server, open_page: OpenPage) -> None:
    call(server, "POST", "/annotations", {"text": "Deploy 1"})
    _, key = key_for(server, "reader", "read")
    page = open_page(server.url, outages=True)  # reads during the sign-out are refused
    for secret, buttons in ((key, 0), (ADMIN, 1)):
        sign_in(page, secret)
        expect(page.locator("#annotations-list li")).to_have_count(1)
        assert page.get_by_role("button", name="Add annotation").count() == buttons
        assert page.get_by_role("button", name="Delete Deploy 1").count() == buttons
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Key", exact=True)).to_be_focused()


def test_the_first_examples_include_a_key_if_one_is_required(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server(LOCKED)
    page = open_page(server.url)
    sign_in(page, ADMIN)
    expect(page.locator("#empty")).to_contain_text("KEY is a key with the scope ingest")
    expect(page.locator("#empty pre")).to_have_count(4)
    curl, script, python, demo = texts(page, "#empty pre")
    assert '-H "Authorization: Bearer KEY"' in curl
    assert "key: 'KEY'" in script
    assert "headers=headers" in python
    assert demo.startswith("ANALYTICS_KEY=KEY ")
    check_accessible(page)
    page.evaluate(f"() => {{ (async () => {{ {script.replace('KEY', ADMIN)} }})(); }}")
    expect(page.locator("#empty")).to_contain_text("received: request from web")
    expect(page.locator("#empty")).not_to_contain_text("KEY is")


def fits(page: Page, *parts: Locator) -> None:
    """Check that the page fits at every width with these parts in view, and that it is accessible."""
    for width in (320, 390, 768, 1280, 1920):
        fit(page, width)
        for part in parts:
            expect(part).to_be_in_viewport(ratio=1)
        if width in (320, 1280):
            check_accessible_in_both_themes(page)


def test_the_form_fits_and_is_accessible(shared: Server, open_page: OpenPage) -> None:
    page = open_page(shared.url, outages=True)
    sign_in(page, "wrong")
    expect(page.get_by_role("alert").filter(has_text="This key is not known")).to_be_visible()
    fits(page)


def test_the_signed_in_page_fits_and_is_accessible(shared: Server, open_page: OpenPage) -> None:
    _, key = key_for(shared, "a key with quite a long name " * 4, "read")
    page = open_page(shared.url, outages=True)
    sign_in(page, key)
    expect(page.locator("#connection")).to_have_text("live")
    fits(page, page.get_by_role("button", name="Sign out"), *map(page.locator, ("#switches", "nav", "#who")))


def test_the_warning_of_an_open_service_is_shown(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    server.post("/events", REQUEST)
    page = open_page(server.url)
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#warning")).to_be_hidden()
    warning = "Everybody who can reach this service may read and write everything: set ANALYTICS_AUTH=required."

    def exposed(route: Route) -> None:  # a really exposed service would listen on all addresses of this machine
        answer = route.fetch()
        health = answer.json()
        route.fulfill(response=answer, json={**health, "access": {**health["access"], "warning": warning}})

    page.route("**/health", exposed)
    page.reload()
    for width in (390, 1280):
        fit(page, width)
        expect(page.get_by_role("status").filter(has_text="Everybody who can reach")).to_be_visible()
    check_accessible(page)
    eventually(lambda: page.locator("#services-table tbody tr").count() == 1)
