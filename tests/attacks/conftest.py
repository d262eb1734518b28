"""A server for the attacks of one module, with the settings of that module."""

from collections.abc import Iterator

import pytest

from tests.server import GUNICORN, Server

QUICK = {
    "ANALYTICS_HEADER_TIMEOUT": "1",
    "ANALYTICS_BODY_TIMEOUT": "1",
    "ANALYTICS_SEND_TIMEOUT": "1",
    "ANALYTICS_CLIENT_TIMEOUT": "1",
    "LOG_LEVEL": "WARNING",
}
TRIMMING = (*GUNICORN[:-1], "tests.attacks.trimming:app")


@pytest.fixture(scope="module")
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ending: list[Server]
) -> Iterator[Server]:
    """A server with short time limits, and the `SETTINGS` of the module; `APP` is another application."""
    settings = QUICK | getattr(request.module, "SETTINGS", {})
    command = (*GUNICORN[:-1], getattr(request.module, "APP", TRIMMING[-1]))
    server = Server(tmp_path_factory.mktemp("target") / "server.log", settings, command).__enter__()
    yield server
    server.end()
    ending.append(server)
