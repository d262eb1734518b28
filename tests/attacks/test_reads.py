"""Reads with the largest limits, ranges and steps, slow filters, and floods of polls."""

import pytest

from tests.attacks.beside import check_beside
from tests.attacks.payloads import reads
from tests.edge.wire import connect, read_answer
from tests.server import Server


@pytest.fixture(scope="module", autouse=True)
def _filled(target: Server) -> None:
    """10,000 events, and as many series of one metric as there may be."""
    data = {"x": "a" * 300, "latency": 5, "endpoint": "/a"}
    for batch in range(10):
        events = [{"type": "request", "service": "flooded", "user_id": f"u{n}", "data": data} for n in range(1_000)]
        assert target.post("/events", events).status_code == 200
        tags = [{"k": f"v{n}", "zone": "z", "batch": str(batch)} for n in range(1_000)]
        assert target.post("/metrics", [{"name": "tagged", "value": 1, "tags": each} for each in tags]).ok


def test_each_read_is_answered_or_refused(target: Server) -> None:
    for request in reads():
        with connect(target, timeout=60) as connection:
            connection.sendall(request)
            assert read_answer(connection).status in (200, 404, 422), request


@pytest.mark.parametrize(("attack", "number"), [("reads", 8), ("polls", 20)])
def test_reads_do_not_disturb_other_clients(target: Server, attack: str, number: int) -> None:
    check_beside(target, attack, number)
