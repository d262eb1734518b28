"""Current problems are compared with usual values: in the verdict, the figures and the order of services."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, post_events, texts
from tests.server import Server

NAMES = "#services-table tbody tr a"


def requests_of(service: str, ago: timedelta, good: int, bad: int = 0, latency: float = 40) -> list[dict[str, Any]]:
    at = (datetime.now(UTC) - ago).isoformat()
    event = {"type": "request", "service": service, "user_id": "u", "timestamp": at}
    return [
        {**event, "data": {"status": status, "latency": latency}}
        for status, number in ((200, good), (500, bad))
        for _ in range(number)
    ]


def a_usual_day(server: Server, service: str, requests: int = 200, latency: float = 40) -> None:
    """Send hours with 1 % errors, and one hour with errors only."""
    for hours in range(2, 12):
        post_events(
            server, requests_of(service, timedelta(hours=hours), requests - requests // 100, requests // 100, latency)
        )
    post_events(server, requests_of(service, timedelta(hours=12), 0, requests, 900))


def an_hour(server: Server, service: str, latency: float = 40) -> None:
    for minutes in range(6, 40, 2):
        post_events(server, requests_of(service, timedelta(minutes=minutes), 20, 0, latency))


def test_figures_and_the_verdict_show_usual_values(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    a_usual_day(server, "web")
    post_events(server, requests_of("web", timedelta(0), 70, 30, 212))
    page = open_page(server.url)
    figures = page.locator("#figures .figure")
    expect(figures.nth(1).locator(".change")).to_have_text(re.compile(r"^usually 3\.\d+/min$"))
    expect(figures.nth(2).locator("strong")).to_have_text(re.compile(r"^(30|2\d(\.\d)?)%$"))
    expect(figures.nth(2).locator(".change")).to_have_text("usually 1%")
    expect(figures.nth(2).locator(".change")).to_have_attribute("data-state", "bad")
    expect(figures.nth(3).locator("strong")).to_have_text("212 ms")
    expect(figures.nth(3).locator(".change")).to_have_text("usually 40 ms")
    expect(figures.nth(3).locator(".change")).to_have_attribute("title", re.compile("median of the hours .* 7 days"))
    expect(page.locator("#verdict")).to_contain_text(re.compile(r"^web has 30% errors( since \d\d:\d\d)?, usually 1%"))


def test_without_history_usual_values_are_unknown(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, requests_of("web", timedelta(0), 5, 45))
    page = open_page(server.url)
    for index in (1, 2, 3):
        expect(page.locator("#figures .change").nth(index)).to_have_text("no usual known yet")
    expect(page.locator("#verdict")).to_have_text("web has 90% errors (too new to have a usual).")


def test_services_are_sorted_by_current_problems(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    beats = {"busy": "healthy", "failing": "healthy", "slow": "healthy", "limping": "degraded", "ill": "unhealthy"}
    for service, status in beats.items():
        assert server.post("/heartbeat", {"service": service, "status": status}).ok
        an_hour(server, service)
    for _ in range(5):
        post_events(server, requests_of("busy", timedelta(minutes=30), 1_000))
    post_events(server, requests_of("busy", timedelta(0), 30))
    post_events(server, requests_of("failing", timedelta(0), 20, 10))
    for minutes in (2, 1, 0):
        post_events(server, requests_of("slow", timedelta(minutes=minutes), 20, 0, 212))
    page = open_page(server.url)
    eventually(lambda: texts(page, NAMES) == ["ill", "failing", "limping", "slow", "busy"])
    row = page.locator("#services-table tbody tr")
    expect(row.nth(1).locator(".k-health")).to_have_text(re.compile(r"^healthy, (33\.3|\d\d(\.\d)?)% errors$"))
    expect(row.nth(3).locator(".k-health")).to_have_text("healthy, slow: 212 ms")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("4 of 5 services need attention: ill is unhealthy since")
    expect(verdict).to_contain_text("usually none; limping is degraded since")
    more = verdict.get_by_role("button", name="and 1 more")
    more.click()
    expect(verdict).to_contain_text("slow is slow: 212 ms, usually 40 ms")
    fewer = verdict.get_by_role("button", name="name fewer")
    expect(fewer).to_be_focused()
    fewer.click()
    expect(more).to_be_visible()


def test_the_demo_has_users_and_usual_values(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    expect(page.locator("#figures .change").nth(4)).to_have_text(re.compile(r"^up to \d+ a minute$"))
    for range_, words in (("7d", "an hour"), ("90d", "a day")):
        page.goto(f"{shop.url}/?range={range_}")
        users = page.locator("#charts .summary").nth(2)
        expect(users).to_have_text(re.compile(rf"^Last [\w ]+: [\d,]+ distinct; \d+ to [\d,]+ {words}\.$"))
        # the newest hour or day may just have begun
        eventually(lambda users=users: re.search(r"; [1-9][\d,]* to", users.inner_text()), 100)
