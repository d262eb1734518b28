"""Appearance of the page: theme, time zone, print; and notices that cover nothing."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.edge.wire import tool
from tests.page.conftest import OpenPage, eventually, post_events, texts
from tests.page.test_boxes import MARGIN, MEASURE, words
from tests.page.test_trust import check_accessible
from tests.server import Server

REQUEST = {"type": "request", "service": "web", "user_id": "u", "data": {"status": 200, "latency": 5, "endpoint": "/"}}
FIRST_THEME = """new MutationObserver(() => {
  if (document.body && !window.firstTheme) window.firstTheme = document.documentElement.dataset.theme;
}).observe(document, { childList: true, subtree: true });"""
NO_STORE = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
)
PAPER = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(17, 20, 24)"
DRAWN_IN = """([red, green, blue]) => [...document.querySelectorAll('#charts canvas')].every(canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) return true;
  }
  return false;
})"""
ACCENT = {LIGHT: [47, 91, 215], DARK: [134, 169, 255]}


def looks(page: Page, paper: str) -> None:
    """Check that page and charts have the colours of a theme."""
    eventually(lambda: page.evaluate(PAPER) == paper)
    eventually(lambda: page.evaluate(DRAWN_IN, ACCENT[paper]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_another_is_chosen(shop: Server, open_page: OpenPage, scheme: str) -> None:
    own, other = (LIGHT, DARK) if scheme == "light" else (DARK, LIGHT)
    page = open_page(shop.url, color_scheme=scheme, script=FIRST_THEME)
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    looks(page, own)
    expect(page.get_by_role("group", name="Theme").get_by_role("radio", name="Auto")).to_be_checked()
    page.get_by_role("radio", name="Auto").focus()
    for _ in range(2 if scheme == "light" else 1):
        page.keyboard.press("ArrowRight")
    looks(page, other)
    check_accessible(page, "color-contrast")
    page.reload()
    assert page.evaluate("window.firstTheme") == ("dark" if other == DARK else "light"), "before the first paint"
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    looks(page, other)
    page.get_by_role("radio", name="Auto").click()
    looks(page, own)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    looks(page, other)


def test_switches_work_without_local_storage(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url, script=NO_STORE)
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    page.get_by_role("radio", name="Dark").click()
    looks(page, DARK)
    page.get_by_role("radio", name="UTC").click()
    expect(page.locator("#zone-note")).to_have_text("Times are in UTC.")


def test_all_times_are_in_utc_if_chosen(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    now = datetime.now(UTC)
    moments = [now - timedelta(minutes=minutes) for minutes in (50, 20, 1)]
    post_events(server, [{**REQUEST, "timestamp": at.isoformat()} for at in moments])
    assert server.post("/heartbeat", {"service": "cart", "status": "degraded"}).ok
    page = open_page(server.url, timezone_id="Asia/Kolkata", script=MEASURE)
    zone = ZoneInfo("Asia/Kolkata")
    since = datetime.fromisoformat(server.get("/dashboard")["services"]["cart"]["status_since"])

    def wait_for_all() -> None:
        expect(page.locator("#feed time")).to_have_count(3)
        expect(page.locator("#charts .u-wrap")).to_have_count(3)
        expect(page.locator("#heat-summary")).to_have_attribute("title", re.compile("busiest hour"))
        page.locator("#charts details").first.evaluate("details => { details.open = true }")

    def is_shown_in(zone: ZoneInfo) -> bool:
        seconds = [f"{at.astimezone(zone):%H:%M:%S}" for at in moments]
        at = datetime.fromisoformat(page.get_attribute("#updated", "datetime") or "")
        rows = page.eval_on_selector_all(
            "#charts tbody th", "all => all.map(each => [each.innerText, each.title.slice(0, 16)])"
        )
        minutes = [f"{datetime.fromisoformat(f'{utc}:00+00:00').astimezone(zone):%H:%M}" for _, utc in rows]
        hour_ago = now - timedelta(minutes=61)
        hour = {f"{(hour_ago + timedelta(minutes=each)).astimezone(zone):%H:%M}" for each in range(65)}
        labels = {label for label in page.evaluate("boxes.labels()")[0] if ":" in label}
        days = {f"{now.astimezone(zone) - timedelta(days=each):%a, %b %-d}" for each in range(8)}
        days_shown = set(texts(page, "#heat tbody th"))
        busiest = datetime.fromisoformat((page.get_attribute("#heat-summary", "title") or "")[-23:-4] + "+00:00")
        at_health = page.inner_text("#services-table tr:has(a[title=cart]) .k-health")
        wrong = [
            place
            for place, is_right in {
                "feed": [
                    second in text for second, text in zip(reversed(seconds), texts(page, "#feed time"), strict=True)
                ]
                == [True] * 3,
                "updated": page.inner_text("#updated") == f"{at.astimezone(zone):%H:%M:%S}",
                "verdict": f"since {since.astimezone(zone):%H:%M}" in page.inner_text("#verdict"),
                "row": f"since {since.astimezone(zone):%H:%M}" in at_health,
                "table": [text[-5:] for text, _ in rows] == minutes,
                "axis": len(labels) > 2 and labels <= hour,
                "heat": bool(days_shown) and days_shown <= days,
                "busiest": f"{busiest.astimezone(zone):%H:%M} with" in page.inner_text("#heat-summary"),
            }.items()
            if not is_right
        ]
        return wrong == []

    wait_for_all()
    eventually(lambda: is_shown_in(zone))
    page.get_by_role("group", name="Times").get_by_role("radio", name="Local").focus()
    page.keyboard.press("ArrowRight")
    eventually(lambda: is_shown_in(ZoneInfo("UTC")))
    page.reload()
    wait_for_all()
    eventually(lambda: is_shown_in(ZoneInfo("UTC")))
    expect(page.get_by_role("radio", name="UTC")).to_be_checked()
    page.get_by_role("radio", name="Local").click()
    eventually(lambda: is_shown_in(zone))


OVER = """toast => {
  const box = toast.getBoundingClientRect(), found = new Set();
  for (let x = box.left + 1; x < box.right; x += 7) {
    for (let y = box.top + 1; y < box.bottom; y += 5) {
      const others = document.elementsFromPoint(x, y).filter(each => !toast.contains(each) && !each.contains(toast));
      for (const each of others) found.add(each.tagName + each.id);
    }
  }
  return [...found];
}"""
MOVED = """toast => {
  const parts = 'h1, #connection, #switches, nav, #verdict, #overview, #traffic, #lists, #events';
  const place = each => [each.id || each.tagName, [each.getBoundingClientRect().x, each.getBoundingClientRect().y]];
  const places = () => JSON.stringify([...document.querySelectorAll(parts)].map(place));
  const there = places();
  toast.hidden = true;
  const isMoved = places() !== there;
  toast.hidden = false;
  return isMoved;
}"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that each test sends an error of its own to."""
    with Server(tmp_path_factory.mktemp("failing") / "server.log") as server:
        post_events(server, [REQUEST])
        yield server


