"""The echo server of the conformance tests."""

from collections.abc import Iterator

import pytest

from tests.server import Server

ECHO = ("-m", "gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "tests.edge.conformance.echo_app:app")


@pytest.fixture(scope="session")
def echo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Gunicorn as in production, with /echo and /shipped/echo instead of the service."""
    with Server(tmp_path_factory.mktemp("echo") / "server.log", command=ECHO) as server:
        yield server
