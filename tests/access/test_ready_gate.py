"""The gate that stays closed while the service recovers."""

import pytest

from analytics.access.ready_gate import ReadyGate
from analytics.errors import Unavailable

OPEN = ("", "/", "/health/live", "/health/ready", "/assets/main.js", "/vendor/uPlot.min.css", "/sdk/analytics.js")
CLOSED = ("/events", "/health", "/healthy", "/stats", "/ws/dashboard", "/socket.io/", "//", "/nothing")


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_the_page_are_answered_while_it_is_closed(path: str) -> None:
    ReadyGate(lambda: True)({"PATH_INFO": path})


@pytest.mark.parametrize("path", CLOSED)
def test_other_requests_get_503_with_retry_after_until_it_opens(path: str) -> None:
    with pytest.raises(Unavailable) as refused:
        ReadyGate(lambda: True)({"PATH_INFO": path})
    assert refused.value.headers == {"Retry-After": "1"}
    ReadyGate(lambda: False)({"PATH_INFO": path})
