"""A browser, and a service with the shop of the demo."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from tests.edge import wire
from tests.edge.wire import cannot_test
from tests.randomness import many
from tests.server import GUNICORN, ROOT, Server
from tests.sharing import folder_of_run, shared

CHARTS = ROOT / "analytics/web/node_modules/uplot/dist/uPlot.iife.min.js"
DESKTOP = {"width": 1280, "height": 800}
PATIENCE_MS = 15_000
OpenPage = Callable[..., Page]
HURRIED = {
    "range.js": (r"again: \d+ }", "again: 1 }"),
    "rangechoice.js": (r"CHOOSE_AGAIN = \d+", "CHOOSE_AGAIN = 1"),
    "events.js": (r"AGAIN_MS = [\d_]+", "AGAIN_MS = 500"),
    "errors.js": (r"NEWS_MS = [\d_]+", "NEWS_MS = 1_000"),
    "annotations.js": (r"AGAIN_MS = [\d_]+", "AGAIN_MS = 500"),
    "bell.js": (r"AGAIN_MS = [\d_]+", "AGAIN_MS = 500"),
    "alerts/main.js": (r"AGAIN_MS = [\d_]+", "AGAIN_MS = 500"),
}
"""What an impatient page has in place of the times in its scripts."""
expect.set_options(timeout=PATIENCE_MS)


def eventually(ask: Callable[[], Any], seconds: float = 20) -> Any:
    """As for servers, but with longer pauses: asking a page takes milliseconds of three processes."""
    return wire.eventually(ask, seconds, 0.1)


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    """The browser; without it or the chart library, the tests are skipped, but never in CI."""
    if not CHARTS.exists():
        cannot_test("uPlot is not installed: npm ci in analytics/web")
    return browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages; fails if one of them sent a request to another host or logged an error.

    An `impatient` page loads figures of its range, errors, annotations and alerts again after a second at most, not
    after 3 to 60.
    """
    contexts, wrong = [], list[str]()

    def open_(url: str, *, outages: bool = False, impatient: bool = False, script: str = "", **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": DESKTOP, "locale": "en-US", "timezone_id": "America/New_York", **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)  # runs before the scripts of the page
        host = urlsplit(url).netloc
        page.on("request", lambda asked: _of_host(asked.url, host) or wrong.append(f"asked {asked.url}"))
        page.on("websocket", lambda socket: _of_host(socket.url, host) or wrong.append(f"connected to {socket.url}"))
        page.on("pageerror", lambda error: wrong.append(f"threw {error.stack}"))
        if not outages:
            page.on("console", lambda message: _is_fault(message) and wrong.append(f"logged {message.text}"))
        if impatient:
            for file, (known, hurried) in HURRIED.items():
                page.route(f"**/assets/{file}", partial(_hurry, known, hurried))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def _hurry(known: str, hurried: str, route: Route) -> None:
    """Answer with a script of the page, but shorter times between two loads."""
    body, count = re.subn(known, hurried, route.fetch().text())
    assert count, "the script states its times in another way"
    route.fulfill(body=body, content_type="text/javascript")


def _is_fault(message: ConsoleMessage) -> bool:
    """Whether a console message is a fault of the page.

    On a busy machine, the page may request seconds that the service no longer keeps, and then requests minutes. A
    filter that is typed in may be wrong.
    """
    is_wrong_filter = "/events?" in message.location["url"] and "q=" in message.location["url"]
    is_too_late = "status of 422" in message.text and ("/series?" in message.location["url"] or is_wrong_filter)
    return message.type in ("error", "warning") and not is_too_late


def _of_host(url: str, host: str) -> bool:
    return urlsplit(url).netloc == host or url.startswith("data:")


@pytest.fixture(scope="session")
def shop(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with the demo's shop: 90 days of history, and 60 live events a second; one for all workers.

    The history has all of its events in `make test-long` only: sending them takes most of the time.
    """
    folder = folder_of_run(tmp_path_factory, "shop")
    with shared(folder, partial(open_shop, folder)) as server:
        yield server


@contextmanager
def open_shop(folder: Path) -> Iterator[Server]:
    """Start the service and its demo."""
    module = "tests.page.small_demo" if many(1) == 1 else "analytics"
    with (
        Server(folder / "server.log", command=(*GUNICORN[:-1], "tests.page.eager_app:app")) as server,
        demo(server, folder / "demo.log", module, "--rate", "60"),
    ):
        eventually(lambda: "the shop is open" in (folder / "demo.log").read_text(), 240)
        yield server


class demo:  # noqa: N801 - reads as the verb it is
    """Runs the demo against a service, as a context manager."""

    def __init__(self, server: Server, log: Path, module: str, *options: str) -> None:
        self._command = [sys.executable, "-m", module, "demo", "--url", server.url, *options]
        self._log = log

    def __enter__(self) -> "demo":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def post_events(server: Server, events: list[dict[str, Any]]) -> None:
    """Record events; fails unless all are accepted."""
    answer = requests.post(f"{server.url}/events", json=events, timeout=10)
    assert answer.json()["rejected"] == 0, answer.text


def fit(page: Page, width: int) -> None:
    """Give the window a width; fails unless the page fits into it once its charts have followed."""
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function("wide => innerWidth === wide && document.documentElement.scrollWidth <= wide", arg=width)


def pass_time(page: Page, seconds: int) -> None:
    """Advance the installed clock of a page, in steps so short that it does not reconnect."""
    for _ in range(0, seconds, 3):
        updated = page.inner_text("#updated")
        page.clock.fast_forward(3_000)
        eventually(lambda updated=updated: page.inner_text("#updated") != updated)


def texts(page: Page, selector: str) -> list[str]:
    """The texts of all elements that match `selector`, at one moment."""
    found: list[str] = page.eval_on_selector_all(
        selector, "found => found.map(each => (each.innerText ?? each.textContent).trim())"
    )
    return found


THOUSANDS = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}
UNITS = {
    "": 1,
    "%": 1,
    "/s": 1,
    "/min": 1 / 60,
    "/h": 1 / 3_600,
    "/d": 1 / 86_400,
    "ms": 1,
    "s": 1e3,
    "min": 60e3,
    "h": 3_600e3,
    "d": 86_400e3,
}


def number(text: str) -> float | None:
    """The value of a figure on the page: rates per second, latencies in ms; None if it is unknown."""
    if text in ("", "–", "none sent"):
        return None
    found = re.fullmatch(r"<?([\d.,]+)([KMB]?)( ?[a-z/%]*)", text)
    assert found, text
    return float(found[1].replace(",", "")) * THOUSANDS[found[2]] * UNITS[found[3].strip()]


def near(shown: str, value: float | None) -> bool:
    """Whether a text on the page shows `value`, within the precision of its format."""
    found = number(shown)
    if found is None or value is None:
        return found is None and value is None
    if shown.startswith("<"):  # a bound for small values
        return 0 < value < found
    return abs(found - value) <= max(0.0051, abs(value) * 0.006)
