"""Fills a new service for the measurement of reads: many services, full rings."""

from collections.abc import Callable, Iterable, Iterator
from random import Random

import orjson

from analytics.clock import rfc3339
from bench.client import Connection
from bench.payloads import COUNTER, ENDPOINTS, Event, in_batches, request
from bench.servers import BenchError

RING = 10_000  # events, and metrics, that the service keeps by default
DAYS, HOURS = 90, 7 * 24  # of statistics, by default
MANY_SERVICES = 100
MANY_ENDPOINTS = 1_000  # ten in each service


def post(connection: Connection, path: str, records: Iterable[Event], size: int = 1_000) -> None:
    """Post all records in batches; BenchError if one is refused."""
    for body in in_batches(records, size):
        answer = connection.post(path, body)
        if answer.status != 200 or orjson.loads(answer.body)["rejected"]:
            raise BenchError(f"{path} answered {answer.status} {answer.body[:300]!r}")


def many_services(connection: Connection) -> None:
    """100 services with heartbeats, 1,000 endpoints, both rings full."""
    random = Random(2)
    for number in range(MANY_SERVICES):
        beat = {"service": _service(number), "status": "healthy", "metrics": {"uptime": 72.5}}
        answer = connection.post("/heartbeat", orjson.dumps(beat))
        if answer.status != 200:
            raise BenchError(f"/heartbeat answered {answer.status} {answer.body[:300]!r}")
    post(connection, "/events", (_request(random, number) for number in range(RING + 2_000)))
    post(connection, "/metrics", (_latency(random, number) for number in range(RING + 2_000)))


def whole_retention(connection: Connection, now: float) -> None:
    """The same with records in each hour of 7 days and each day of 90, and 100,000 remembered ids."""
    days = [now - 86_400 * (number + 0.5) for number in range(DAYS - 1)]
    hours = [now - 3_600 * (number + 0.5) for number in range(HOURS - 1)]
    times = [rfc3339(at) for at in sorted(days + hours) for _ in range(MANY_SERVICES)]
    random = Random(3)
    post(connection, "/events", _spread(times, lambda number: _request(random, number)), 5_000)
    post(connection, "/metrics", _spread(times, lambda number: _latency(random, number)), 5_000)
    many_services(connection)


def _spread(times: list[str], make: Callable[[int], Event]) -> Iterator[Event]:
    for number in range(max(len(times), 100_000)):
        yield {**make(number), "timestamp": times[number % len(times)], "id": f"{COUNTER}-{number}"}


def _request(random: Random, number: int) -> Event:
    service, endpoint = _place(number)
    return request(random, service, endpoint, f"user-{random.randrange(5_000)}")


def _latency(random: Random, number: int) -> Event:
    service, endpoint = _place(number)
    tags = {"service": service, "endpoint": endpoint}
    return {"name": "latency", "value": round(random.lognormvariate(3, 0.6), 1), "unit": "ms", "tags": tags}


def _place(number: int) -> tuple[str, str]:
    of_service = number // MANY_SERVICES % (MANY_ENDPOINTS // MANY_SERVICES)
    return _service(number % MANY_SERVICES), f"{ENDPOINTS[of_service % len(ENDPOINTS)]}/{of_service}"


def _service(number: int) -> str:
    return f"service-{number:03d}"
