"""Both Socket.IO clients, npm's and Python's, behind one interface: what they heard, and what they are made to say."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import pytest
import socketio

from tests.edge.wire import SPEC, eventually, tool
from tests.nginx import Nginx
from tests.server import Server

TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}
"""What a client is told to use; the last is the default of both."""
KINDS = ("npm", "python")


class Heard(NamedTuple):
    """An event, its arguments and the monotonic time at which it came."""

    name: str
    said: list[Any]
    at: float


class Client(Protocol):
    """A connected client."""

    heard: list[Heard]

    @property
    def transport(self) -> str:
        """What it speaks over now."""

    def emit(self, name: str, *said: Any) -> None:
        """Emit an event with an acknowledgement, which is heard as `answer`."""

    def close(self) -> None:
        """Disconnect in order."""


class NpmClient:
    """The client of npm in a process of its own."""

    def __init__(
        self,
        server: Server | Nginx,
        transports: list[str],
        query: str = "",
        headers: Mapping[str, str] | None = None,
        path: str = "/socket.io",
    ) -> None:
        modules = SPEC / "node_modules" / "socket.io-client"
        if not modules.exists():
            problem = "socket.io-client is not installed (make test installs it, where there is npm)"
            pytest.fail(problem) if os.environ.get("CI") == "true" else pytest.skip(problem)
        self.heard: list[Heard] = []
        self.process = subprocess.Popen(
            [tool("node"), str(SPEC / "socketio.mjs")],
            env={
                **os.environ,
                "BASE_URL": f"{server.url}?{query}",
                "TRANSPORTS": json.dumps(transports),
                "HEADERS": json.dumps(headers or {}),
                "SOCKETIO_PATH": path,
                **({"NODE_EXTRA_CA_CERTS": str(server.certificate)} if isinstance(server, Nginx) else {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._first = transports[0]
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            name, *said = json.loads(line)
            self.heard.append(Heard(name, said, time.monotonic()))

    @property
    def transport(self) -> str:
        return next((str(heard.said[0]) for heard in self.heard if heard.name == "upgrade"), self._first)

    def emit(self, name: str, *said: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, *said]) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self._reader.join()


class PythonClient:
    """The client of python-socketio; it handles each message in a thread, so that order is not its own."""

    def __init__(self, server: Server, transports: list[str], query: str, headers: Mapping[str, str]) -> None:
        self.heard: list[Heard] = []
        self.client = socketio.Client(reconnection=False, handle_sigint=False)
        for name in ("connect", "disconnect", "connect_error"):
            self.client.on(name, lambda *said, name=name: self._hear(name, *said))
        self.client.on("*", self._hear)
        try:
            self.client.connect(f"{server.url}?{query}", headers=dict(headers), transports=transports, wait_timeout=5)
        except socketio.exceptions.ConnectionError:
            self._end_session()

    def _hear(self, name: str, *said: Any) -> None:
        self.heard.append(Heard(name, list(said), time.monotonic()))

    @property
    def transport(self) -> str:
        return str(self.client.transport())

    def emit(self, name: str, *said: Any) -> None:
        self.client.emit(name, said, callback=lambda *answer: self._hear("answer", *answer))

    def close(self) -> None:
        self.client.disconnect()
        self._end_session()

    def _end_session(self) -> None:
        if self.client.eio.http is not None:
            self.client.eio.http.close()


@contextmanager
def client(
    kind: str, server: Server, transports: str, query: str = "", headers: Mapping[str, str] | None = None
) -> Iterator[Client]:
    """A client of one kind that has connected, or was refused; it is closed in the end."""
    make = {"npm": NpmClient, "python": PythonClient}[kind]
    one = make(server, TRANSPORTS[transports], query, headers or {})
    try:
        eventually(lambda: named(one, "connect") or named(one, "connect_error"))
        yield one
    finally:
        one.close()


def named(client: Client, name: str) -> list[Heard]:
    """What the client heard of that name so far."""
    return [heard for heard in list(client.heard) if heard.name == name]


def events(client: Client, service: str) -> list[dict[str, Any]]:
    """The data of the events of a service that the client heard so far."""
    return [heard.said[0] for heard in named(client, "event") if heard.said[0]["service"] == service]
