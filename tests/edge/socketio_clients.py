"""Both Socket.IO clients, npm's and Python's, with one interface to emit events and read received ones."""

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
"""The transports that a client may use; the last entry is the default of both clients."""
KINDS = ("npm", "python")


class Received(NamedTuple):
    """A received event, its arguments and its monotonic time of arrival."""

    name: str
    args: list[Any]
    at: float


class Client(Protocol):
    """A connected client."""

    received: list[Received]

    @property
    def transport(self) -> str:
        """The current transport."""

    def emit(self, name: str, *args: Any) -> None:
        """Emit an event with an acknowledgement, which is received as the event `answer`."""

    def close(self) -> None:
        """Disconnect cleanly."""


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
        self.received: list[Received] = []
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
            name, *args = json.loads(line)
            self.received.append(Received(name, args, time.monotonic()))

    @property
    def transport(self) -> str:
        return next((str(event.args[0]) for event in self.received if event.name == "upgrade"), self._first)

    def emit(self, name: str, *args: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, *args]) + "\n")
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
    """The client of python-socketio; it handles each message in a thread, so order is not guaranteed."""

    def __init__(self, server: Server, transports: list[str], query: str, headers: Mapping[str, str]) -> None:
        self.received: list[Received] = []
        self.client = socketio.Client(reconnection=False, handle_sigint=False)
        for name in ("connect", "disconnect", "connect_error"):
            self.client.on(name, lambda *args, name=name: self._receive(name, *args))
        self.client.on("*", self._receive)
        try:
            self.client.connect(f"{server.url}?{query}", headers=dict(headers), transports=transports, wait_timeout=5)
        except socketio.exceptions.ConnectionError:
            self._end_session()

    def _receive(self, name: str, *args: Any) -> None:
        self.received.append(Received(name, list(args), time.monotonic()))

    @property
    def transport(self) -> str:
        return str(self.client.transport())

    def emit(self, name: str, *args: Any) -> None:
        self.client.emit(name, args, callback=lambda *answer: self._receive("answer", *answer))

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
    """A client that has connected or was refused; it is closed at the end."""
    make = {"npm": NpmClient, "python": PythonClient}[kind]
    one = make(server, TRANSPORTS[transports], query, headers or {})
    try:
        eventually(lambda: named(one, "connect") or named(one, "connect_error"))
        yield one
    finally:
        one.close()


def named(client: Client, name: str) -> list[Received]:
    """Events of that name that the client has received so far."""
    return [event for event in list(client.received) if event.name == name]


def events(client: Client, service: str) -> list[dict[str, Any]]:
    """The data of a service's events that the client has received so far."""
    return [event.args[0] for event in named(client, "event") if event.args[0]["service"] == service]
