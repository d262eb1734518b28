"""The list of errors: independent of traffic, equal ones grouped, for all services or one."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, post_events, texts

ROWS = "#errors-list li"


def failed(service: str, endpoint: str, status: int | str, seconds_ago: float = 0) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    data = {"endpoint": endpoint, "status": status}
    return {"type": "request", "service": service, "timestamp": at.isoformat(), "data": data}


def test_errors_are_listed_when_traffic_has_pushed_them_out_of_the_events(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server({"ANALYTICS_EVENTS_RING": "50"})
    post_events(server, [failed("web", "/pay", 503, 40), failed("web", "/pay", 503, 20)])
    post_events(server, [{"type": "error", "service": "cart", "data": {"message": "stock is gone"}}])
    post_events(server, [{"type": "request", "service": "web", "data": {"status": 200}}] * 300)
    assert server.get("/events", params={"type": "error"})["events"] == []
    page = open_page(server.url)
    expect(page.locator(ROWS)).to_have_count(2)
    assert [text.split("\n")[0] for text in texts(page, f"{ROWS} .times")] == ["1 ×", "2 ×"]
    stock, pay = page.locator(ROWS).first, page.locator(ROWS).last
    expect(stock).to_contain_text("stock is gone")
    expect(pay).to_contain_text("status 503")
    expect(pay.locator(".of")).to_have_text("web")
    expect(pay.locator(".where")).to_have_text("/pay")
    expect(pay.locator("time")).to_have_count(2)
    expect(page.locator("#errors-note")).to_have_text("Last hour: 3 errors in 2 kinds.")
    pay.locator("summary").click()
    expect(pay.locator("pre")).to_contain_text('"status": 503')
    pay.get_by_role("link", name="All errors with this cause").click()
    group = page.locator("#groups > li:has(details[open])")
    expect(group.locator(".what")).to_have_text("HTTP 503 /pay")
    expect(group.locator(".samples tbody tr")).to_have_count(2)


def test_new_errors_appear_in_the_list_and_an_opened_one_keeps_its_place(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server()
    post_events(server, [failed("web", "/a", 500, 9), failed("web", "/b", 500, 5)])
    page = open_page(server.url, impatient=True)
    where = f"{ROWS} .where"
    expect(page.locator(where)).to_have_text(["/b", "/a"])
    page.locator(ROWS).last.locator("summary").click()
    post_events(server, [failed("web", "/a", 500), failed("web", "/c", 500)])
    expect(page.locator(ROWS).last.locator(".times")).to_have_text("2 ×")
    assert texts(page, where) == ["/b", "/a"]
    page.locator(ROWS).last.locator("summary").click()
    page.locator("#errors-title").click()
    page.evaluate("document.activeElement.blur()")
    post_events(server, [failed("web", "/c", "500")])
    expect(page.locator(where)).to_have_text(["/c", "/a", "/b"])
    assert texts(page, f"{ROWS} .times")[0] == "2 ×", "the same status as text and as a number"


def test_an_opened_service_shows_only_its_errors(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [failed("web", "/pay", 503), failed("cart", "/cart", 500), failed("cart", "/cart", 500)])
    page = open_page(f"{server.url}/?service=cart")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(f"{ROWS} .times")).to_have_text("2 ×")
    page.get_by_role("link", name="← All services").click()
    expect(page.locator(ROWS)).to_have_count(2)


def test_errors_without_details_are_counted_separately(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [{"type": "page_view", "service": "web"}])
    page = open_page(server.url, impatient=True)
    note = page.locator("#errors-note")
    expect(note).to_have_text("No errors in the last hour.")
    assert server.post("/metrics", {"name": "errors", "value": 7, "tags": {"service": "web"}}).ok
    expect(note).to_have_text(re.compile("^7 errors counted in the last hour, without details: "))
    post_events(server, [failed("web", "/pay", 503)])
    expect(note).to_have_text("Last hour: 1 error in 1 kind; 7 more are counted without details.")
