"""Floods of log lines and spans: events and the dashboard do not suffer, and what is over a rate is refused."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from statistics import quantiles
from typing import Any

import pytest

from tests.edge.stalls import Stalls
from tests.edge.wire import eventually
from tests.server import Server

BATCH = 1_000
RATE = 10_000
"""Lines or spans a second: as many as each service may send."""
FACTOR, SLACK = 5, 1.0
"""p99 of the dashboard during a flood: at most this many times that without one, and as many seconds more.

`python -m bench flood` has the target itself.
"""
Make = Callable[..., Any]


def push(number: int, service: str = "shop") -> dict[str, Any]:
    """A push of lines in Loki's format."""
    now = time.time_ns()
    lines = [[str(now + place), f"GET /product/{place} 200 {number} ms user=u{place}"] for place in range(BATCH)]
    return {"streams": [{"stream": {"app": service, "level": "info"}, "values": lines}]}


def spans(number: int, service: str = "shop") -> dict[str, Any]:
    """Spans in OTLP's format."""
    now, first = time.time_ns(), number * BATCH + 1
    found = [
        {
            "traceId": f"{first + place:032x}",
            "spanId": f"{first + place:016x}",
            "name": "GET /product/{id}",
            "kind": 2,
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + place * 1_000),
        }
        for place in range(BATCH)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": found}]}]}


FLOODS: dict[str, tuple[str, Make]] = {"logs": ("/loki/api/v1/push", push), "spans": ("/v1/traces", spans)}


class Sender:
    """Sends requests at a steady rate in a thread; `make(0)`, `make(1)` … are the bodies, None for a GET."""

    def __init__(self, server: Server, path: str, rate: float, make: Make | None = None) -> None:
        self._port, self._path, self._pause, self._make = server.port, path, 1 / rate, make
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.statuses, self.seconds = Counter[int](), list[float]()
        self.headers: dict[int, http.client.HTTPMessage] = {}

    @property
    def p99(self) -> float:
        """The 99th percentile of the latency in seconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[98]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send until the end of the context."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        started = time.monotonic()
        for number in count():
            body = None if self._make is None else json.dumps(self._make(number)).encode()
            if self._over.wait(max(0.0, started + number * self._pause - time.monotonic())):
                break
            asked = time.monotonic()
            headers = {"Content-Type": "application/json"}
            connection.request("GET" if body is None else "POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read()
            self.seconds.append(time.monotonic() - asked)
            self.statuses[answer.status] += 1
            self.headers[answer.status] = answer.headers
        connection.close()


def event(service: str) -> Make:
    return lambda number: {"type": "request", "service": service, "id": f"{service}{number}", "data": {"latency": 5}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with all files."""
    folder = tmp_path_factory.mktemp("flood")
    with Server(folder / "log", {"ANALYTICS_DATA_DIR": str(folder / "data"), "LOG_LEVEL": "WARNING"}) as server:
        yield server


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with low rates."""
    rates = {"ANALYTICS_LOGS_RATE": "300", "ANALYTICS_SPANS_RATE": "300", "LOG_LEVEL": "WARNING"}
    with Server(tmp_path_factory.mktemp("strict") / "log", rates) as server:
        yield server


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_refuses_no_event_and_slows_no_dashboard(kind: str, seconds: float, server: Server) -> None:
    path, make = FLOODS[kind]
    service = f"cart-{kind}-{seconds}"
    assert server.post(path, make(10_000 + seconds)).ok  # the door is loaded with its first request
    before = server.get("/stats")["ingest"][kind]
    alone, looks = Sender(server, "/dashboard", 20), Sender(server, "/dashboard", 20)
    flood, events = Sender(server, path, RATE / BATCH, make), Sender(server, "/events", 50, event(service))
    with alone.running():
        time.sleep(0.5)
    with Stalls() as stalls, flood.running(), events.running(), looks.running():
        time.sleep(seconds)
    assert set(flood.statuses) <= {200, 204}, flood.statuses
    assert set(events.statuses) == {201}, events.statuses
    assert set(looks.statuses) == {200}, looks.statuses
    assert looks.p99 < FACTOR * alone.p99 + SLACK + stalls.slack, (looks.p99, alone.p99, stalls.longest)
    stats = server.get("/stats")
    after = stats["ingest"][kind]
    assert after["accepted"] - before["accepted"] == flood.statuses.total() * BATCH > 0
    assert after["rejected"] == 0
    assert stats["events_by_service"][service] == events.statuses[201]


@pytest.mark.parametrize("kind", FLOODS)
def test_what_is_over_the_rate_of_its_kind_and_service_is_answered_429_and_counted(
    kind: str, strict_server: Server
) -> None:
    path, make = FLOODS[kind]
    flood, events = Sender(strict_server, path, 20, make), Sender(strict_server, "/events", 50, event(f"cart-{kind}"))
    with flood.running(), events.running():
        eventually(lambda: flood.statuses[429] >= 2)
    assert set(flood.statuses) <= {200, 204, 429}, flood.statuses
    assert int(flood.headers[429]["Retry-After"]) >= 1
    assert set(events.statuses) == {201}, events.statuses
    stats = strict_server.get("/stats")
    counts = stats["ingest"][kind]
    assert counts["accepted"] + counts["rejected"] == flood.statuses.total() * BATCH
    assert counts["rejected"] == stats["drops"][f"{kind}_rate"] >= flood.statuses[429] * BATCH
    assert strict_server.post(path, make(9_000, f"other-{kind}")).ok, "the rate of another service"
