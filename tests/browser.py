"""Debian's Chromium for tests, and a shop of another origin whose pages use the client."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, BrowserType, sync_playwright

from tests.edge.wire import tool

SHELL = "chromium-headless-shell"
"""The same engine without a desktop, which takes less than half of the processor time."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright, contextlib.closing(launch(playwright.chromium)) as browser:
        yield browser


def launch(browser_type: BrowserType, *flags: str) -> Browser:
    """Start Debian's headless shell, or its Chromium where there is no shell."""
    path = shutil.which(SHELL) or tool("chromium")
    return browser_type.launch(executable_path=path, headless=True, args=[*FLAGS, *flags])


class Shop:
    """A site with another origin; `pages` is its HTML by path."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                html = pages.get(self.path, "").encode()
                self.send_response(200 if html else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(html)))
                self.end_headers()
                self.wfile.write(html)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> "Shop":
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
