"""Latency of a well-behaved client, and memory, during each attack of tests/attacks/."""

import time

import orjson
import requests

from bench.client import Connection
from bench.plan import Plan, say
from bench.servers import BenchError, Server, journalled, service
from bench.table import Row
from tests.attacks.attacks import ATTACKS, attacking
from tests.attacks.neighbour import Neighbour

NUMBERS = {
    "slow headers": 200,
    "large headers, byte by byte": 50,
    "slow bodies": 200,
    "slow chunks": 200,
    "large bodies that stop": 60,
    "silent connections": 10_000,
    "idle connections": 10_000,
    "exports": 1_000,
    "silent readers": 80,
    "polls": 20,
    "PromQL queries": 20,
    "searches": 20,
    "questions": 20,
    "statements": 100,
    "record questions": 20,
}
"""Connections of each attack; `USUAL` of the others."""
STORED = ("searches", "questions", "statements", "records", "record questions")
"""Attacks on the long-term store, for which the server keeps one."""
USUAL = 4
SECONDS = 3.0
"""Minimum for each attack, as its connections have to be opened."""
REST, TRIM = 3.0, 65.0
"""Seconds after an attack until memory is measured (the time limits of open connections), and until it is measured
again where too much is left: the server returns freed memory to the system each minute.
"""
LIMIT, GROWTH = 0.25, 64.0
"""Maximum of the 99th percentile in seconds, and of the memory in MB that is left after an attack."""
EVENTS = 10_000
RULE = {"patterns": ["email", "card", "token"], "applies_to": ["data", "message", "tags"]}
"""Redaction rule in force during the attacks."""


def rows(plan: Plan) -> list[Row]:
    """One row for each attack, beside the same client without an attack."""
    seconds = max(SECONDS, plan.seconds)
    return [_row(name, NUMBERS.get(name, USUAL), seconds) for name in ATTACKS]


def _row(name: str, number: int, seconds: float) -> Row:
    say(f"{name}, {number} connections")
    with journalled() if name in STORED else service() as ours:
        _fill(ours)
        alone = Neighbour(ours.port, "alone")
        with alone:
            time.sleep(seconds / 2)
        before, beside = ours.memory(), Neighbour(ours.port, "beside")
        with attacking(name, ours.port, number), beside:
            time.sleep(seconds)
        time.sleep(REST)
        growth, rest = ours.memory() - before, REST
        if growth > GROWTH:
            time.sleep(TRIM - REST)
            growth, rest = ours.memory() - before, TRIM
        for neighbour in (alone, beside):
            recorded, counted = neighbour.count()
            if neighbour.problems or recorded != counted:
                raise BenchError(f"{name}: {counted} of {recorded} events counted, {neighbour.problems[:1]}")
        return Row(
            f"beside {number:,} × {name}",
            f"p99 {beside.p99 * 1000:.0f} ms, {growth:+.0f} MB {rest:.0f} s after it",
            f"{ours.memory('VmHWM'):.0f} MB at most",
            "without an attack",
            f"p99 {alone.p99 * 1000:.0f} ms",
            target=f"p99 ≤ {LIMIT * 1000:.0f} ms, ≤ {GROWTH:+.0f} MB, right answers",
            reached=beside.p99 <= LIMIT and growth <= GROWTH,
        )


def _fill(ours: Server) -> None:
    """Make the redaction rule, and record events to export and the maximum number of series of one metric."""
    made = requests.put(f"http://127.0.0.1:{ours.port}/redactions/patterns", json=RULE, timeout=10)
    if made.status_code != 201:
        raise BenchError(f"PUT /redactions/patterns answered {made.status_code} {made.text[:300]}")
    event = {"type": "request", "service": "flooded", "data": {"x": "a" * 300, "latency": 5}}
    with Connection(ours.port) as connection:
        for batch in range(EVENTS // 1_000):
            events = [event | {"user_id": f"u{n}"} for n in range(1_000)]
            tags = [{"k": f"v{n}", "zone": "z", "batch": str(batch)} for n in range(1_000)]
            metrics = [{"name": "tagged", "value": 1, "tags": each} for each in tags]
            for path, items in (("/events", events), ("/metrics", metrics)):
                answer = connection.post(path, orjson.dumps(items))
                if answer.status != 200:
                    raise BenchError(f"{path} answered {answer.status} {answer.body[:300]!r}")
