"""Statements, questions, searches and PromQL queries that ask for too much."""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from tests.attacks.beside import check_beside
from tests.attacks.conftest import TRIMMING
from tests.attacks.question_payloads import queries, questions, searches, statements
from tests.edge.wire import connect, read_answer
from tests.server import Server

PATIENCE, PARTS = 100, 4


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a long-term store of 5,000 events, and 1,000 series."""
    folder = tmp_path_factory.mktemp("stored")
    settings = {"ANALYTICS_DATA_DIR": str(folder / "data"), "ANALYTICS_EVENTS_RING": "1000", "LOG_LEVEL": "WARNING"}
    with Server(folder / "server.log", settings, TRIMMING) as server:
        for batch in range(5):
            data = [{"x": "a" * 300, "n": batch * 1_000 + n, "latency": 5} for n in range(1_000)]
            events = [
                {"type": "request", "service": "flooded", "user_id": f"u{n}", "data": data[n]} for n in range(1_000)
            ]
            assert server.post("/events", events).status_code == 200
        tags = [{"k": f"v{n}", "zone": "z"} for n in range(1_000)]
        assert server.post("/metrics", [{"name": "tagged", "value": 1, "tags": each} for each in tags]).ok
        yield server


@pytest.mark.parametrize("start", range(PARTS))
@pytest.mark.parametrize("attack", [statements, questions, searches, queries])
def test_each_is_answered_or_refused(stored: Server, attack: Callable[[], Iterator[bytes]], start: int) -> None:
    for request in islice(attack(), start, None, PARTS):
        with connect(stored, timeout=PATIENCE) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
            assert answer.status in (200, 400, 422, 503), (request[:300], answer)
            assert answer.status != 503 or b"timeout" in answer.body, (request[:300], answer)


@pytest.mark.parametrize("attack", ["statements", "questions", "searches", "PromQL queries"])
def test_they_do_not_disturb_other_clients(stored: Server, attack: str) -> None:
    check_beside(stored, attack, 8)
