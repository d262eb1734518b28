"""Health on the page: messages, instances and changes, and reconnecting on request."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, post_events
from tests.server import Server

REQUEST = {"type": "request", "service": "web", "data": {"status": 200, "latency": 5}}
TIME = r"(\w+ \d+, )?\d\d:\d\d"


def beat(server: Server, instance: str, status: str, requests: int, message: str | None = None) -> None:
    """Send a heartbeat of an instance of `web`."""
    counters = {"request_count": requests, "error_count": 1}
    payload = {"service": "web", "instance": instance, "status": status, "metrics": counters}
    assert server.post("/heartbeat", payload | ({"message": message} if message else {})).ok


def test_message_instances_and_changes_of_a_service_are_shown(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    beat(server, "web-1", "healthy", 5)
    beat(server, "web-2", "healthy", 6)
    beat(server, "web-2", "degraded", 7, "disk <b>full</b>")
    page = open_page(server.url)
    expect(page.locator("#verdict")).to_have_text(
        re.compile(f"^web is degraded since {TIME} \\(web-2 of 2 instances\\), “disk <b>full</b>”\\.$")
    )
    name = page.locator("#services-table tbody .k-name")
    expect(name).to_have_text("web × 2")
    expect(name.locator("span")).to_have_attribute("title", "2 instances: web-1 healthy, web-2 degraded")
    name.get_by_role("link").click()
    expect(page.locator("#scope")).to_contain_text("“disk <b>full</b>”")
    instances = page.get_by_role("region", name="Table of instances").locator("tbody tr")
    expect(instances).to_have_count(2)
    expect(instances.last).to_contain_text(re.compile(r"web-2\s*degraded.*7\s*1\s*disk <b>full</b>"))
    rows = page.get_by_role("region", name="Table of changes of health").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(re.compile(f"{TIME}\\s*healthy → degraded\\s*\\w"))
    expect(rows.last).to_contain_text(re.compile(f"{TIME}\\s*healthy\\s*\\w"))


def test_a_service_without_instances_has_no_table_of_instances(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [REQUEST])
    page = open_page(f"{server.url}/?service=web")
    expect(page.locator("#detail")).to_contain_text("No heartbeat so far.")
    expect(page.get_by_role("region", name="Table of instances")).to_be_hidden()


def test_a_lost_connection_is_retried_on_request(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [REQUEST])
    page = open_page(server.url, outages=True)
    is_there = False
    page.route_web_socket("**/ws/dashboard*", lambda socket: socket.connect_to_server() if is_there else socket.close())
    page.clock.install()
    page.reload()
    retry = page.get_by_role("button", name="Retry now")
    expect(retry).to_be_visible()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # no automatic retries from now on
    expect(page.locator("#connection")).to_contain_text("reconnecting in ")
    is_there = True
    retry.click()
    expect(page.locator("#connection")).to_have_text(re.compile("^live"))
    expect(retry).to_be_hidden()
