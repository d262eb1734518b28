"""The pages Logs, Traces and Errors: what they find, draw and link to."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage, fit, post_events
from tests.page.test_trust import check_accessible_in_both_themes
from tests.server import Server

WIDTHS = (320, 390, 768, 1280, 1920)
START = datetime.now(UTC) - timedelta(minutes=5)
CHECKOUT, LONG = "a" * 32, "b" * 32
SPANS = 10_000


def at(milliseconds: float) -> str:
    return (START + timedelta(milliseconds=milliseconds)).isoformat()


def span(trace: str, number: int, parent: int, service: str, name: str, start: float, **more: Any) -> dict[str, Any]:
    given = {"trace_id": trace, "span_id": f"{number:016x}", "service": service, "name": name, "start": at(start)}
    return {**given, **({"parent_id": f"{parent:016x}"} if parent else {}), **more}


CALL = [
    span(CHECKOUT, 1, 0, "frontend", "POST /checkout", 0, duration_ms=100, kind="server"),
    span(CHECKOUT, 2, 1, "frontend", "call pay", 10, duration_ms=60, kind="client"),
    span(
        CHECKOUT,
        3,
        2,
        "pay",
        "POST /pay",
        500,  # its clock is ahead
        duration_ms=40,
        kind="server",
        status="error",
        status_message="card declined",
        attributes={"http.route": "/pay"},
    ),
    span(CHECKOUT, 4, 3, "pay", "SELECT", 505, duration_ms=20, kind="client", attributes={"db.system": "postgresql"}),
]


def line(body: str, milliseconds: float, **more: Any) -> dict[str, Any]:
    return {"service": "pay", "message": body, "timestamp": at(milliseconds), "level": "info", **more}


LINES = [
    line("card \x1b[31mdeclined\x1b[0m", 510, level="error", trace_id=CHECKOUT, span_id=f"{3:016x}"),
    line('{"order": 7, "items": [1, 2]}', 520, attributes={"order_id": "ORDER-7"}),
    *(line(f"charged {number} EUR", 600 + number, service="bank") for number in range(250)),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with lines and spans, one trace of which has 10,000."""
    folder: Path = tmp_path_factory.mktemp("records")
    long = [span(LONG, 1, 0, "batch", "import", 1_000, duration_ms=20_000)]
    long += [span(LONG, n, 1, "batch", f"row {n}", 1_000 + n, duration_ms=2) for n in range(2, SPANS + 1)]
    with Server(folder / "log", {"ANALYTICS_SPANS_RATE": "0"}) as server:
        post_events(
            server, [{"type": "order", "service": "frontend", "timestamp": at(0), "data": {"trace_id": CHECKOUT}}]
        )
        for path, items in (("/spans", CALL), ("/spans", long), ("/logs", LINES)):
            for first in range(0, len(items), 5_000):
                receipt = server.post(path, items[first : first + 5_000]).json()
                assert receipt["rejected"] == 0, receipt
        yield server.url


def fingerprint(url: str) -> str:
    """The group of the newest error."""
    found: str = requests.get(f"{url}/errors", timeout=10).json()["groups"][0]["fingerprint"]
    return found


def names(page: Page) -> list[str]:
    return page.locator(".row").evaluate_all("rows => rows.map((row) => row.title)")  # type: ignore[no-any-return]


