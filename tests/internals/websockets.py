"""The client's end of a WebSocket over a socket pair, for tests of the libraries that serve the other end."""

from base64 import b64encode
from types import TracebackType
from typing import Any, Self

from gevent import socket as green
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Event

HANDSHAKE = {
    "HTTP_HOST": "localhost",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": b64encode(bytes(16)).decode(),
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}
"""Headers of a handshake in a WSGI environ."""


class Pair:
    """Both ends of a connection; the client's end is past the handshake."""

    def __init__(self) -> None:
        self.ours, self.theirs = green.socketpair()
        self.theirs.settimeout(5)
        self._client = Connection(ConnectionType.CLIENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ours.close()
        self.theirs.close()

    def read_response(self) -> bytes:
        """Receive the head of the handshake's response."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += self.theirs.recv(1)
        return data

    def encode(self, *events: Event) -> bytes:
        """Frames of the client."""
        return b"".join(map(self._client.send, events))

    def send(self, *events: Event) -> None:
        """Send frames of the client in one write."""
        self.theirs.sendall(self.encode(*events))

    def receive(self) -> list[Event]:
        """Receive at least one frame from the server; none at the end."""
        events: list[Event] = []
        while not events:
            data = self.theirs.recv(65_536)
            if not data:
                return []
            self._client.receive_data(data)
            events = list(self._client.events())
        return events


def environ(sock: Any, key: str = "gunicorn.socket", **more: Any) -> dict[str, Any]:
    """A WSGI environ with a handshake on `sock`."""
    return {"REQUEST_METHOD": "GET", key: sock, **HANDSHAKE, **more}
