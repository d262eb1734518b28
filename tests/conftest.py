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
    """One server for all tests that do not mind what others recorded; each uses services of its own."""
    with Server(tmp_path_factory.mktemp("shared") / "server.log", {"LOG_LEVEL": "DEBUG"}) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for all: Playwright knows only one at a time."""
    with chromium() as browser:
        yield browser


pytest_plugins = ["tests.randomness"]

StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers of a test's own, with the settings it gives."""
    with ExitStack() as stack:

        def start(settings: Mapping[str, str] | None = None, command: tuple[str, ...] = GUNICORN) -> Server:
            return stack.enter_context(Server(tmp_path / "server.log", settings, command))

        yield start
