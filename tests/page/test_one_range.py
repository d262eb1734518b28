"""One range for the whole page: custom ones, comparisons, and what moves on with the time."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, post_events, texts
from tests.page.test_ranges import EVENT, FLOW, NOTE, is_shown, requests_at
from tests.server import Server

UPDATED = re.compile(r'"updated_at":"([^"]+)"')


def shown(page: Page) -> dict[str, str]:
    """All that the page shows of its range."""
    return {
        selector: " | ".join(texts(page, selector))
        for selector in (
            NOTE,
            "#verdict",
            "#figures dt",
            "#figures strong",
            "#charts .summary",
            "#services-count",
            "#services-table tbody :is(th, .k-requests, .k-errors, .k-rate, .k-avg, .k-p95)",
            "#endpoints-table tbody tr",
            "#endpoints-about",
            "#errors-list summary",
            "#feed summary",
        )
    }


def test_a_link_shows_the_same_custom_range_everywhere(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    inside: dict[str, Any] = {**EVENT, "data": {"status": 500, "latency": 40, "endpoint": "/inside"}}
    for at, times in ((-60, 7), (60, 30), (3000, 10), (3700, 5)):
        time = (hour + timedelta(seconds=at)).isoformat()
        post_events(server, [{**inside, "timestamp": time, "user_id": f"u{each}"} for each in range(times)])
    requests_at(server, timedelta(0), 3, endpoint="/now")
    ends = f"from={hour:%Y-%m-%dT%H:%M:%SZ}&to={hour + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    page = open_page(f"{server.url}/?{ends}", timezone_id="UTC")
    expect(page.locator("#figures strong").first).to_have_text("40")
    expect(page.locator("#figures strong").nth(4)).to_have_text("30")
    words = f"{hour:%b} {hour.day}, {hour:%H}:00 – {hour + timedelta(hours=1):%H:%M}"
    if hour.hour < 23:
        expect(page.locator(NOTE)).to_have_text(f"{words}, 1 h, by the hour. Stands still.")
        expect(page.locator("#verdict")).to_have_text(f"{words}: web had 100% errors.")
        expect(page.locator("#figures dt .soft").first).to_have_text(words)
        expect(page.locator(FLOW)).to_contain_text(f"{words}: 40/h on average, peak 40/h")
    row = page.locator("#services-table tbody tr")
    expect(row.locator(".k-requests")).to_have_text("40")
    expect(row.locator(".k-p95")).to_have_text("40 ms")
    expect(page.locator("#endpoints-about")).to_have_text(words)
    expect(page.locator("#endpoints-table tbody tr:not([hidden])")).to_have_count(1)
    expect(page.locator("#errors-list .times")).to_have_text("40 ×")
    expect(page.locator("#feed li")).to_have_count(40)
    expect(page.locator("#totals")).to_contain_text("55 requests, 52 errors")
    before = shown(page)
    requests_at(server, timedelta(0), 2)
    again = open_page(page.url, timezone_id="UTC")
    expect(again.locator("#totals")).to_contain_text("57 requests")
    expect(again.locator("#feed li")).to_have_count(40)
    expect(again.locator("#errors-list .times")).to_have_text("40 ×")
    assert shown(again) == before
    assert shown(page) == before, "it stands still"


def test_a_custom_range_is_entered_in_the_time_zone_of_the_page(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=20)
    requests_at(server, datetime.now(UTC) - at - timedelta(seconds=10), 4)
    requests_at(server, datetime.now(UTC) - at + timedelta(seconds=90), 2)
    page = open_page(server.url, timezone_id="Asia/Kolkata")
    page.get_by_role("radio", name="custom range").check(force=True)
    there = at + timedelta(hours=5, minutes=30)
    page.get_by_label("From", exact=True).fill(f"{there:%Y-%m-%dT%H:%M:%S}")
    page.get_by_label("To", exact=True).fill(f"{there:%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="From must be before To.")).to_be_visible()
    page.get_by_label("To", exact=True).fill(f"{there + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#figures strong").first).to_have_text("4")
    expect(page.locator("#range-custom")).to_be_hidden()
    is_shown(page, "custom")
    assert f"from={at:%Y-%m-%dT%H:%M:%SZ}&to={at + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}" in page.url


def test_figures_are_beside_those_of_the_other_range(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    for minutes, times, latency in ((5, 60, 30), (20, 90, 10)):
        requests_at(server, timedelta(minutes=minutes), times, latency=latency)
    page = open_page(f"{server.url}/?range=15m&compare=before")
    changes = page.locator("#figures .change")
    expect(changes.first).to_have_text(re.compile(r"^the period before (≈\s(8[2-9]|9[0-9])|90)$"))
    expect(changes.nth(3)).to_have_text("the period before 10 ms")
    expect(page.locator("#services-table .k-avg .then")).to_have_text("10 ms")
    expect(page.locator("#charts .key", has_text="p95 the period before")).to_be_visible()
    page.get_by_label("Compare with").select_option("nothing")
    expect(page.locator("#services-table .k-avg .then")).to_be_hidden()
    expect(page.locator("#charts .key", has_text="p95 the period before")).to_be_hidden()
    page.get_by_role("radio", name="last 90 days").check(force=True)
    page.get_by_label("Compare with").select_option("the period before")
    expect(page.locator(NOTE)).to_contain_text("Nothing is kept of the period before.")
    expect(changes.first).to_have_text("the period before: not kept")


@pytest.mark.parametrize(("days", "step"), [("7", r"by the day \(UTC\)"), ("9", "by the hour")])
def test_the_same_time_last_week_is_as_fine_as_hours_are_kept(
    days: str, step: str, start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server({"ANALYTICS_HOURLY_DAYS": days})
    week = timedelta(days=7)
    for ago, times in ((timedelta(minutes=5), 60), (week + timedelta(minutes=5), 240)):
        requests_at(server, ago, times, latency=30)
    page = open_page(f"{server.url}/?range=1h&compare=week")
    expect(page.locator(NOTE)).to_contain_text(re.compile(rf"Compared with last week, .*, {step}\."))
    change = page.locator("#figures .change").first
    expect(change).to_have_text(re.compile(r"^last week (≈\s)?[1-9]\d*$"))
    if days == "7":
        expect(change).to_contain_text("≈")  # the rate of the day, over an hour
    expect(page.locator("#figures .change").nth(3)).to_have_text("last week 30 ms")


@pytest.mark.long
def test_a_range_that_moves_on_leaves_data_behind(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    page = open_page(f"{server.url}/?range=1m", impatient=True)
    expect(page.locator("#connection")).to_have_text("live")
    requests_at(server, timedelta(seconds=45), 5)  # they leave after 10 to 15 seconds
    expect(page.locator("#figures strong").first).to_have_text("5")
    expect(page.locator("#feed li")).to_have_count(5)
    expect(page.locator("#figures strong").first).to_have_text("0", timeout=60_000)
    expect(page.locator("#feed li")).to_have_count(0)
    expect(page.locator(FLOW)).to_have_text("No requests in the last minute; no errors.")


def test_data_is_left_behind_when_the_service_is_a_minute_ahead(start_server: StartServer, open_page: OpenPage) -> None:
    server, ahead = start_server(), 0.0

    def connect(socket: WebSocketRoute) -> None:
        """Pass messages on, with the time of each snapshot moved ahead."""
        service = socket.connect_to_server()
        service.on_message(lambda text: socket.send(UPDATED.sub(later, str(text))))

    def later(found: re.Match[str]) -> str:
        at = datetime.fromisoformat(found[1]) + timedelta(seconds=ahead)
        return f'"updated_at":"{at:%Y-%m-%dT%H:%M:%S.%f}Z"'

    requests_at(server, timedelta(seconds=5), 5)
    page = open_page(server.url)
    page.route_web_socket("**/ws/dashboard*", connect)
    page.goto(f"{server.url}/?range=1m")
    expect(page.locator("#figures strong").first).to_have_text("5")
    expect(page.locator("#feed li")).to_have_count(5)
    ahead = 65.0
    expect(page.locator("#figures strong").first).to_have_text("0")
    expect(page.locator("#feed li")).to_have_count(0)
    expect(page.locator(FLOW)).to_have_text("No requests in the last minute; no errors.")


def test_an_hour_of_the_history_is_chosen_as_range(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    heat = page.get_by_role("region", name="Requests by hour")
    expect(page.locator("#heat td.cell").first).to_be_attached()
    heat.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(NOTE)).to_have_text(
        re.compile(r"\d\d:00 – .*\d\d:00, 1 h, by the (hour|minute)\. Stands still\.$")
    )
    counted = page.locator("#heat-summary").inner_text()
    found = re.search(r": ([\d,]+) requests", counted)
    assert found
    expect(page.locator("#figures strong").first).to_have_text(found[1])
