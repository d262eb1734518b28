"""The range of the page: the initial one, captions, and the browser history."""

import gzip
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.edge.wire import cannot_test
from tests.page.conftest import OpenPage, eventually, number, post_events
from tests.server import ROOT, Server

LOG = ROOT.parent / "shared" / "data" / "access.log.gz"
NOTE, FLOW = "#range-note", "#charts .summary >> nth=0"
MOVES = re.compile(r"^\S.*; moves on\.$")
EVENT: dict[str, Any] = {"type": "request", "service": "web", "user_id": "u", "data": {"status": 200}}


def requests_at(server: Server, ago: timedelta, number: int = 1, **data: Any) -> None:
    at = (datetime.now(UTC) - ago).isoformat()
    post_events(server, [{**EVENT, "timestamp": at, "data": {"status": 200, **data}}] * number)


def is_shown(page: Page, range_: str) -> None:
    expect(page.locator(f"#ranges input[value='{range_}']")).to_be_checked()


@pytest.mark.parametrize(
    ("ago", "range_", "words"),
    [
        (timedelta(minutes=100), "3h", "last 3 hours"),
        (timedelta(hours=20), "24h", "last 24 hours"),
        (timedelta(days=3), "7d", "last 7 days"),
        (timedelta(days=20), "90d", "last 90 days"),
    ],
)
def test_a_page_opens_with_the_shortest_range_that_has_data(
    start_server: StartServer, open_page: OpenPage, ago: timedelta, range_: str, words: str
) -> None:
    server = start_server()
    requests_at(server, ago)
    page = open_page(server.url)
    is_shown(page, range_)
    expect(page.locator(NOTE)).to_contain_text(f"Showing the {words}: nothing newer was recorded.")
    expect(page.locator(FLOW)).to_contain_text("on average")
    assert "range" not in page.url, "a link opens with the range that has data then"
    requests_at(server, timedelta(0))
    page.reload()
    is_shown(page, "1h")
    expect(page.locator(NOTE)).to_have_text(MOVES)
    expect(page.locator(NOTE)).not_to_contain_text("Showing")


