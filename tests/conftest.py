"""Fixtures that many tests share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
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


pytest_plugins = ["tests.randomness"]

StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers for one test, with the given settings."""
    with ExitStack() as stack:

        def start(settings: Mapping[str, str] | None = None, command: tuple[str, ...] = GUNICORN) -> Server:
            return stack.enter_context(Server(tmp_path / "server.log", settings, command))

        yield start
