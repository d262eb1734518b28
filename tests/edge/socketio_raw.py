"""Engine.IO and Socket.IO packet by packet, for packets that no client library would send."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import requests
import websocket

from tests.edge.wire import unique
from tests.server import Server

PLAIN_TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
SEPARATOR = "\x1e"


class Session:
    """A long-polling session, connected to `/` unless `joins` is false; it is closed at the end."""

    def __init__(self, server: Server, query: str = "", *, joins: bool = True) -> None:
        self.http = requests.Session()
        self.host = f"127.0.0.1:{server.port}"
        (opening,) = self.ask("GET", f"{server.url}/socket.io/?EIO=4&transport=polling&{query}").text.split(SEPARATOR)
        self.sid = json.loads(opening[1:])["sid"]
        self.url = f"{server.url}/socket.io/?EIO=4&transport=polling&sid={self.sid}"
        if joins:
            assert self.post("40").status_code == 200

    def ask(self, method: str, url: str, **more: Any) -> requests.Response:
        """Send any request on the connection of this session."""
        return self.http.request(method, url, timeout=15, **more)

    def post(self, *packets: str) -> requests.Response:
        """Send packets in one request."""
        return self.ask("POST", self.url, data=SEPARATOR.join(packets).encode(), headers=PLAIN_TEXT)

    def poll(self) -> list[str]:
        """Wait for packets, and return all that are queued."""
        answer = self.ask("GET", self.url)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.text.split(SEPARATOR) if answer.text else []

    def until(self, beginning: str) -> list[str]:
        """Poll up to and including the first packet with that beginning."""
        packets: list[str] = []
        while not any(packet.startswith(beginning) for packet in packets):
            packets += self.poll()
        return packets

    def websocket(self) -> websocket.WebSocket:
        """A WebSocket to upgrade to."""
        return open_websocket(self.host, f"sid={self.sid}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(requests.ConnectionError):  # the server may have stopped
            self.post("1")
        self.http.close()


def open_websocket(host: str, query: str = "", **more: Any) -> websocket.WebSocket:
    """A WebSocket of Engine.IO."""
    url = f"ws://{host}/socket.io/?EIO=4&transport=websocket&{query}"
    return websocket.create_connection(url, timeout=10, **more)


@contextmanager
def joined_websocket(server: Server, query: str = "") -> Iterator[websocket.WebSocket]:
    """A WebSocket whose session is connected to `/` and has received its snapshot."""
    live = open_websocket(f"127.0.0.1:{server.port}", query)
    try:
        assert live.recv().startswith("0{")
        live.send("40")
        assert live.recv().startswith('40{"sid"')
        assert live.recv().startswith('42["snapshot"')
        yield live
    finally:
        live.shutdown()


def connected(server: Server) -> int:
    """Number of connected clients, over all protocols."""
    return int(server.get("/health")["stats"]["connected_clients"])


def events_in(packets: list[str]) -> list[list[Any]]:
    """The events in packets: name, data, metadata."""
    return [json.loads(packet[2:]) for packet in packets if packet.startswith("42")]


def is_served(server: Server, live: websocket.WebSocket) -> bool:
    """Whether a new event reaches a client, after queued packets."""
    service = unique("served")
    assert server.post("/events", {"type": "probe", "service": service}).status_code == 201
    while True:
        for event in events_in([live.recv()]):
            if event[0] == "event" and event[1]["service"] == service:
                return True


@contextmanager
def no_traceback(server: Server) -> Iterator[None]:
    """Check that no traceback is logged within this block."""
    before = server.log().count("Traceback")
    yield
    assert server.log().count("Traceback") == before, server.log()[-4000:]
