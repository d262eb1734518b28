"""A server that is killed and restarted, and clients that repeat requests until they are acknowledged."""

import contextlib
import http.client
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from tests.edge.kills import kill
from tests.edge.wire import eventually
from tests.server import GUNICORN, ROOT, Server

HASTY = (*GUNICORN[:-1], "tests.edge.hasty_disk:app")
SETTINGS = {
    "ANALYTICS_EVENTS_RING": "1000000",
    "ANALYTICS_METRICS_RING": "1000000",
    "ANALYTICS_DEDUPE_IDS": "1000000",
    "LOG_LEVEL": "WARNING",
}


class Mortal(Server):
    """A server that keeps the data directory `data` and its port across restarts."""

    def __init__(self, log: Path, data: Path, command: tuple[str, ...] = HASTY, **settings: str) -> None:
        super().__init__(log, {**SETTINGS, **settings, "ANALYTICS_DATA_DIR": str(data)}, command)
        self.data = data

    def begin(self) -> None:
        """Start the server without waiting for it."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self._command], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL all processes of the server."""
        kill(self)

    def begin_again(self) -> None:
        """Restart the server with SIGKILL, and wait until it is ready."""
        self.kill()
        self.begin()
        eventually(self.is_ready)

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Start the server and wait until it is ready; kill it at the end."""
        self.begin()
        try:
            eventually(self.is_ready)
            yield self
        finally:
            self.kill()

    def was_killed_during_a_checkpoint(self) -> bool:
        """Whether the files hold parts of an incomplete checkpoint."""
        copy = self.data.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.data, copy, ignore=shutil.ignore_patterns("*-shm"))
        if not (copy / "analytics.db").exists():
            return False
        with contextlib.closing(sqlite3.connect(copy / "analytics.db")) as db:
            query = "SELECT count(*) FROM image, mark WHERE image.generation > mark.generation"
            ((parts,),) = db.execute(query)
        return bool(parts)

    def is_ready(self) -> bool:
        """Whether the server is ready; fails if it has ended."""
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
        return False

    def all_events(self) -> list[dict[str, Any]]:
        """All events of the server, newest first, page by page."""
        page = self.get("/events?limit=1000")
        found = page["events"]
        while page.get("next_cursor"):
            page = self.get(f"/events?limit=1000&cursor={page['next_cursor']}")
            found += page["events"]
        return found


class Client(threading.Thread):
    """Sends `make(0)`, `make(1)` …, each until it is acknowledged, until `stop` is called.

    Args:
        again: whether unacknowledged payloads are sent again; otherwise they are skipped.
    """

    def __init__(self, server: Server, path: str, make: Callable[[int], Any], *, again: bool = True) -> None:
        super().__init__(daemon=True)
        self._server, self._path, self._make, self._again = server, path, make, again
        self._over = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self.acknowledged: list[Any] = []
        self.sent: list[Any] = []
        self.retries = 0
        self.wrong: str | None = None

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            payload = self._make(number)
            number += 1
            self.sent.append(payload)
            while not self._send(payload):
                self.retries += 1
                self._over.wait(random.random() * 0.05)
                if not self._again:
                    break
            else:
                self.acknowledged.append(payload)
        self._hang_up()

    def stop(self) -> None:
        """Finish the current request, and end."""
        self._over.set()
        self.join(60)
        assert not self.is_alive()
        assert self.wrong is None, self.wrong

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, payload: Any) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
            body = json.dumps(payload)
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return False
        if answer.status in (200, 201):
            receipt = json.loads(text)
            if receipt.get("rejected"):
                self.wrong = text.decode()
            return True
        if answer.status != 503 or not answer.headers["Retry-After"]:
            self.wrong = f"{answer.status}: {text!r}"
        return False


def batches(make: Callable[[int], dict[str, Any]], most: int, dice: random.Random) -> Callable[[int], Any]:
    """Batches of one to `most` records with consecutive numbers."""
    next_number = 0

    def batch(_: int) -> list[dict[str, Any]]:
        nonlocal next_number
        start, next_number = next_number, next_number + dice.randint(1, most)
        return [make(number) for number in range(start, next_number)]

    return batch


def flat(payloads: list[Any]) -> list[dict[str, Any]]:
    """The records of single ones and batches."""
    return [item for payload in payloads for item in (payload if isinstance(payload, list) else [payload])]
