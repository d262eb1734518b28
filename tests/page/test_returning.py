"""Returning to the page after sleep or from another tab shows current data."""

import re

from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, post_events


def set_hidden(page: Page, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_a_page_reconnects_after_sleep_and_shows_it(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    request = {"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}
    post_events(server, [request])
    page = open_page(server.url, outages=True)  # its clock differs by minutes from that of the service
    page.clock.install()
    page.reload()
    expect(page.locator("#figures strong").first).to_have_text("1")
    expect(page.locator("#connection")).to_have_text("live")
    page.clock.fast_forward(600_000)  # timers are that late, and the socket seems open
    expect(page.locator("#connection")).to_contain_text("live again, after 10 min without data")
    post_events(server, [request])
    expect(page.locator("#figures strong").first).to_have_text("2")
    expect(page.locator("#feed li")).to_have_count(2)


def test_a_tab_that_becomes_visible_loads_its_charts(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    request = {"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}
    post_events(server, [request])
    page = open_page(server.url)
    expect(page.locator("#feed li")).to_have_count(1)
    set_hidden(page, True)
    post_events(server, [request, {**request, "service": "unseen"}])
    expect(page.locator("#figures strong").first).to_have_text("3")
    expect(page.locator("#feed li")).to_have_count(1)
    with page.expect_request(re.compile(r"/summary\?from=")):
        set_hidden(page, False)
    expect(page.locator("#feed li")).to_have_count(3)
    expect(page.locator("#services-table tbody tr")).to_have_count(2)
