"""The page Traces: what it finds, draws and compares, and its map."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage, fit, texts
from tests.page.records import AROUND, CHECKOUT, LONG, SPANS, at, drag, serving_records
from tests.page.test_trust import check_accessible


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_records(tmp_path_factory.mktemp("records")) as url:
        yield url


CHECKOUT_ROW = {"trace_id": CHECKOUT, "start": at(0), "duration_ms": 100, "errors": 1}

OTHER_ROW = {"trace_id": LONG, "start": at(0), "duration_ms": 5, "errors": 1}

COLORS = """() => {
  const of = (element, pseudo) => getComputedStyle(element, pseudo).backgroundColor;
  const legend = [...document.querySelectorAll('#legend li')].map((each) => [each.innerText, of(each, '::before')]);
  const bars = [...document.querySelectorAll('.bar-of')].map((each) => of(each));
  return { legend: Object.fromEntries(legend), bars };
}"""


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
    drag(page, (box["x"] + 60, box["y"] + 70), (box["x"] + 80, box["y"] + 72))
    expect(page.locator("#none")).to_be_visible()
    expect(page.locator("#traces")).to_be_hidden()
    expect(page.locator("[name=span]")).to_have_value("own")


@pytest.mark.parametrize("status", ["", "&status=error"])
def test_an_area_of_the_scatter_narrows_to_the_traces_in_it(url: str, open_page: OpenPage, status: str) -> None:
    """Also where the span that matches the other filters is shorter than its trace."""
    page = open_page(f"{url}/tracing?{AROUND}{status}")
    dot = page.locator("#scatter circle.failed")
    box = dot.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, (x - 20, y + 14), (x + 20, y - 4))
    expect(page.locator("[name=max]")).not_to_have_value("")
    expect(page.locator("#traces tbody tr")).to_have_count(1)
    expect(page.locator("#traces tbody tr")).to_contain_text("POST /checkout")
    expect(dot).to_have_count(1)
    dot.click()
    expect(page.locator("#trace-about")).to_contain_text("4 spans")


def test_a_trace_is_a_waterfall_with_details_lines_and_a_download(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    expect(page.locator("#trace-about")).to_have_text("100 ms, 4 spans, 1 failed")
    assert names(page) == ["frontend POST /checkout", "frontend call pay", "pay POST /pay", "pay SELECT"]
    expect(page.locator("#legend li")).to_have_text(["frontend", "pay"])
    colors = page.evaluate(COLORS)
    assert colors["bars"] == [colors["legend"][service] for service in ("frontend", "frontend", "pay", "pay")]
    assert len(set(colors["legend"].values())) == 2
    assert [text.split()[0] for text in texts(page, ".row .name b")] == ["frontend", "frontend", "pay", "pay"]
    expect(page.locator("#ruler span").first).to_have_text("0 ms")
    expect(page.locator("#ruler span").last).to_have_text("100 ms")
    expect(page.locator(".row .failed")).to_have_text("failed")
    assert page.locator(".critical").count() >= 4
    expect(page.locator(".logged")).to_have_count(1)
    expect(page.locator("#its-lines")).to_have_text("1 log line")
    page.focus("#waterfall")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#details-title")).to_have_text("pay POST /pay")
    details = page.locator("#details")
    expect(details).to_contain_text("error: card declined")
    expect(details).to_contain_text("the clock of this service differs")
    for title, fact in (("Attributes", "http.route"), ("retry at ", "attempt"), ("Resource", "1.4.2")):
        expect(details.locator("section", has_text=title)).to_contain_text(fact)
    expect(details.get_by_role("button")).to_have_text(f"Linked trace {LONG}")
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


def test_the_spans_of_a_trace_are_a_tree_for_the_keyboard(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    tree, title = page.get_by_role("tree"), page.locator("#details-title")
    expect(title).to_have_text("frontend POST /checkout")
    tree.focus()
    for key, selected in (
        ("End", "pay SELECT"),
        ("ArrowLeft", "pay POST /pay"),  # it has nothing to fold
        ("ArrowUp", "frontend call pay"),
        ("ArrowRight", "pay POST /pay"),
    ):
        page.keyboard.press(key)
        expect(title).to_have_text(selected)
    page.keyboard.press("ArrowLeft")
    assert names(page) == ["frontend POST /checkout", "frontend call pay", "pay POST /pay"]
    folded = page.get_by_role("treeitem", expanded=False)
    expect(folded).to_have_attribute("aria-selected", "true")
    expect(folded).to_have_attribute("id", tree.get_attribute("aria-activedescendant") or "")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".row")).to_have_count(4)
    page.keyboard.press("End")
    page.locator(".row", has_text="call pay").locator(".fold").click()
    expect(title).to_have_text("frontend call pay")  # what was selected is out of sight


def test_two_traces_are_compared(url: str, open_page: OpenPage) -> None:
    other = requests.get(f"{url}/traces/{CHECKOUT}", timeout=10).json()
    root, call, pay, _ = other["spans"]
    root["end_ns"], pay["status"] = root["start_ns"], "ok"
    rows = [{**call, "span_id": f"{number:016x}", "name": f"row {number}"} for number in range(10, 1_100)]
    other["spans"] = [root, call, pay, *rows]
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    page.route(f"**/traces/{LONG}", lambda route: route.fulfill(json=other))
    page.fill("#other", f"https://elsewhere/tracing?trace={LONG}")
    page.click("#compare button")
    compared = page.locator("#compared tbody tr")
    expect(compared).to_have_count(1_000)
    expect(compared.first).to_have_text("frontend POST /checkout100 ms0 ms−100 ms")
    expect(compared.nth(2)).to_have_text("pay POST /pay40 ms, failed40 ms+0 ms")
    expect(compared.nth(3)).to_have_text("pay SELECT20 ms–−20 ms")
    expect(page.locator("#comparison-about")).to_contain_text("100 ms and 70 ms; the first 1,000 of 1,094 rows")
    page.get_by_role("link", name="First").click()
    expect(page.locator("#trace-title")).to_have_text("frontend POST /checkout")
    page.go_back()
    page.click("#back-too")
    expect(page.locator("#traces tbody tr")).to_have_count(2)


def test_traces_of_the_same_operation_are_offered_to_compare_with(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?trace={CHECKOUT}")
    page.route("**/traces?*operation=POST*", lambda route: route.fulfill(json={"traces": [CHECKOUT_ROW, OTHER_ROW]}))
    page.reload()
    expect(page.locator("#others option")).to_have_count(1)
    expect(page.locator("#others option")).to_have_attribute("value", LONG)
    expect(page.locator("#others option")).to_contain_text("5 ms, failed")


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


def test_the_map_leads_to_the_traces_of_a_service(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing?show=map")
    expect(page.locator("#map-about")).to_have_text("3 services, 2 connections.")
    expect(page.locator(".node.outside")).to_have_attribute("aria-label", "postgresql 4/d · p95 20 ms")
    expect(page.locator(".edge.failed")).to_have_count(1)
    expect(page.locator("#calls tbody tr")).to_contain_text(["frontendpay", "paypostgresql4/d20 ms"])
    expect(page.locator("#calls tbody tr").first).to_contain_text("100.0%")
    page.focus(".node >> nth=0")
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_visible()
    assert page.input_value("[name=service]")


GRAPH = {
    "services": [
        {
            "name": f"service-with-a-long-name-{number:02}",
            "is_outside": number > 50,
            "requests": 123_456_789 - number,
            "errors": 123_456_789 - number,
            "requests_per_second": 12_345.678,
            "p95_ms": 123_456.7,
        }
        for number in range(60)
    ],
    "calls": [
        {
            "from": f"service-with-a-long-name-{number:02}",
            "to": f"service-with-a-long-name-{(number * 7 + 3) % 60:02}",
            "requests": 5 + number,
            "errors": number % 2,
            "requests_per_second": 0.5,
            "p95_ms": None,
        }
        for number in range(60)
    ],
}

OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll('.node rect')].map((each) => each.getBoundingClientRect());
  const isApart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  return boxes.flatMap((a, place) => boxes.slice(place + 1).filter((b) => !isApart(a, b))).length;
}"""

