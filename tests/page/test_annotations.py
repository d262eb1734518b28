"""Annotations on the page: drawn in every chart, listed, added, deleted, and seen by other pages too."""

import json
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, fit, post_events, texts
from tests.page.test_trust import check_accessible
from tests.server import Server

ROWS = "#annotations-list li"
REQUEST = {"type": "request", "service": "web", "user_id": "u", "data": {"status": 200, "latency": 5}}
MARKED = """(canvas, color) => {
  const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const wanted = context.getImageData(0, 0, 1, 1).data;
  context.clearRect(0, 0, 1, 1);
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if ([0, 1, 2].every(part => Math.abs(data[at + part] - wanted[part]) < 24) && data[at + 3] > 128) found += 1;
  }
  return found;
}"""
"""The number of pixels of a canvas that have a colour."""


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def annotate(server: Server, text: str, **fields: Any) -> None:
    answer = requests.post(f"{server.url}/annotations", json={"text": text, **fields}, timeout=10)
    assert answer.status_code == 201, answer.text


@pytest.fixture
def server(start_server: StartServer) -> Server:
    server = start_server()
    fill(server)
    return server


def fill(server: Server) -> None:
    """Record requests of 50 minutes from two services."""
    post_events(
        server, [{**REQUEST, "timestamp": ago(minutes=m), "service": s} for m in range(50) for s in ("web", "a")]
    )


def marked(page: Page) -> list[int]:
    """The number of pixels of each chart that have the colour of annotations."""
    color = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--mark').trim()")
    canvases = page.locator(":is(.u-wrap, .marked) canvas")
    return [canvases.nth(place).evaluate(MARKED, color) for place in range(canvases.count())]


def test_annotations_are_drawn_in_every_chart_and_appear_live(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url, impatient=True)
    expect(page.locator(".u-wrap")).to_have_count(4)
    expect(page.locator("#annotations-note")).to_have_text("None in this range.")
    assert marked(page) == [0, 0, 0, 0]
    annotate(
        server, "Deploy 1.4.2", time=ago(minutes=20), service="web", tags=["deploy"], link="https://ci.example/142"
    )
    annotate(server, "Slow payments", time=ago(minutes=9), end=ago(minutes=4))
    annotate(server, "Long ago", time=ago(days=30))
    expect(page.locator(ROWS)).to_have_count(2)
    eventually(lambda: all(count > 20 for count in marked(page)))
    for chart, marks in (("#charts figure", 2), ("#days figure", 2)):
        for place in range(page.locator(chart).count()):
            expect(page.locator(chart).nth(place).locator(".mark")).to_have_count(marks)
    assert re.fullmatch(
        r"(\w+ \d+, )?\d\d:\d\d(:\d\d)? Deploy 1\.4\.2 web #deploy ci\.example Delete",
        " ".join(texts(page, ROWS)[1].split()),
    )
    expect(page.locator(ROWS).first.locator("time")).to_have_text(re.compile("^.+ – .+, 5 min$"))
    expect(page.locator(ROWS).last.get_by_role("link")).to_have_attribute("href", "https://ci.example/142")