WIDTHS = {
    320: "tries",
    390: "calls",
    700: "pings",
    768: "waits",
    1024: "reads",
    1180: "jumps",
    1280: "turns",
    1920: "steps",
}
"""Widths of a page, and a word that makes the error of each a new one."""


@pytest.mark.parametrize("width", WIDTHS)
def test_a_toast_covers_nothing_and_moves_nothing(failing: Server, open_page: OpenPage, width: int) -> None:
    page = open_page(failing.url, viewport={"width": width, "height": 800}, script=MEASURE)
    expect(page.locator("#services-table tbody tr")).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("live")
    message = (
        f"8071 of 9000 {WIDTHS[width]} to reach 10.0.0.17:8443 failed within 1,234,567 ms, "
        "after that 99.95 % of 1200300 bytes"
    )
    post_events(failing, [{"type": "error", "service": "web", "data": {"message": message}}])
    toast = page.locator(".toast")
    expect(toast).to_contain_text("web: 807")
    line = toast.locator("span")
    visible, whole = line.inner_text().removesuffix(" …"), line.get_attribute("title") or ""
    assert f"{whole} ".startswith(f"{visible} "), "no word is cut"
    assert line.evaluate("text => text.scrollHeight <= text.clientHeight")
    expect(toast).to_be_in_viewport(ratio=1)
    assert not toast.evaluate(MOVED)
    assert toast.evaluate(OVER) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Dismiss", "Mute"):
        expect(toast.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    if width in (320, 1280):
        check_accessible(page)


def page_with_a_toast(server: Server, open_page: OpenPage) -> Page:
    """A page with a fake clock that has just received an error."""
    post_events(server, [REQUEST])
    page = open_page(
        server.url, outages=True
    )  # on a busy machine its clock is so late that the service no longer has its seconds
    page.clock.install()
    page.reload()
    expect(page.locator("#feed li")).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("live")
    post_events(server, [{"type": "error", "service": "web", "data": {"message": "out of memory"}}])
    return page


def test_a_toast_can_be_used_by_keyboard_and_stays_meanwhile(start_server: StartServer, open_page: OpenPage) -> None:
    page = page_with_a_toast(start_server(), open_page)
    toast = page.locator(".toast")
    expect(page.get_by_role("status").filter(has=toast)).to_contain_text("web: out of memory")
    page.locator("#bell").focus()
    page.keyboard.press("Tab")
    expect(toast.get_by_role("button", name="Dismiss")).to_be_focused()
    for _ in range(4):
        page.clock.fast_forward(3_000)
    expect(toast).to_be_visible()
    page.keyboard.press("Escape")
    expect(toast).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_toast_disappears_after_a_while(start_server: StartServer, open_page: OpenPage) -> None:
    page = page_with_a_toast(start_server(), open_page)
    expect(page.locator(".toast")).to_be_visible()
    for _ in range(3):
        page.clock.fast_forward(3_000)
    expect(page.locator(".toast")).to_be_hidden()


TIMERS = """
const timers = [];
globalThis.setTimeout = (act) => timers.push(act);
globalThis.clearTimeout = (place) => { timers[place - 1] = () => {}; };
"""
IN_SIGHT = """async () => {
  const { Toasts } = await import('./assets/toast.js');
  TIMERS
  const toasts = new Toasts();
  const fail = () => toasts.error({ service: 'web', data: { message: 'no' } });
  const press = (name) => [...toasts.root.querySelectorAll('button')].find((each) => each.innerText === name).click();
  fail();
  press('Mute');
  document.getElementById('errors-unmute').click();
  fail();
  const [ofFirst, ofSecond] = timers;
  const seen = [!toasts.root.hidden];
  for (const pass of [ofFirst, ofSecond]) {
    pass();
    seen.push(!toasts.root.hidden);
  }
  return seen;
}""".replace("TIMERS", TIMERS)


def test_the_time_of_a_toast_ends_with_it(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    page = open_page(server.url)
    expect(page.locator("#connection")).to_have_text("live")
    assert page.evaluate(IN_SIGHT) == [True, True, False]


@pytest.mark.parametrize("width", [390, 768, 1180, 1280, 1379, 1920])
def test_a_page_that_is_stale_fits_its_window(failing: Server, open_page: OpenPage, width: int) -> None:
    page = open_page(failing.url, viewport={"width": width, "height": 800}, script="setInterval = () => 0;")
    expect(page.locator("#connection")).to_have_text("live")
    page.evaluate(STALE)  # it stays so, without timers
    expect(page.get_by_role("button", name="Retry now")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("link", name="API").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(COVERED) == []


STALE = """() => {
  document.body.classList.add('stale');
  const place = document.getElementById('connection');
  place.dataset.state = 'bad';
  place.querySelector('span').textContent = 'stale since 12:34:56 PM, may not connect, trying again in 30 s';
  document.getElementById('retry').hidden = false;
}"""
COVERED = """() => {
  const parts = [...document.querySelectorAll('.top > :not([hidden]), .tools > :not([hidden]), .tools nav a')];
  const boxes = parts.map((each) => [each.id || each.innerText, each.getBoundingClientRect(), each]);
  const isApart = (a, b) => Math.min(a.right, b.right) <= Math.max(a.left, b.left) + 1
    || Math.min(a.bottom, b.bottom) <= Math.max(a.top, b.top) + 1;
  return boxes.flatMap(([a, one, of], place) => boxes.slice(place + 1)
    .filter(([, other, part]) => !of.contains(part) && !isApart(one, other)).map(([b]) => [a, b]));
}"""


@pytest.mark.parametrize("way", ["portrait", "landscape"])
def test_printed_pages_are_light_and_break_no_row(
    start_server: StartServer, open_page: OpenPage, tmp_path: Path, way: str
) -> None:
    server = start_server()
    for number in range(60):
        beat = {"service": f"row-{number:03} {'and more words ' * 6}end-{number:03}", "status": "healthy"}
        assert server.post("/heartbeat", beat).ok
    post_events(server, [REQUEST])
    page = open_page(server.url, color_scheme="dark")
    expect(page.locator("#services-table tbody tr")).to_have_count(61)
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    path = tmp_path / "page.pdf"
    page.pdf(path=path, format="A4", landscape=way == "landscape", margin=MARGIN, print_background=True)
    sheets = [[text for *_, text in found] for _, found in words(path)]
    assert len(sheets) > 2
    begun = {number for sheet in sheets for number in re.findall(r"row-(\d+)", " ".join(sheet))}
    assert len(begun) == 60, "no row is missing from a long list"
    for sheet in sheets:
        text = " ".join(sheet)
        assert sorted(re.findall(r"row-(\d+)", text)) == sorted(re.findall(r"end-(\d+)", text))
    subprocess.run([tool("pdftoppm"), "-r", "20", "-gray", path, tmp_path / "sheet"], check=True)
    for sheet in tmp_path.glob("sheet*.pgm"):
        pixels = sheet.read_bytes().split(b"\n", 3)[3]
        assert sum(pixels) / len(pixels) > 225, "dark text on a light background"
    eventually(lambda: page.evaluate(PAPER) == DARK)


PANELS = """() => ["services", "endpoints", "events", "history"].map(id => {
    const {left, right, top} = document.getElementById(id).getBoundingClientRect();
    return {left, right, top};
})"""  # all at one moment: the page grows while it loads


def test_panels_stand_side_by_side_in_a_wide_window(shop: Server, open_page: OpenPage) -> None:
    page = open_page(shop.url, viewport={"width": 1920, "height": 1080})
    expect(page.locator("#services-table tbody tr")).to_have_count(10)
    services, endpoints, events, history = page.evaluate(PANELS)
    for left, right in ((services, endpoints), (events, history)):
        assert left["left"] <= 32
        assert left["right"] < right["left"]
        assert right["right"] >= 1880
        assert left["top"] == right["top"]
    assert endpoints["left"] == history["left"]
