"""Memory after a million distinct services, endpoints, metric names, tags and users."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from bench.client import Connection
from bench.payloads import in_batches
from bench.plan import Plan, say
from bench.servers import BenchError, service
from bench.table import Row

MILLION = 1_000_000
PART = 100_000  # size of the rounds in which only one thing is new
BATCH = 10_000
LIMIT = 300.0  # MB
Record = dict[str, Any]


def _new_service(n: int) -> Record:
    data = {"endpoint": f"/new/{n}", "latency": 12.5, "status": 200}
    return {"type": "request", "service": f"service-{n}", "user_id": f"someone-{n}", "data": data}


def _new_endpoint(n: int) -> Record:
    return _new_service(n) | {"service": "frontend", "user_id": f"other-{n}"}


def _new_type(n: int) -> Record:
    return {"type": f"type-{n}", "service": "frontend", "user_id": f"third-{n}"}


def _new_metric(n: int) -> Record:
    return {
        "name": f"metric-{n}",
        "value": 1.5,
        "unit": "ms",
        "tags": {"service": "frontend", f"tag-{n}": f"{n}"},
    }


def _new_tag(n: int) -> Record:
    return {"name": "load", "value": 1.5, "tags": {"service": "frontend", "zone": f"zone-{n}"}}


ROUNDS: tuple[tuple[str, str, int, Callable[[int], Record]], ...] = (
    ("one service, new endpoints and users", "/events", PART, _new_endpoint),
    ("new services, endpoints and users", "/events", MILLION, _new_service),
    ("one service, new types and users", "/events", PART, _new_type),
    ("one metric, new tag values", "/metrics", PART, _new_tag),
    ("new metric names, tag names and values", "/metrics", MILLION, _new_metric),
)


def rows(plan: Plan) -> list[Row]:
    del plan  # the figure is the number of records
    thrown = 0
    with service() as ours, Connection(ours.port) as connection:
        before = ours.memory()
        for what, path, count, make in ROUNDS:
            receipts = _send(connection, path, count, make)
            thrown += count
            say(f"{what}: {count:,} thrown, {receipts}; {ours.memory():.0f} MB")
        after, peak = ours.memory(), ours.memory("VmHWM")
        drops = orjson.loads(connection.get("/stats").body)["drops"]
    if not any(drops.values()):
        raise BenchError("/stats counts no drops")
    return [
        Row(
            f"memory after {thrown:,} records, each with new names",
            f"{after:.0f} MB in all",
            f"{peak:.0f} MB at most",
            "at the start",
            f"{before:.0f} MB",
            target=f"≤ {LIMIT:g} MB",
            reached=after <= LIMIT,
        ),
        *(Row(f"its drops, {reason}", f"{count:,}", target="counted", reached=True) for reason, count in drops.items()),
    ]


def _send(connection: Connection, path: str, count: int, make: Callable[[int], Record]) -> str:
    """Post the records; returns the sum of the receipts, such as "accepted 9,000, rejected 1,000"."""
    outcomes: Counter[str] = Counter()
    for body in in_batches(map(make, range(count)), BATCH):
        answer = connection.post(path, body)
        if answer.status not in (200, 400):
            raise BenchError(f"{path} answered {answer.status} {answer.body[:300]!r}")
        receipt = orjson.loads(answer.body)
        outcomes.update({name: receipt[name] for name in ("accepted", "duplicates", "rejected")})
    return ", ".join(f"{name} {number:,}" for name, number in outcomes.items() if number)
