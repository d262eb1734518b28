"""The content security policy in a browser: no page violates its own policy, and only allowed pages embed one."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.conftest import StartServer
from tests.page.conftest import OpenPage
from tests.server import Server

DASHBOARDS = ("/", "/?service=checkout", "/?service=checkout&range=24h")
RECORD = "addEventListener('securitypolicyviolation', event => (window.broken ??= []).push(event.violatedDirective))"


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page of another origin: its address, and its file."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path / "index.html"
        server.shutdown()


@pytest.mark.parametrize("path", [*DASHBOARDS, "/docs", "/assets/icon.svg"])
def test_no_page_violates_its_own_policy(shop: Server, open_page: OpenPage, path: str) -> None:
    page = open_page(shop.url + path, script=RECORD)
    page.wait_for_load_state("load")
    if path in DASHBOARDS:
        page.wait_for_selector("canvas", state="attached")
    assert page.evaluate("window.broken ?? []") == []


def embedded(browser: Browser, address: str, server: Server) -> bool:
    """Whether a page at `address` shows the dashboard of `server` in a frame."""
    context = browser.new_context()
    try:
        page = context.new_page()
        refusals: list[str] = []
        page.on("console", lambda message: refusals.append(message.text))
        page.goto(address, wait_until="load")
        frame = page.frames[1]
        is_shown = frame.url == f"{server.url}/" and frame.query_selector("#updated") is not None
        assert is_shown or any("frame-ancestors" in text for text in refusals)
        return is_shown
    finally:
        context.close()


@pytest.mark.parametrize("is_allowed", [False, True], ids=["not allowed", "allowed"])
def test_only_an_allowed_page_embeds_the_dashboard(
    browser: Browser, start_server: StartServer, portal: tuple[str, Path], is_allowed: bool
) -> None:
    address, file = portal
    server = start_server({"ANALYTICS_FRAME_ANCESTORS": address if is_allowed else "https://portal.example"})
    file.write_text(f'<!doctype html><iframe src="{server.url}/"></iframe>')
    assert embedded(browser, address, server) == is_allowed
