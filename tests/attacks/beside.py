"""Checks that an attack neither disturbs a well-behaved client nor keeps memory."""

import time

from analytics.jobs.memory import TRIM_SECONDS
from tests.attacks.attacks import attacking
from tests.attacks.neighbour import Neighbour
from tests.edge.stalls import Stalls
from tests.edge.wire import eventually, resident_mib, worker_pid
from tests.randomness import many
from tests.server import Server

ALONE_SECONDS, SECONDS, SLOW_SECONDS = 0.5, many(1), many(2)
"""How long the client works alone, during an attack, and during one that has to meet time limits of one second.

`make test-long` attacks ten times as long.
"""
LEAST = 30
"""Minimum number of answers to the client, alone and during the attack."""
FACTOR, SLACK = 5, 1.0
"""Maximum latency during the attack: this many times that of the client alone, and as many seconds for a busy machine.

`python -m bench attacks` has the target itself.
"""
GROWTH = 64.0
"""MiB that the service may keep after an attack, when it has returned freed memory to the system."""


def check_beside(server: Server, attack: str, number: int, seconds: float = SECONDS, growth: float = GROWTH) -> None:
    """Attack with `number` connections while a well-behaved client works, and compare it with the client alone."""
    pid = worker_pid(server)
    alone, beside = (Neighbour(server.port, f"{when} {number} × {attack}") for when in ("before", "beside"))
    with Stalls() as stalls:
        with alone:
            _work(alone, ALONE_SECONDS)
        before = resident_mib(pid)
        with attacking(attack, server.port, number), beside:
            _work(beside, seconds)
    for neighbour in (alone, beside):
        assert not neighbour.problems, neighbour.problems[:3]
        recorded, counted = neighbour.count()
        assert recorded == counted, (recorded, counted)
    assert beside.p99 < FACTOR * alone.p99 + SLACK + stalls.slack, (beside.p99, alone.p99, stalls.longest)
    eventually(lambda: resident_mib(pid) < before + growth, TRIM_SECONDS + 20)
    assert "Traceback" not in server.log()


def _work(neighbour: Neighbour, seconds: float) -> None:
    time.sleep(seconds)
    eventually(lambda: len(neighbour.seconds) >= LEAST or neighbour.problems, 60)
