"""Log lines and spans that are too much, and questions about them that ask for too much."""

from collections.abc import Iterator
from itertools import islice

import pytest

from tests.attacks.beside import check_beside
from tests.attacks.conftest import TRIMMING
from tests.attacks.record_payloads import record_questions, records
from tests.edge.wire import connect, read_answer
from tests.server import Server

PATIENCE = 60


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a long-term store of 500 lines and 500 spans."""
    folder = tmp_path_factory.mktemp("records")
    settings = {"ANALYTICS_DATA_DIR": str(folder / "data"), "LOG_LEVEL": "WARNING"}
    with Server(folder / "server.log", settings, TRIMMING) as server:
        for request in islice(records(), 2):
            with connect(server, timeout=PATIENCE) as connection:
                connection.sendall(request)
                assert read_answer(connection).status in (200, 204)
        yield server


def test_each_question_is_answered_or_refused(stored: Server) -> None:
    for request in record_questions():
        with connect(stored, timeout=PATIENCE) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
            assert answer.status in (200, 400, 422, 503), (request[:300], answer)
            assert answer.status != 503 or b"timeout" in answer.body, (request[:300], answer)


@pytest.mark.parametrize(("attack", "number"), [("wrong records", 2), ("record questions", 8)])
def test_they_do_not_disturb_other_clients(stored: Server, attack: str, number: int) -> None:
    check_beside(stored, attack, number)


def test_new_names_of_records_do_not_disturb_other_clients(target: Server) -> None:
    check_beside(target, "records", 2)
    assert target.get("/stats")["drops"]["too_many_services"] > 0