CUT = """() => [...document.querySelectorAll('.node .soft')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map((each) => each.textContent)"""


def test_a_map_of_50_services_has_no_overlap(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/tracing")
    page.route("**/services/graph?*", lambda route: route.fulfill(json=GRAPH))
    page.locator("#tabs").get_by_role("link", name="Map").click()
    expect(page.locator("#map-about")).to_have_text("60 services, 60 connections. The 50 busiest of 60 are drawn.")
    expect(page.locator(".node")).to_have_count(50)
    expect(page.locator("#calls tbody tr")).to_have_count(60)
    assert page.evaluate(OVERLAPS) == 0
    assert page.evaluate(CUT) == []
    fit(page, 390)
    check_accessible(page)


def test_a_service_leads_to_its_traces_and_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/?service=pay&range=3h")
    links = page.locator("#traffic-records")
    links.get_by_role("link", name="slowest traces").click()
    expect(page.locator("#traces tbody tr")).to_contain_text(["POST /checkout"])
    assert (page.input_value("[name=service]"), page.input_value("[name=order]")) == ("pay", "slowest")
    page.go_back()
    links.get_by_role("link", name="failed traces").click()
    expect(page.locator("#traces tbody tr")).to_contain_text(["POST /checkout"])
    assert (page.input_value("[name=service]"), page.input_value("[name=status]")) == ("pay", "error")
    page.go_back()
    links.get_by_role("link", name="error lines").click()
    expect(page.locator(".line .body")).to_have_text(["card declined"])
    assert page.input_value("[name=service]") == "pay"