def test_a_page_switches_to_new_data_unless_a_range_was_chosen(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    requests_at(server, timedelta(days=3))
    pages = [open_page(server.url, impatient=True), open_page(f"{server.url}/?range=7d")]
    for page in pages:
        is_shown(page, "7d")

    def more() -> bool:
        requests_at(server, timedelta(0))
        return pages[0].locator("#ranges input[value='1h']").is_checked()

    eventually(more, 60)
    is_shown(pages[1], "7d")
    expect(pages[1].locator(NOTE)).not_to_contain_text("Showing")


def test_a_chosen_range_is_kept_even_if_it_is_empty(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    requests_at(server, timedelta(days=3))
    page = open_page(server.url)
    is_shown(page, "7d")
    page.get_by_role("radio", name="last hour", exact=True).check(force=True)
    expect(page.locator(FLOW)).to_have_text("No requests in the last hour; no errors.")
    page.reload()
    is_shown(page, "1h")
    expect(page.locator(NOTE)).to_have_text(MOVES)
    expect(page.locator(NOTE)).not_to_contain_text("Showing")


def test_an_opened_service_is_shown_in_a_range_with_data(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    requests_at(server, timedelta(days=3))
    post_events(server, [{**EVENT, "service": "cart"}])
    page = open_page(server.url)
    is_shown(page, "1h")
    page.get_by_role("link", name="web", exact=True).first.click()
    is_shown(page, "7d")
    expect(page.locator(NOTE)).to_contain_text("Showing the last 7 days: nothing newer was recorded of web.")
    page.go_back()
    is_shown(page, "1h")


def log_that_ended(ago: timedelta) -> bytes:
    """Some lines of the access log with shifted times: a replay shifts by days, so its end would depend on the date."""
    lines = b"".join(gzip.decompress(LOG.read_bytes()).splitlines(keepends=True)[::4])
    at = re.compile(rb"(?<=\[)\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000(?=\])")

    def time(text: bytes) -> datetime:
        return datetime.strptime(text.decode(), "%d/%b/%Y:%H:%M:%S %z")

    move = datetime.now(UTC) - ago - max(map(time, at.findall(lines)))
    return at.sub(lambda found: f"{time(found[0]) + move:%d/%b/%Y:%H:%M:%S %z}".encode(), lines)


def test_the_page_shows_a_replayed_log(start_server: StartServer, open_page: OpenPage) -> None:
    if not LOG.exists():
        cannot_test("the access log does not exist")
    server = start_server()
    page = open_page(server.url)
    expect(page.locator("#empty")).to_contain_text("waiting for the first event…")
    command = [sys.executable, "-m", "analytics", "replay", "-", "--url", server.url]
    log = log_that_ended(timedelta(hours=3))
    subprocess.run(command, cwd=ROOT, input=log, check=True, capture_output=True, timeout=120)

    def agree(words: str) -> None:
        expect(page.locator(NOTE)).to_have_text(re.compile(f"^Showing the last ({words}): nothing newer was"))
        expect(page.locator(FLOW)).to_have_text(re.compile(r"on average.*, peak [\d.]+/(min|h) "))

    agree("24 hours|7 days")  # the page chose its range while the log was sent
    page.reload()
    agree("24 hours")
    expect(page.locator("#charts .summary >> nth=1")).to_contain_text("No latency was sent so far")


def mean(page: Page) -> float | None:
    found = re.search(r": (\S+) on average", page.inner_text(FLOW))
    return number(found[1]) if found else None


def test_an_average_starts_at_the_first_data(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    requests_at(server, timedelta(minutes=30), 600)
    page = open_page(server.url)
    expect(page.locator(FLOW)).to_contain_text("on average since")
    assert 600 / 32 / 60 < (mean(page) or 0) < 600 / 29 / 60
    requests_at(server, timedelta(hours=2))
    page.reload()
    expect(page.locator(FLOW)).to_contain_text("on average, peak")
    assert 600 / 62 / 60 < (mean(page) or 0) < 600 / 58 / 60, "with earlier data, the average covers the whole range"


def test_low_rates_are_shown_per_hour(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    for hours in (60, 40, 20, 20, 20):
        requests_at(server, timedelta(hours=hours))
    page = open_page(f"{server.url}/?range=7d")
    expect(page.locator(FLOW)).to_contain_text(", peak 3/h at")


def test_back_and_forward_go_through_ranges_and_comparisons(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    is_shown(page, "1h")
    page.get_by_role("radio", name="last 24 hours").check(force=True)
    is_shown(page, "24h")
    expect(page.locator(FLOW)).to_contain_text("Last 24 hours")
    page.get_by_label("Compare with").select_option("same time last week")
    expect(page.locator(FLOW)).to_contain_text("Dashed: last week")
    plot = page.get_by_role("slider").first
    plot.focus()
    for key in ("Home", "PageDown", "+"):
        page.keyboard.press(key)
    note = page.locator(NOTE)
    expect(note).to_have_text(
        re.compile(r"\d\d:00 – .*\d\d:00, 1\d h, by the hour\. Stands still\. Compared with last week")
    )
    is_shown(page, "custom")
    page.go_back()
    expect(note).to_contain_text("moves on. Compared with last week")
    expect(page.get_by_role("button", name="Back to live")).to_be_hidden()
    is_shown(page, "24h")
    page.go_back()
    expect(page.locator(FLOW)).not_to_contain_text("Dashed")
    page.go_back()
    is_shown(page, "1h")
    expect(page.locator(FLOW)).to_contain_text("Last hour")
    for _ in range(3):
        page.go_forward()
    expect(note).to_contain_text("Stands still")
    page.get_by_role("button", name="Back to live").click()
    is_shown(page, "24h")
    expect(note).to_contain_text("moves on. Compared with last week")


def test_events_of_another_day_show_its_date(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    at = datetime.now(UTC) - timedelta(days=1)
    post_events(server, [{**EVENT, "timestamp": at.isoformat()}, EVENT])
    page = open_page(f"{server.url}/?range=7d", timezone_id="UTC")
    expect(page.locator("#feed time")).to_have_count(2)
    today, before = page.locator("#feed time").all_inner_texts()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", today)
    assert before == f"{at:%b} {at.day}, {at:%H:%M:%S}"
    page.clock.install(time=datetime.now(UTC))
    page.reload()
    expect(page.locator("#feed time")).to_have_count(2)
    page.clock.fast_forward("24:00:00")
    expect(page.locator("#feed time").first).to_have_text(re.compile(r"^\w+ \d+, \d\d:\d\d:\d\d$"))


def test_the_documentation_links_to_the_page(shop: Server, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/docs")
    page.get_by_role("link", name="← Dashboard").click()
    expect(page).to_have_url(f"{shop.url}/")
