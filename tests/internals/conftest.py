"""Failures here name the file of analytics/internals/ that has to be changed; a test that hangs fails."""

from collections.abc import Generator, Iterator
from pathlib import Path

import gevent
import pytest

from analytics.connection_limits import ConnectionLimits
from tests.internals.peers import LIMITS, Peers

INTERNALS = Path(__file__).parents[2] / "analytics" / "internals"


@pytest.fixture(autouse=True)
def _time_limit() -> Iterator[None]:
    with gevent.Timeout(30):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    name = item.path.name.removeprefix("test_")
    if report.failed and (INTERNALS / name).is_file():
        report.sections.insert(
            0,
            (
                f"analytics/internals/{name}",
                f"analytics/internals/{name} relies on something that the installed version of the package does not "
                "do as the file's docstring says.",
            ),
        )
    return report


@pytest.fixture
def limits() -> ConnectionLimits:
    return LIMITS


@pytest.fixture
def peers(limits: ConnectionLimits) -> Iterator[Peers]:
    peers = Peers(limits)
    yield peers
    peers.close()
