"""Small bodies that decompress to huge ones."""

from tests.attacks.beside import check_beside
from tests.attacks.payloads import bombs
from tests.edge.wire import connect, read_answer, resident_mib, worker_pid
from tests.server import Server


def test_bombs_are_refused_without_the_memory_that_they_ask_for(target: Server) -> None:
    before = resident_mib(worker_pid(target), "VmHWM")
    statuses = []
    for request in bombs():
        with connect(target) as connection:
            connection.sendall(request)
            statuses.append(read_answer(connection).status)
    assert statuses == [413] * 8 + [201, 400]
    assert resident_mib(worker_pid(target), "VmHWM") < before + 150


def test_bombs_disturb_nobody(target: Server) -> None:
    check_beside(target, "bombs", 2)
