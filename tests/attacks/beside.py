"""Checks that an attack neither disturbs a well-behaved client nor keeps memory."""

import time

from tests.attacks.attacks import attacking
from tests.attacks.neighbour import Neighbour
from tests.edge.stalls import Stalls
from tests.edge.wire import eventually, resident_mib, worker_pid
from tests.server import Server

SECONDS = 2.0
LEAST = 30
"""Minimum number of answers to the client during the attack."""
PATIENCE = 10.0
"""Maximum latency in seconds on a busy machine; `python -m bench attacks` measures it exactly."""
GROWTH = 100.0
"""MiB that the service may keep after an attack: what it recorded, and the remains of its heap."""


def check_beside(server: Server, attack: str, number: int, seconds: float = SECONDS, growth: float = GROWTH) -> None:
    """Attack with `number` connections while a well-behaved client works."""
    pid = worker_pid(server)
    before = resident_mib(pid)
    neighbour = Neighbour(server.port, f"beside {number} × {attack}")
    with Stalls() as stalls, attacking(attack, server.port, number), neighbour:
        time.sleep(seconds)
        eventually(lambda: len(neighbour.seconds) >= LEAST or neighbour.problems, 60)
    assert not neighbour.problems, neighbour.problems[:3]
    assert neighbour.p99 < PATIENCE + stalls.slack, neighbour.p99
    recorded, counted = neighbour.count()
    assert recorded == counted, (recorded, counted)
    eventually(lambda: resident_mib(pid) < before + growth)
    assert "Traceback" not in server.log()