def test_traces_are_listed_drawn_and_narrowed(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing")
    expect(page.locator("#traces tbody tr")).to_have_count(2)
    expect(page.locator("#scatter circle")).to_have_count(2)
    expect(page.locator("#scatter circle.failed")).to_have_count(1)
    page.select_option("[name=status]", "error")
    expect(page.locator("#traces tbody tr")).to_have_count(1)
    page.fill("[name=attribute]", "http.route=/pay")
    page.click("#filters button")
    expect(page.locator("#traces tbody tr td").nth(2)).to_have_text("POST /checkout")
    page.go_back()
    page.go_back()
    expect(page.locator("#traces tbody tr")).to_have_count(2)
    box = page.locator("#scatter svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 70)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 72)
    page.mouse.up()
    expect(page.locator("#none")).to_be_visible()
    expect(page.locator("[name=span]")).to_have_value("own")


def test_a_trace_is_a_waterfall_with_details_lines_and_a_download(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    expect(page.locator("#trace-about")).to_have_text("100 ms, 4 spans, 1 failed")
    assert names(page) == ["frontend POST /checkout", "frontend call pay", "pay POST /pay", "pay SELECT"]
    expect(page.locator("#legend li")).to_have_text(["frontend", "pay"])
    assert page.locator(".critical").count() >= 4
    expect(page.locator(".mark")).to_have_count(1)
    expect(page.locator("#its-lines")).to_have_text("1 log line")
    page.focus("#waterfall")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#details-title")).to_have_text("pay POST /pay")
    details = page.locator("#details")
    expect(details).to_contain_text("error: card declined")
    expect(details).to_contain_text("the clock of this service differs")
    expect(details).to_contain_text("http.route")
    page.keyboard.press("ArrowLeft")
    assert names(page) == ["frontend POST /checkout", "frontend call pay", "pay POST /pay"]
    page.keyboard.press("ArrowRight")
    expect(page.locator(".row")).to_have_count(4)
    with page.expect_download() as waiting:
        page.click("#json")
    assert json.loads(Path(waiting.value.path()).read_text())["trace_id"] == CHECKOUT
    page.click("#its-lines")
    expect(page.locator(".line .body")).to_have_text("card declined")
    for name, lines in (("Its lines", "1 line"), ("All lines of the service then", "2 lines")):
        page.go_back()
        page.locator(".row", has_text="POST /pay").click()
        details.get_by_role("link", name=name).click()
        expect(page.locator("#lines-about")).to_have_text(lines)


def test_two_traces_are_compared(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    page.fill("#other", CHECKOUT)
    page.click("#compare button")
    expect(page.locator("#compared tbody tr")).to_have_count(4)
    expect(page.locator("#compared tbody tr").first).to_contain_text("frontend POST /checkout100 ms100 ms+0 ms")
    page.click("#back-too")
    expect(page.locator("#traces tbody tr")).to_have_count(2)


def test_10_000_spans_are_few_elements(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={LONG}")
    expect(page.locator("#trace-about")).to_contain_text("10000 spans")
    expect(page.locator(".row").first).to_contain_text("import")
    assert page.locator(".row").count() < 100
    page.focus("#waterfall")
    page.keyboard.press("End")
    expect(page.locator("#details-title")).to_have_text(f"batch row {SPANS}")
    assert page.locator(".row").count() < 100


def test_an_unknown_trace_is_said_to_be_unknown(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={'f' * 32}", outages=True)
    expect(page.locator("#problem")).to_contain_text("There is no such trace")


def test_what_the_service_answers_is_said_until_another_view_is_shown(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging", outages=True)
    expect(page.locator(".line")).to_have_count(200)
    answer = {"error": {"code": "query_timeout", "message": "Ask for a shorter time.", "fields": {}}}
    page.route("**/logs?*service=slow*", lambda route: route.fulfill(status=503, json=answer))
    page.fill("[name=service]", "slow")
    page.click("#filters button")
    expect(page.locator("#problem")).to_have_text("Ask for a shorter time.")
    page.go_back()
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("[name=service]")).to_have_value("")


def test_only_the_main_button_chooses_a_time(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging")
    expect(page.locator("#bars .level-error")).to_have_count(1)
    box = page.locator("#bars svg").bounding_box()
    assert box is not None
    for button in ("right", "left"):
        page.mouse.move(box["x"] + 60, box["y"] + 20)
        page.mouse.down(button=button)
        page.mouse.move(box["x"] + 200, box["y"] + 20)
        assert page.locator("#bars .brush").is_visible() == (button == "left")
        page.mouse.up(button=button)
    expect(page.locator("[name=span]")).to_have_value("own")


def test_a_filter_that_is_typed_in_stays_when_errors_are_loaded_again(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing", script="const wait = setInterval; setInterval = (act) => wait(act, 100);")
    expect(page.locator("#groups > li")).to_have_count(2)
    page.locator("[name=service]").press_sequentially("pa")
    for _ in range(2):
        with page.expect_response("**/errors?*"):
            pass
    expect(page.locator("[name=service]")).to_have_value("pa")


def test_the_map_leads_to_the_traces_of_a_service(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?show=map")
    expect(page.locator("#map-about")).to_have_text("3 services, 2 connections.")
    expect(page.locator(".node.outside")).to_have_attribute("aria-label", "postgresql 3.97/d · 20 ms")
    expect(page.locator(".edge.failed")).to_have_count(1)
    page.focus(".node >> nth=0")
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_visible()
    assert page.input_value("[name=service]")


def test_lines_have_bars_fields_patterns_and_older_ones(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging")
    expect(page.locator("#lines-about")).to_have_text("252 lines")
    expect(page.locator("#bars .level-error")).to_have_count(1)
    expect(page.locator(".line")).to_have_count(200)
    page.evaluate("() => { const older = document.getElementById('older'); older.click(); older.click(); }")
    expect(page.locator("#older")).to_be_hidden()
    expect(page.locator(".line")).to_have_count(252)
    expect(page.locator("#patterns tbody tr").first).to_contain_text("charged <_> EUR")
    page.click("#fields details:has-text('service') .value:has-text('pay')")
    expect(page.locator(".line .body")).to_have_text(['{"order": 7, "items": [1, 2]}', "card declined"])
    assert page.input_value("[name=q]") == "service:pay"
    page.select_option("[name=severity]", "error")
    expect(page.locator(".line")).to_have_count(1)


def test_a_line_opens_with_its_fields_json_context_and_trace(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=pay")
    page.click(".line >> nth=0 >> summary")
    expect(page.locator(".line[open] .json")).to_contain_text('"order": 7')
    page.click(".line[open] button:has-text('Lines around it')")
    expect(page.locator("#context .line")).to_have_count(2)
    expect(page.locator("#context .chosen")).to_have_count(1)
    page.click("#context-close")
    page.click("[aria-label='Only lines without attributes.order_id ORDER-7']")
    expect(page.locator("#lines .line")).to_have_count(1)
    page.click("#lines .line >> nth=0 >> summary")
    page.click(".line[open] a:has-text('Its trace')")
    expect(page.locator("#trace-about")).to_contain_text("4 spans")


def test_lines_are_wrapped_and_downloaded(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=bank")
    expect(page.locator(".line")).to_have_count(200)
    page.click("#wrap")
    expect(page.locator("#wrap")).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as waiting:
        page.click("#download")
    found = [json.loads(each) for each in Path(waiting.value.path()).read_text().splitlines()]
    assert [each["body"] for each in found] == [f"charged {number} EUR" for number in reversed(range(250))]


def test_new_lines_come_live_and_wait_during_a_pause(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=live")
    expect(page.locator("#none")).to_be_visible()
    page.click("#live")
    expect(page.locator("#tail-state")).to_have_text("Live")

    def send(body: str) -> None:
        answer = requests.post(f"{url}/logs", json={"service": "live", "message": body}, timeout=10)
        assert answer.status_code == 201, answer.text

    send("first")
    expect(page.locator(".line .body")).to_have_text(["first"])
    page.click("#pause")
    expect(page.locator("#tail-state")).to_have_text("Paused")
    send("second")
    page.wait_for_timeout(300)
    expect(page.locator(".line .body")).to_have_text(["first"])
    page.click("#pause")
    expect(page.locator(".line .body")).to_have_text(["second", "first"])


def test_an_event_leads_to_its_trace_and_a_time_to_its_traces_and_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(url)
    page.locator("#feed summary").click()
    page.locator("#feed").get_by_role("link", name="Its trace").click()
    expect(page.locator("#trace-about")).to_contain_text("4 spans")
    page.go_back()
    times = page.locator("#traffic-records li")
    expect(times).to_have_count(1)
    times.get_by_role("link", name="failed traces").click()
    expect(page.locator("#traces tbody tr")).to_have_count(1)
    page.go_back()
    page.locator("#charts .u-over").first.click()
    expect(times).to_have_count(2)
    href = times.last.get_by_role("link", name="all lines").get_attribute("href") or ""
    asked = dict(parse_qsl(href.partition("?")[2]))
    length = datetime.fromisoformat(asked["to"]) - datetime.fromisoformat(asked["from"])
    assert length in (timedelta(seconds=1), timedelta(minutes=1)), "one bucket of the chart"


def test_groups_of_errors_lead_to_their_traces_and_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing")
    expect(page.locator("#groups-about")).to_have_text("2 groups")
    group = page.locator("#groups > li", has_text="failed request")
    expect(group.locator("summary")).to_contain_text("1 ×open")
    group.locator("summary").click()
    expect(group.locator(".samples tbody tr")).to_have_count(1)
    expect(group.locator(".message")).to_have_text("card declined")
    assert "group=" in page.url
    group.get_by_role("link", name="Its trace").click()
    expect(page.locator("#trace-about")).to_contain_text("4 spans")
    page.go_back()
    group.get_by_role("link", name="Its lines").click()
    expect(page.locator(".line .body")).to_have_text(["card declined"])
    page.go_back()
    group.get_by_role("link", name="Failed traces").click()
    expect(page.locator("#traces tbody tr")).to_have_count(1)


def test_a_group_of_errors_is_resolved_and_opened_again(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing?service=pay")
    group = page.locator("#groups > li", has_text="log line")
    group.locator("summary").click()
    group.get_by_label("Who takes care of it").fill("ada")
    group.get_by_role("button", name="Assign").click()
    expect(group.locator(".of-group")).to_have_text("open, ada")
    group.locator("summary").click()
    group.get_by_role("button", name="Resolve").click()
    expect(group).to_have_count(0)
    expect(page.locator("#groups > li")).to_have_count(1)
    page.select_option("[name=state]", "resolved")
    expect(group.locator(".of-group")).to_have_text("resolved, ada")
    group.locator("summary").click()
    group.get_by_role("button", name="Open again").click()
    expect(page.locator("#none")).to_be_visible()
    page.go_back()
    expect(page.locator("#groups > li")).to_have_count(2)


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        ("/tracing", "#traces tbody tr"),
        (f"/tracing?trace={CHECKOUT}", ".row"),
        ("/tracing?show=map", ".node"),
        ("/logging?service=pay", "#patterns tbody tr"),
        ("/failing?group=", ".samples tbody tr"),
    ],
)
def test_the_pages_are_accessible_and_fit_every_width(url: str, open_page: OpenPage, path: str, ready: str) -> None:
    page = open_page(url + path + (fingerprint(url) if path.endswith("group=") else ""))
    expect(page.locator(ready).first).to_be_visible()
    check_accessible_in_both_themes(page)
    for width in WIDTHS:
        fit(page, width)
