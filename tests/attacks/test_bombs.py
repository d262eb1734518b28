"""Decompression bombs."""

from tests.attacks.beside import check_beside
from tests.attacks.payloads import bombs
from tests.edge.wire import connect, read_answer, resident_mib, worker_pid
from tests.server import Server


def test_bombs_are_refused_in_little_memory(target: Server) -> None:
    before = resident_mib(worker_pid(target), "VmHWM")
    statuses = []
    for request in bombs():
        with connect(target) as connection:
            connection.sendall(request)
            statuses.append(read_answer(connection).status)
    assert statuses == [413] * 10 + [201, 400]
    assert resident_mib(worker_pid(target), "VmHWM") < before + 150


def test_bombs_do_not_disturb_other_clients(target: Server) -> None:
    check_beside(target, "bombs", 2)
