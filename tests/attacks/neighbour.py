"""A well-behaved client that works during an attack and checks every answer."""

import http.client
import json
import time
from statistics import quantiles
from threading import Event, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

PAUSE = 0.02
TIMEOUT = 20
RETRIES = 3


class Reply(NamedTuple):
    """An answer, and how long it took in seconds."""

    status: int
    body: Any
    seconds: float


class Neighbour:
    """Records events in a thread and reads them back until it is closed.

    An attempt on a connection that the server has closed is repeated on a new one, as HTTP clients do; the ids of the
    events make that safe.
    """

    def __init__(self, port: int, service: str = "neighbour") -> None:
        self._port, self._service = port, service
        self._connection = self._connect()
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.seconds: list[float] = []
        self.problems: list[str] = []
        self._recorded = 0
        self._record()

    @property
    def p99(self) -> float:
        """The 99th percentile of the latency in seconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[98]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()

    def count(self) -> tuple[int, int]:
        """Number of events that were acknowledged, and number that the service counts."""
        reply = self._ask("GET", f"/services/{quote(self._service)}/metrics")
        self._connection.close()
        return self._recorded, reply.body["request_count"]

    def _run(self) -> None:
        while not self._over.wait(PAUSE):
            try:
                self._record()
                self._look()
            except Exception as error:  # noqa: BLE001
                self.problems.append(f"{type(error).__name__}: {error}")

    def _record(self) -> None:
        event = {"type": "request", "service": self._service, "id": f"{self._service}-{self._recorded}"}
        reply = self._ask("POST", "/events", json.dumps(event))
        if reply.status not in (200, 201) or reply.body.get("id") != event["id"]:
            self.problems.append(f"POST /events: {reply}")
        else:
            self._recorded += 1

    def _look(self) -> None:
        self._connection.close()  # half of its requests need a new connection
        reply = self._ask("GET", f"/events?service={quote(self._service)}&limit=1")
        ids = [event["id"] for event in reply.body.get("events", [])]
        if reply.status != 200 or ids != [f"{self._service}-{self._recorded - 1}"]:
            self.problems.append(f"GET /events: {reply}")

    def _ask(self, method: str, path: str, body: str | None = None) -> Reply:
        started = time.perf_counter()
        for attempt in range(RETRIES):
            try:
                self._connection.request(method, path, body, {"Content-Type": "application/json"})
                answer = self._connection.getresponse()
                read = json.loads(answer.read())
                break
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()
                if attempt == RETRIES - 1:
                    raise
        seconds = time.perf_counter() - started
        self.seconds.append(seconds)
        return Reply(answer.status, read, seconds)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
