"""No number is cut off and no name too narrow: at any width, zoomed, and on paper, for any values."""

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import gt, lt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.edge.wire import tool
from tests.page.conftest import OpenPage, post_events, texts
from tests.randomness import costly, many
from tests.server import Server

WIDTHS = (320, 360, 390, 480, 600, 640, 700, 734, 768, 820, 960, 1024, 1100, 1200, 1280, 1440, 1680, 1920, 2560, 3840)
ZOOMED = (640, 768, 1280, 1440, 1920, 3840)
TALL = 12_000
VALUE = st.floats(min_value=0, max_value=1e100) | st.integers(0, 10**18)
NAME = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=127).map("n".__add__)
"""Without digits, as numbers may not wrap."""
MEASURE = (Path(__file__).parent / "boxes.js").read_text()
MARGIN = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")
EDGE = 26
"""Margin in points, minus two for overhanging glyphs."""
WORD = re.compile(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>')
LONG = "a-service-whose-name-is-as-long-as-names-may-be-" + "0123456789" * 8
SPACED = "the service that somebody named in a whole sentence with the number 42 in it, as they " + "may " * 10
ROOMS = ["wéb", "cart", LONG, SPACED.strip()[:128]]


def endpoint_of(service: str, number: int) -> str:
    return f"/{'long-' * (number % 3) * 12}{service[:8]}/items/{number}/807?as=csv"


def fill(server: Server) -> None:
    """Services with long names and endpoints, and values from small to absurd."""
    rng = random.Random(7)
    now = datetime.now(UTC)
    events: list[dict[str, Any]] = []
    for service in ROOMS:
        for number in range(60):
            status = 500 if rng.random() < 0.2 else 200
            data = {"endpoint": endpoint_of(service, number % 5), "status": status, "latency": 10 ** rng.uniform(-3, 9)}
            at = now - timedelta(seconds=rng.uniform(0, 3000))
            events.append(
                {
                    "type": "request",
                    "service": service,
                    "user_id": f"user-{number:012}",
                    "timestamp": at.isoformat(),
                    "data": data | {"note": "807 " * 20, "trace": "f00d" * 30, "bytes": 10**15 + number},
                }
            )
        events.append({"type": "error", "service": service, "data": {"message": "807 tries failed " * 12, "code": 807}})
    for number, service in enumerate([None, *ROOMS]):
        at = now - timedelta(minutes=40 - 9 * number)
        annotation = {"text": f"807 {SPACED}", "time": at.isoformat(), "service": service, "tags": [LONG[:64], "807"]}
        annotation |= {
            "link": f"https://{'a' * 60}.example/807",
            "end": (at + timedelta(minutes=7 * number)).isoformat(),
        }
        assert server.post("/annotations", annotation).ok
    events.append({"type": "t" * 60 + "0123456789", "service": LONG, "user_id": "9" * 128, "data": {}})
    post_events(server, events)
    for service, value in zip(ROOMS, (807, 1e15, 1e99, 99_999_999), strict=True):
        for name in ("requests", "errors"):
            assert server.post("/metrics", {"name": name, "value": value, "tags": {"service": service}}).ok
        for name, unit in (
            ("memory", "MB"),
            ("queue_" + "length_" * 17, "requests per second and worker"),
            ("x", "u" * 32),
        ):
            metric = {"name": name, "value": value, "unit": unit, "tags": {"service": service}}
            assert server.post("/metrics", metric).ok
        beat = {"service": service, "status": "unhealthy", "metrics": {"uptime": 10 ** rng.randrange(3, 12)}}
        assert server.post("/heartbeat", beat).ok
        for instance in ("web-807", LONG[::-1]):
            counters = {"request_count": min(value, 10**15), "error_count": 807}
            details = {"instance": instance, "message": "807 of 100,000 rows failed, " * 5, "metrics": counters}
            assert server.post("/heartbeat", beat | details).ok


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service filled by `fill`."""
    with Server(tmp_path_factory.mktemp("full") / "server.log") as server:
        fill(server)
        yield server


def settled(page: Page, width: int) -> None:
    """Set the width of the page, and wait until its charts are resized."""
    page.set_viewport_size({"width": width, "height": TALL})
    page.wait_for_function(
        """() => new Promise(requestAnimationFrame).then(() => [...document.querySelectorAll('.plot')]
          .filter(plot => plot.checkVisibility())
          .every(plot => Math.abs((plot.querySelector('.u-wrap')?.clientWidth ?? 0) - plot.clientWidth) <= 1))"""
    )


def wrong(page: Page) -> list[str]:
    """The faults found by boxes.js."""
    found: list[str] = page.evaluate("boxes.find()")
    return found


def open_full(full: Server, open_page: OpenPage, query: str, **options: Any) -> Page:
    page = open_page(f"{full.url}/{query}", script=MEASURE, **options)
    expect(page.locator("#charts .u-wrap")).to_have_count(3)
    if "service" in query:
        for rows, number in (("endpoints", 5), ("own metrics", 3), ("instances", 3)):
            expect(page.get_by_role("region", name=f"Table of {rows}").locator("tbody tr")).to_have_count(number)
        expect(page.get_by_role("region", name="Table of changes of health").locator("tbody tr")).not_to_have_count(0)
    else:
        expect(page.locator("#figures .change:not(:empty)")).not_to_have_count(0)
        expect(page.locator("#services-table tbody tr")).to_have_count(4)
        expect(page.locator("#heat td.cell").first).to_be_attached()
        expect(page.locator("#days .u-wrap")).to_have_count(1)
    expect(page.locator("#feed li").first).to_be_attached()
    expect(page.locator("#errors-list li").first).to_be_attached()
    page.locator("#charts [tabindex]").first.press("End")  # the legends show the values at that time
    return page


def some_of(widths: Sequence[int], dice: random.Random) -> list[int]:
    """The extremes and three others, drawn anew in each run; all of them in `make test-long`."""
    return sorted({widths[0], widths[-1], *dice.sample(widths, min(len(widths), many(3)))})


VIEWS = [
    pytest.param("", {"color_scheme": "dark"}, id="all services"),
    pytest.param("?range=7d", {"locale": "de-DE"}, id="in German"),
    pytest.param("?service=cart&range=24h&compare=week", {}, id="one service"),
    pytest.param("?range=1h&compare=before", {}, id="compared"),
    pytest.param(f"?service={LONG}&range=90d", {}, id="one with a long name"),
]


@pytest.mark.parametrize(("query", "options"), VIEWS)
def test_no_number_is_cut_at_any_width(
    full: Server, open_page: OpenPage, dice: random.Random, query: str, options: dict[str, Any]
) -> None:
    page = open_full(full, open_page, query, **options)
    found = []
    for width in some_of(WIDTHS, dice):
        settled(page, width)
        found += [f"{width} px: {problem}" for problem in wrong(page)]
    assert not found, "\n".join(found)


def test_no_number_is_cut_on_the_page_without_events(start_server: StartServer, open_page: OpenPage) -> None:
    page = open_page(start_server().url, script=MEASURE)
    expect(page.locator("#empty .lesson")).to_have_count(4)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": TALL})
        found += [f"{width} px: {problem}" for problem in wrong(page)]
    assert not found, "\n".join(found)


def test_text_cut_by_an_ellipsis_has_a_tooltip_and_is_complete_when_opened(full: Server, open_page: OpenPage) -> None:
    page = open_full(full, open_page, "", viewport={"width": 390, "height": 844}, has_touch=True)
    cut = page.locator("#feed li", has=page.locator(f".of[title='{LONG}']")).first
    assert cut.locator(".of").evaluate("name => name.scrollWidth > name.clientWidth")
    cut.locator("summary").tap()
    expect(cut.locator("pre")).to_contain_text(LONG)
    assert cut.locator("pre").evaluate("text => text.scrollWidth <= text.clientWidth"), "wraps"


@pytest.mark.parametrize("query", ["", "?service=cart"])
def test_no_number_is_cut_at_twice_the_size(full: Server, open_page: OpenPage, dice: random.Random, query: str) -> None:
    page = open_full(full, open_page, query, device_scale_factor=2)
    found = []
    for width in some_of(ZOOMED, dice):
        settled(page, width // 2)
        found += [f"{width} px at 200 %: {problem}" for problem in wrong(page)]
    assert not found, "\n".join(found)


def test_no_number_of_any_size_is_cut(full: Server, open_page: OpenPage) -> None:
    page = open_full(full, open_page, "")

    @costly(5)
    @given(width=st.integers(320, 3840), name=NAME, numbers=st.lists(VALUE, min_size=8, max_size=8))
    def check(width: int, name: str, numbers: list[float]) -> None:
        settled(page, width)
        found = page.evaluate("args => boxes.tryOut(...args)", [name, numbers])
        assert not found, "\n".join(found)

    check()


@pytest.mark.parametrize("query", ["", "?service=cart"])
@pytest.mark.parametrize(("across", "way"), [(718, "portrait"), (1046, "landscape")])
def test_no_number_is_cut_on_paper(
    full: Server, open_page: OpenPage, tmp_path: Path, query: str, across: int, way: str
) -> None:
    page = open_full(full, open_page, query, color_scheme="dark")
    path = tmp_path / "page.pdf"
    page.pdf(path=path, format="A4", landscape=way == "landscape", margin=MARGIN, print_background=True)
    sheets = words(path)
    assert len(sheets) >= 2
    for (width, height), found in sheets:
        inside = (EDGE, EDGE, width - EDGE, height - EDGE)
        outside = [
            text for *box, text in found if any(map(lt, box[:2], inside[:2])) or any(map(gt, box[2:], inside[2:]))
        ]
        assert outside == [], "within the margins"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": across, "height": TALL})
    found = wrong(page)
    assert not found, "\n".join(found)
    printed = set(texts(page, "#services-table tbody :is(th, td):not(.k-trend), #detail .rows :is(th, td)"))
    assert {"1E15", "1E99"} <= printed or query
    text_of_pages = "".join(text for _, page_ in sheets for *_, text in page_)
    for text in ("Analytics", "UTC"):
        assert text in text_of_pages
    assert "Pause" not in text_of_pages
    assert "Dismiss" not in text_of_pages


def words(path: Path) -> list[tuple[tuple[float, float], list[tuple[float, float, float, float, str]]]]:
    """The words of each page of a PDF with their boxes, and the size of the page, in points."""
    html = subprocess.run([tool("pdftotext"), "-bbox", path, "-"], check=True, capture_output=True).stdout
    text = html.decode(errors="replace")  # it cannot write the bell of the title
    return [
        ((float(width), float(height)), [(*map(float, box), text) for *box, text in WORD.findall(rest)])
        for width, height, rest in re.findall(r'<page width="(.*?)" height="(.*?)">(.*?)</page>', text, re.S)
    ]
