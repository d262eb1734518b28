"""Using the page: filters, pause, zoom, a service, the keyboard, the address."""

import json
import re
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, post_events, texts
from tests.server import Server


def types_shown(page: Page) -> set[str]:
    return set(texts(page, "#feed .type"))


def test_the_feed_is_filtered_by_service_and_type(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    eventually(lambda: len(types_shown(page)) > 1)
    page.select_option("#events-type", "product_view")
    eventually(lambda: types_shown(page) == {"product_view"})
    assert "type=product_view" in page.url
    page.select_option("#events-service", "frontend")
    eventually(lambda: set(texts(page, "#feed .of")) == {"frontend"})
    first = texts(page, "#feed time")[0]
    eventually(lambda: texts(page, "#feed time")[0] != first)
    assert types_shown(page) == {"product_view"}
    export = page.locator("[data-export=events] a").first.get_attribute("href") or ""
    assert "type=product_view" in export
    assert "service=frontend" in export
    page.reload()
    eventually(lambda: types_shown(page) == {"product_view"})


def test_a_paused_feed_does_not_change_and_counts_new_events(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    eventually(lambda: len(texts(page, "#feed li")) > 20)
    page.click("#events-pause")
    still = texts(page, "#feed li")
    expect(page.locator("#events-pause")).to_have_text(re.compile(r"Resume \(\d+ new\)"))
    assert texts(page, "#feed li") == still
    page.click("#events-pause")
    eventually(lambda: texts(page, "#feed li") != still)


def test_errors_are_announced_unless_muted(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    page = open_page(server.url)
    toast, feed = page.locator(".toast"), page.locator("#feed")
    unmute = page.get_by_role("button", name="Unmute errors")
    expect(page.locator("#connection")).to_have_text("live")

    def fail(message: str) -> None:
        post_events(server, [{"type": "error", "service": "web", "data": {"message": message}}])
        expect(feed).to_contain_text(message)

    fail("first")
    expect(toast).to_contain_text("web: first")
    toast.get_by_role("button", name="Mute").click()
    fail("second")
    expect(toast).to_be_hidden()
    page.reload()
    expect(unmute).to_be_visible()
    unmute.click()
    fail("third")
    expect(toast).to_contain_text("web: third")
    expect(unmute).to_be_hidden()


def test_an_opened_event_stays_open(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    line = page.locator("#feed li").first
    line.locator("summary").click()
    expect(page.locator("#feed details[open] pre")).to_contain_text('"timestamp"')
    still = texts(page, "#feed time")
    expect(page.locator("#events-rate")).to_contain_text("new")
    assert texts(page, "#feed time") == still


def test_dragging_in_a_chart_chooses_the_range_of_the_page(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    over = page.locator("#charts .u-over").first
    box = over.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 100, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, middle, steps=4)
    page.mouse.up()
    expect(page.locator("#range-note")).to_contain_text("by the minute. Stands still.")
    assert re.search(r"\?from=\S+Z&to=\S+Z$", page.url)
    words = page.locator("#traffic-about").inner_text()
    assert re.fullmatch(r"(\w+ \d+, )?\d\d:\d\d – (\w+ \d+, )?\d\d:\d\d", words)
    eventually(lambda: set(texts(page, "#figures dt .soft")) == {words})
    page.reload()
    expect(page.locator("#traffic-about")).to_have_text(words)
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator("#traffic-about")).to_have_text("last hour")
    assert "from=" not in page.url


def test_an_old_link_to_a_zoom_opens_the_same_time(shop: Server, open_page: OpenPage) -> None:
    now = int(datetime.now(UTC).timestamp())
    page = open_page(f"{shop.url}/?range=5m&zoom={now - 10_800}-{now - 7_200}")
    expect(page.locator("#ranges input[value='custom']")).to_be_checked()
    expect(page.locator("#range-note")).to_contain_text("Stands still.")
    expect(page.locator("#range-note")).to_contain_text(", 1 h, by the hour")


def test_charts_share_the_cursor(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    over = page.locator("#charts .u-over").first
    over.hover(position={"x": 200, "y": 50})
    times = page.locator("#charts h3 time")
    eventually(lambda: re.fullmatch(r"(\w+ \d+, )?\d\d:\d\d", times.nth(0).inner_text()))
    eventually(lambda: len(set(texts(page, "#charts h3 time"))) == 1)  # a minute may end in between
    for chart in page.locator("#charts figure").all():
        chart.locator("summary").click()

        def shows_values_at_the_cursor(chart: Locator = chart) -> bool:
            over.hover(position={"x": 200, "y": 50})
            at = chart.locator("h3 time").get_attribute("title")
            row = chart.locator(f"tbody tr:has(th[title='{at}']) td")
            shown = chart.locator(".key:not([hidden]) .value").all_inner_texts()
            return shown == row.all_inner_texts()

        eventually(shows_values_at_the_cursor)  # the charts move on meanwhile


def test_shown_data_can_be_exported(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    for kind in ("services", "events", "hourly", "daily"):
        for form in ("CSV", "JSON"):
            with page.expect_download() as taken:
                page.get_by_role("link", name=f"Export {kind} as {form}").click()
            assert re.fullmatch(rf"{kind}-.*\.{form.lower()}", taken.value.suggested_filename)
            assert taken.value.path().stat().st_size > 100


def test_arrow_keys_move_the_cursor_and_announce_its_values(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    plot = page.get_by_role("slider").first
    expect(plot).to_have_attribute("aria-valuetext", re.compile("requests"))
    plot.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    second = plot.get_attribute("aria-valuetext") or ""
    page.keyboard.press("Home")
    assert re.fullmatch(r"(\w+ \d+, )?\d\d:\d\d: requests [\d.,]+/s, errors [\d.,]+/(s|min|h)", second)
    assert plot.get_attribute("aria-valuetext") != second
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Back to live")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Back to live")).to_be_hidden()


def test_the_heat_map_can_be_read_by_arrow_keys_and_pointer(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    summary, cells = page.locator("#heat-summary"), page.locator("#heat td.cell:not(.none)")
    expect(summary).to_contain_text("busiest hour")
    page.locator("#heat").locator("..").focus()
    page.keyboard.press("ArrowLeft")
    newest = summary.inner_text()
    assert summary.get_attribute("aria-live") == "polite"
    assert newest == page.locator("#heat .at").get_attribute("title")
    page.keyboard.press("ArrowDown")
    assert summary.inner_text() != newest
    page.keyboard.press("Tab")
    expect(summary).to_contain_text("busiest hour")
    cells.nth(30).hover()
    expect(summary).to_have_text(cells.nth(30).get_attribute("title") or "")


def test_services_are_sorted_and_filtered(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    names = "#services-table tbody tr:not([hidden]) a"
    eventually(lambda: len(texts(page, names)) == 10)
    page.get_by_role("button", name="Service", exact=True).click()
    assert texts(page, names) == sorted(texts(page, names))
    page.get_by_role("button", name="Service", exact=True).click()
    assert texts(page, names) == sorted(texts(page, names), reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Service")
    page.fill("#services-filter", "check")
    assert texts(page, names) == ["checkout"]
    page.reload()
    eventually(lambda: texts(page, names) == ["checkout"])
    page.fill("#services-filter", "nobody")
    expect(page.locator("#services-none")).to_have_text("No service matches “nobody”.")


def test_a_click_opens_a_service_and_back_closes_it(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    page.get_by_role("link", name="search", exact=True).first.click()
    expect(page.locator("#scope-title")).to_have_text("search")
    assert "service=search" in page.url
    full = shop.get("/services/search/metrics")
    eventually(
        lambda: [each["endpoint"] for each in full["endpoints"]] == texts(page, "#detail .rows th[scope=row]")[:1]
    )
    for metric in full["metrics"]:
        expect(page.get_by_role("rowheader", name=metric, exact=True)).to_be_visible()
    expect(page.locator("#detail .percentiles")).to_contain_text("p99")
    eventually(lambda: set(texts(page, "#feed .of")) == {"search"})
    expect(page.locator("#overview")).to_be_hidden()
    expect(page).to_have_title(re.compile(r"^(🔔 \d+ · )?(\(\d+\) )?search – Analytics$"))
    with page.context.expect_page() as another:
        page.get_by_role("link", name="← All services").click(modifiers=["Control"])
    assert "service=" not in another.value.url
    assert "service=search" in page.url
    page.go_back()
    expect(page.locator("#overview")).to_be_visible()
    eventually(lambda: len(set(texts(page, "#feed .of"))) > 1)


def test_everything_can_be_reached_by_keyboard(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url)
    eventually(lambda: len(texts(page, "#services-table tbody tr")) == 10)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(e => e.id || e.getAttribute('aria-label') || e.innerText)(document.activeElement)")
        )
    assert reached[0] == "Skip to the dashboard"
    assert [name for name in reached if "cursor, moved by arrow keys" in name] == [
        "Requests and errors: cursor, moved by arrow keys",
        "Latency: cursor, moved by arrow keys",
        "Active users: cursor, moved by arrow keys",
    ]
    for name in ("last hour", "compare", "services-filter", "Export services as CSV", "Error rate"):
        assert name in reached
    page.keyboard.press("Enter")
    if "service=" not in page.url:  # until the focus is on a service
        page.locator("#services-table tbody a").first.focus()
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "scope-title"


def test_dropped_messages_are_shown(shop: Server, open_page: OpenPage) -> None:
    def send(socket: WebSocketRoute) -> None:
        upstream = socket.connect_to_server()
        upstream.on_message(lambda text: socket.send(text))
        late = {"id": "x", "type": "late", "service": "slow", "timestamp": datetime.now(UTC).isoformat()}
        socket.send(json.dumps({"type": "event", "seq": 1, "dropped": 7, "data": late}))
        socket.send(json.dumps({"type": "dashboard_update", "seq": 1, "dropped": 5, "data": shop.get("/dashboard")}))

    page = open_page(shop.url)
    page.route_web_socket("**/ws/dashboard*", send)
    page.reload()
    expect(page.locator("#events-note")).to_contain_text("12 events dropped")
