"""Deep or huge JSON, batches of invalid items, and hash collisions."""

from itertools import islice

import pytest

from tests.attacks.beside import check_beside
from tests.attacks.payloads import batches, documents
from tests.edge.wire import check_still_works, connect, read_answer
from tests.server import Server

PARTS = 5
"""So many tests send the documents, and as many the batches, each its share."""


@pytest.mark.parametrize("start", range(PARTS))
def test_each_document_gets_a_short_answer(target: Server, start: int) -> None:
    for request in islice(documents(), start, None, PARTS):
        with connect(target, timeout=60) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
            assert answer.status in (200, 201, 400, 413, 422), (request[:200], answer)
            assert len(answer.body) < 10_000, request[:200]
    check_still_works(target)


@pytest.mark.parametrize("start", range(PARTS))
def test_each_item_of_a_batch_is_refused_and_the_first_hundred_errors_listed(target: Server, start: int) -> None:
    for request in islice(batches(), start, None, PARTS):
        with connect(target, timeout=60) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
            assert (answer.status, len(answer.json()["errors"])) == (400, 100)
            assert answer.json()["rejected"] == 10_000


@pytest.mark.parametrize(("attack", "number"), [("documents", 2), ("wrong batches", 4), ("collisions", 2)])
def test_documents_do_not_disturb_other_clients(target: Server, attack: str, number: int) -> None:
    check_beside(target, attack, number)
