"""Fixtures that many tests share."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.server import GUNICORN, Server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that are independent of other records; each test uses its own service names."""
    with Server(tmp_path_factory.mktemp("shared") / "server.log", {"LOG_LEVEL": "DEBUG"}) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, shared by all tests: Playwright allows only one at a time."""
    with chromium() as browser:
        yield browser


pytest_plugins = ["tests.bytecode", "tests.randomness"]

StartServer = Callable[..., Server]


@pytest.fixture(scope="session")
def ending() -> Iterator[list[Server]]:
    """Servers that were asked to stop, which takes a second: the next tests run meanwhile."""
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def start_server(tmp_path: Path, ending: list[Server]) -> Iterator[StartServer]:
    """Starts servers for one test, with the given settings. Those with a data directory have stopped at its end."""
    started: list[Server] = []

    def start(settings: Mapping[str, str] | None = None, command: tuple[str, ...] = GUNICORN) -> Server:
        server = Server(tmp_path / "server.log", settings, command).__enter__()
        started.append(server)
        return server

    yield start
    for server in started:
        server.end()
    for server in started:
        if server.keeps_data:
            server.stop()
    ending[:] = [server for server in (*ending, *started) if server.process.poll() is None]
