"""A sign-in provider's web server for one test."""

import threading
from collections.abc import Iterator

import pytest

from tests.people.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()