def test_a_mark_shows_its_annotation_to_pointer_and_keyboard(server: Server, open_page: OpenPage) -> None:
    annotate(
        server, "Deploy 1.4.2", time=ago(minutes=20), service="web", tags=["deploy"], link="https://ci.example/142"
    )
    page = open_page(server.url)
    mark = page.locator("#charts .mark").first
    tip = mark.locator(".tip")
    expect(tip).to_be_hidden()
    mark.get_by_role("button").hover()
    expect(tip).to_contain_text(re.compile("Deploy 1.4.2 web #deploy ci.example"))
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    mark.get_by_role("button").focus()
    expect(tip).to_be_visible()
    expect(mark.get_by_role("button")).to_have_accessible_name(re.compile("Annotation: .*Deploy 1.4.2 web #deploy"))
    page.keyboard.press("Tab")
    expect(tip.get_by_role("link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_annotations_close_together_share_a_mark(server: Server, open_page: OpenPage) -> None:
    for number in range(8):
        annotate(server, f"Step {number}", time=ago(minutes=20, seconds=-number))
    page = open_page(server.url)
    mark = page.locator("#charts figure").first.locator(".mark")
    expect(mark).to_have_count(1)
    mark.get_by_role("button").focus()
    expect(mark.locator("p")).to_have_count(6)
    expect(mark.locator("p").first).to_contain_text("Step 7")
    expect(mark.locator("p").last).to_have_text("and 3 more")


def test_an_annotation_is_added_at_the_cursor_and_deleted(server: Server, open_page: OpenPage) -> None:
    page, other = open_page(server.url, outages=True), open_page(server.url, impatient=True)
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    chart = page.get_by_role("slider").first
    chart.focus()
    for _ in range(6):
        chart.press("ArrowLeft")
    pointed = page.locator("#charts h3 time").first.inner_text()
    add = page.get_by_role("button", name="Add annotation")
    add.click()
    form = page.get_by_role("form", name="Add annotation")
    expect(form.get_by_label("What happened")).to_be_focused()
    assert pointed.endswith(form.get_by_label("When").input_value()[11:16]), "it may be of the day before"
    form.get_by_label("What happened").fill("Deploy 7")
    form.get_by_label("Service").fill("web")
    form.get_by_label("Tags").fill("x" * 65)
    form.get_by_label("Link").fill("https://ci.example/7")
    form.get_by_label("Until").fill("2020-01-01T00:00:00")
    form.get_by_role("button", name="Add").click()
    assert form.get_by_label("Until").evaluate("input => input.validity.rangeUnderflow")
    form.get_by_label("Until").fill("")
    form.get_by_role("button", name="Add").click()
    expect(form.get_by_role("alert")).to_have_text("tags.0: Must be 1 to 64 characters long.")
    form.get_by_label("Tags").fill("deploy, blue ,")
    form.get_by_role("button", name="Add").click()
    expect(form).to_be_hidden()
    expect(add).to_be_focused()
    (kept,) = server.get("/annotations")["annotations"]
    assert (kept["text"], kept["service"], kept["tags"]) == ("Deploy 7", "web", ["deploy", "blue"])
    for each in (page, other):
        expect(each.locator(ROWS)).to_contain_text(["Deploy 7"])
    remove = page.get_by_role("button", name="Delete Deploy 7")
    remove.click()
    expect(remove).to_have_text("Delete it?")
    assert len(server.get("/annotations")["annotations"]) == 1
    remove.click()
    for each in (page, other):
        expect(each.locator(ROWS)).to_have_count(0)
        expect(each.locator("#charts .mark")).to_have_count(0)
    add.click()
    chart.click(position={"x": 120, "y": 60})
    picked = form.get_by_label("When").input_value()
    assert datetime.fromisoformat(picked) < datetime.fromisoformat(kept["time"]).replace(tzinfo=None)
    page.keyboard.press("Escape")
    form.get_by_label("What happened").press("Escape")
    expect(form).to_be_hidden()


def test_an_opened_service_shows_its_annotations_and_global_ones(server: Server, open_page: OpenPage) -> None:
    for text, service in (("of web", "web"), ("of a", "a"), ("of all", None)):
        annotate(server, text, service=service)
    page = open_page(f"{server.url}/?service=web")
    expect(page.locator(f"{ROWS} .text")).to_have_text(["of all", "of web"])
    page.get_by_role("button", name="Add annotation").click()
    expect(page.get_by_role("form").get_by_label("Service")).to_have_value("web")
    page.get_by_role("link", name="← All services").click()
    expect(page.locator(ROWS)).to_have_count(3)


def test_annotations_of_files_cannot_be_deleted_and_text_is_escaped(
    start_server: StartServer, open_page: OpenPage, tmp_path: Any
) -> None:
    html = "<img src=x onerror=\"document.body.dataset.pwned='1'\">"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "own.yaml").write_text(
        f"annotations:\n  own:\n    text: '{html.replace(chr(39), chr(39) * 2)}'\n"
    )
    server = start_server({"ANALYTICS_CONFIG_DIR": str(tmp_path / "config")})
    post_events(server, [REQUEST])
    page = open_page(server.url)
    expect(page.locator(f"{ROWS} .text")).to_have_text(html)
    expect(page.locator(ROWS)).to_contain_text("from own.yaml")
    assert page.locator(f"{ROWS} button").count() == 0
    assert page.locator("#main img").count() == 0
    check_accessible(page)


def test_future_annotations_do_not_hide_current_ones_and_a_limit_is_shown(
    start_server: StartServer, open_page: OpenPage, tmp_path: Any
) -> None:
    (tmp_path / "config").mkdir()
    folder = tmp_path / "config"
    for name, ahead in (("planned", timedelta(days=300)), ("present", timedelta(minutes=-10))):
        at = (datetime.now(UTC) + ahead).isoformat()
        bodies = {f"{name}-{number}": {"text": name, "time": at} for number in range(1_001)}
        (folder / f"{name}.json").write_text(json.dumps({"annotations": bodies if name == "planned" else {}}))
    server = start_server({"ANALYTICS_CONFIG_DIR": str(folder)})
    post_events(server, [REQUEST])
    annotate(server, "Deploy", time=ago(minutes=2))
    page = open_page(f"{server.url}/?range=1h", impatient=True)
    expect(page.locator("#annotations-note")).to_have_text("1 annotation")
    expect(page.locator(f"{ROWS} .text")).to_have_text("Deploy")
    (folder / "present.json").write_text(json.dumps({"annotations": bodies}))
    server.process.send_signal(signal.SIGHUP)
    note = (
        "the newest 50 of 1,000 in this range; only the newest 1,000 are loaded, choose a shorter range to see others"
    )
    expect(page.locator("#annotations-note")).to_have_text(note)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two annotations with long words."""
    with Server(tmp_path_factory.mktemp("long") / "server.log") as server:
        fill(server)
        annotate(
            server,
            "Deploy " + "of everything " * 30,
            time=ago(minutes=1),
            tags=["deploy"] * 20,
            link="https://ci.example",
        )
        annotate(server, "W" * 300, time=ago(minutes=30), service="web")
        yield server


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 768), ("dark", 1920)])
def test_annotations_are_accessible_and_fit(long: Server, open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page(long.url, color_scheme=scheme, viewport={"width": width, "height": 844})
    expect(page.locator("#charts figure").first.locator(".mark")).to_have_count(2)
    page.get_by_role("button", name="Add annotation").click()
    expect(page.get_by_label("What happened")).to_be_focused()
    for place in range(2):
        page.locator("#charts figure").first.locator(".mark button").nth(place).focus()
        tip = page.locator("#charts figure").first.locator(".tip").nth(place)
        box = tip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    check_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_printed_pages_have_annotations_but_no_buttons(server: Server, open_page: OpenPage) -> None:
    annotate(server, "Deploy 1.4.2", time=ago(minutes=20))
    page = open_page(server.url)
    page.get_by_role("button", name="Add annotation").click()
    expect(page.locator(ROWS)).to_have_count(1)
    page.emulate_media(media="print")
    expect(page.locator(f"{ROWS} .text")).to_be_visible()
    for hidden in (".mark", f"{ROWS} button", "#annotations-form", "#annotations-add"):
        expect(page.locator(hidden).first).to_be_hidden()
    eventually(lambda: min(marked(page)) > 5)  # charts are drawn again for printing


CHARTS = {"logging?": "#bars", "tracing?": "#scatter", "explore?span=custom&interval=minute&": "#chart"}
"""The charts over time of pages beside the dashboard."""


@pytest.fixture(scope="module")
def with_records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lines and traces of a quarter of an hour, and annotations of two services."""
    folder = tmp_path_factory.mktemp("records")
    with Server(folder / "log", {"ANALYTICS_DATA_DIR": str(folder / "data")}) as server:
        fill(server)
        minutes = [ago(minutes=m) for m in range(15)]
        assert server.post("/logs", [{"service": "web", "message": "hi", "timestamp": at} for at in minutes]).ok
        span = {"service": "web", "span_id": "1" * 16, "name": "GET", "duration_ms": 20}
        spans = [{**span, "trace_id": f"{m + 1:032x}", "start": at} for m, at in enumerate(minutes)]
        assert server.post("/spans", spans).ok
        annotate(server, "Deploy 1.4.2", time=ago(minutes=8), service="web")
        annotate(server, "Slow payments", time=ago(minutes=5), end=ago(minutes=4), service="pay")
        eventually(lambda: server.post("/explore", {}).ok, 60)  # the store has started
        yield server


@pytest.mark.parametrize("path", CHARTS)
def test_the_charts_of_other_pages_show_annotations(with_records: Server, open_page: OpenPage, path: str) -> None:
    zone = "" if path.startswith("explore") else "Z"
    ends = urlencode({name: f"{ago(minutes=m)[:19]}{zone}" for name, m in (("from", 14), ("to", 0))})
    page = open_page(f"{with_records.url}/{path}{ends}", timezone_id="UTC")
    chart = page.locator(CHARTS[path])
    expect(chart.locator(".mark")).to_have_count(2, timeout=30_000)
    (count,) = marked(page)
    assert count > 20
    mark = chart.locator(".mark").first
    mark.get_by_role("button").hover()
    expect(mark.locator(".tip")).to_contain_text("Deploy 1.4.2 web")
    page.mouse.move(0, 0)  # marks that are pointed at stay where they are
    fit(page, 390)
    check_accessible(page)


@pytest.mark.parametrize("path", ["logging", "tracing"])
def test_lines_and_traces_of_a_service_show_its_annotations(
    with_records: Server, open_page: OpenPage, path: str
) -> None:
    page = open_page(f"{with_records.url}/{path}?service=web")
    expect(page.locator(".mark")).to_have_count(1, timeout=30_000)
    expect(page.locator(".mark .tip")).to_contain_text("Deploy 1.4.2 web")
