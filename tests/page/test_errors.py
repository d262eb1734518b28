"""The list of errors: independent of traffic, equal ones grouped, for all services or one."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
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
    expect(pay.locator(".what")).to_have_text("/pay")
    expect(pay.locator(".of")).to_have_text("web")
    expect(pay.locator(".where")).to_have_text("HTTP 503")
    expect(pay.locator("time")).to_have_count(2)
    expect(page.locator("#errors-note")).to_have_text("Last hour: 3 errors in 2 kinds.")
    pay.locator("summary").click()
    expect(pay.locator("pre")).to_contain_text('"status": 503')
    pay.get_by_role("link", name="All errors with this cause").click()
    group = page.locator("#groups > li:has(details[open])")
    expect(group.locator(".what")).to_have_text("HTTP 503 /pay")
    expect(group.locator(".samples tbody tr")).to_have_count(2)


def test_exceptions_in_spans_and_error_lines_are_in_the_list_and_resolved_or_muted_groups_are_not(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server()
    post_events(server, [{"type": "error", "service": "cart", "data": {"message": f"no {n}"}} for n in (1, 2)])
    now = time.time_ns()
    exception = {"exception.type": "GatewayTimeout", "exception.message": "no answer in 25 ms"}
    span = {
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "service": "pay",
        "name": "POST /pay",
        "kind": "server",
        "start": now,
        "duration_ms": 5,
        "status": "error",
        "events": [{"time": now, "name": "exception", "attributes": exception}],
    }
    assert server.post("/spans", span).ok
    assert server.post("/logs", {"service": "mail", "message": "no host 7", "level": "error"}).ok
    page = open_page(server.url, impatient=True)
    expect(page.locator(f"{ROWS} .where")).to_have_text(["log line", "GatewayTimeout", "error"])
    expect(page.locator("#errors-note")).to_have_text("Last hour: 4 errors in 3 kinds.")
    trace = page.locator(ROWS, has_text="GatewayTimeout")
    expect(trace.locator(".what")).to_have_text("no answer in … ms")
    trace.locator("summary").click()
    expect(trace.locator("pre")).to_contain_text("no answer in 25 ms")
    expect(trace.get_by_role("link", name="Its trace")).to_have_attribute("href", f"tracing?trace={'ab' * 16}")
    trace.locator("summary").click()
    page.evaluate("document.activeElement.blur()")
    cart, pay = (
        server.get("/errors", params={"service": name})["groups"][0]["fingerprint"] for name in ("cart", "pay")
    )
    assert requests.put(f"{server.url}/errors/{cart}", json={"state": "muted"}, timeout=10).ok
    assert requests.put(f"{server.url}/errors/{pay}", json={"state": "resolved"}, timeout=10).ok
    server.post("/metrics", {"name": "errors", "value": 7, "tags": {"service": "web"}})
    expect(page.locator(f"{ROWS} .where")).to_have_text(["log line"])
    expect(page.locator("#errors-note")).to_contain_text("others are resolved, muted, or counted without details")
    assert server.post("/spans", {**span, "span_id": "ef" * 8, "start": time.time_ns()}).ok
    server.post("/metrics", {"name": "errors", "value": 1, "tags": {"service": "web"}})
    expect(page.locator(f"{ROWS} .where")).to_have_text(["GatewayTimeout, came back", "log line"])


def test_new_errors_appear_in_the_list_and_an_opened_one_keeps_its_place(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server()
    post_events(server, [failed("web", "/a", 500, 9), failed("web", "/b", 500, 5)])
    page = open_page(server.url, impatient=True)
    what = f"{ROWS} .what"
    expect(page.locator(what)).to_have_text(["/b", "/a"])
    page.locator(ROWS).last.locator("summary").click()
    post_events(server, [failed("web", "/a", 500), failed("web", "/c", 500)])
    expect(page.locator(ROWS).last.locator(".times")).to_have_text("2 ×")
    assert texts(page, what) == ["/b", "/a"]
    page.locator(ROWS).last.locator("summary").click()
    page.locator("#errors-title").click()
    page.evaluate("document.activeElement.blur()")
    post_events(server, [failed("web", "/c", "500")])
    expect(page.locator(what)).to_have_text(["/c", "/a", "/b"])
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
    others = "resolved, muted, or counted without details: sent as metrics or in heartbeats, or no longer kept."
    expect(note).to_have_text(f"7 errors in the last hour: {others}")
    post_events(server, [failed("web", "/pay", 503)])
    expect(note).to_have_text(f"Last hour: 1 error in 1 kind; others are {others}")
