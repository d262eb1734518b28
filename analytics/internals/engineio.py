"""Private parts of python-engineio.

Verified with python-engineio 4.15.1. The service relies on these:

- `Server.sockets` holds the sessions by id; `Server._async["websocket"]` and `Server._async["queue"]` make the
  WebSocket and the queue of each; `Server.disconnect(sid)`, looked up on the instance, is called to end one;
  `Server.max_http_buffer_size` is the option of that name.
- `Socket` is a session, with `sid`, `session` (data of the application), `queue`, `upgrading`, `upgraded` (has a
  WebSocket), `closed`, `check_ping_timeout()` (False where it times out) and `close(wait=False)`.
- Packets put into `queue` are sent in order and marked as done when they are taken; None ends the session.
- The WebSocket is made as `websocket(handler, server)`, where `handler` is a method of the session, and called as a
  WSGI application. It creates the simple-websocket server `ws` with `server_args`; the session calls its `send`, `wait`
  and `close`.
- `wait` returns a packet as text, or None at the end.
"""

import contextlib
from collections.abc import Callable
from functools import partial
from socket import SHUT_RD
from typing import Any

from engineio.async_drivers.gevent import WebSocketWSGI
from engineio.packet import MESSAGE, Packet
from gevent.queue import JoinableQueue
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

UPGRADE_SECONDS = 10
"""How long a client may take for each packet of an upgrade from polling to WebSocket."""
MAX_WAITING = 50
"""Maximum number of packets that wait for a client that reads, or polls, too rarely; answers beyond it are dropped."""


class BoundedQueue(JoinableQueue):  # type: ignore[misc]
    """The queue of a session, with a bound."""

    def put(self, item: Any, *args: Any, **options: Any) -> None:
        """Add a packet, or drop it if the queue is full; None, which ends the session, is always added."""
        if item is None or self.qsize() < MAX_WAITING:
            super().put(item, *args, **options)


class BoundedWebSocket(WebSocketWSGI):  # type: ignore[misc]
    """The WebSocket of a session, with a limit on messages, and a close that does not wait for the client."""

    def __init__(self, is_stopping: Callable[[], bool], handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.server_args["max_message_size"] = server.max_http_buffer_size
        self._is_stopping, self._socket = is_stopping, handler.__self__

    def send(self, message: str) -> None:
        """Send a packet; where that fails, `wait` reports the end."""
        with contextlib.suppress(OSError):
            super().send(message)

    def wait(self) -> str | None:
        """The next packet; None when the connection is closed, or when something else than a packet is received."""
        try:
            packet = self.ws.receive(None if self._socket.upgraded else UPGRADE_SECONDS)
        except ConnectionClosed:
            return None
        try:
            Packet(encoded_packet=packet)
        except (ValueError, TypeError, RecursionError):
            return None
        return packet if isinstance(packet, str) and not self._socket.closed else None

    def close(self) -> None:
        """Send a Close and stop reading."""
        if self.ws.connected:
            with contextlib.suppress(OSError):
                self.ws.close(CloseReason.GOING_AWAY if self._is_stopping() else None)
        with contextlib.suppress(OSError):
            self.ws.sock.shutdown(SHUT_RD)


class EngineSession:
    """An Engine.IO session, which polls or has a WebSocket."""

    __slots__ = ("_socket",)

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    @property
    def sid(self) -> str:
        """The id of the session."""
        sid: str = self._socket.sid
        return sid

    @property
    def data(self) -> dict[str, Any]:
        """Data of the application in the session."""
        data: dict[str, Any] = self._socket.session
        return data

    @property
    def is_upgraded(self) -> bool:
        """Whether it has a WebSocket."""
        return bool(self._socket.upgraded)

    @property
    def is_upgrading(self) -> bool:
        """Whether a WebSocket is about to take over from polling."""
        return bool(self._socket.upgrading)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended."""
        return bool(self._socket.closed)

    @property
    def waiting(self) -> int:
        """Number of packets that the client has not fetched."""
        return self._socket.queue.qsize()  # type: ignore[no-any-return]

    def put(self, text: str) -> None:
        """Queue a message; it is dropped if `MAX_WAITING` packets wait."""
        self._socket.queue.put(Packet(MESSAGE, text))

    def join(self) -> None:
        """Wait until the client has fetched all packets."""
        self._socket.queue.join()

    def check_timeout(self) -> bool:
        """Whether the client answers its pings; the session ends where it does not.

        Raises:
            SocketIsClosedError: the session has ended.
        """
        return self._socket.check_ping_timeout()  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the session, without waiting until the client has fetched all packets."""
        self._socket.close(wait=False)


class Engine:
    """The sessions of an Engine.IO server, which gets bounded queues and WebSockets.

    Args:
        server: the `engineio.Server`.
        is_stopping: whether WebSockets are closed because the service stops.
    """

    def __init__(self, server: Any, is_stopping: Callable[[], bool]) -> None:
        self._server = server
        websocket = partial(BoundedWebSocket, is_stopping)
        server._async = {**server._async, "websocket": websocket, "queue": BoundedQueue}
        server.disconnect = self._close

    def __len__(self) -> int:
        return len(self._server.sockets)

    def sessions(self) -> list[EngineSession]:
        """All sessions."""
        return [EngineSession(socket) for socket in self._server.sockets.values()]

    def session(self, sid: str | None) -> EngineSession | None:
        """The session with this id, if there is one."""
        socket = self._server.sockets.get(sid)
        return None if socket is None else EngineSession(socket)

    def _close(self, sid: str) -> None:
        """In place of the server's `disconnect`, which would wait until the client has fetched all packets."""
        session = self.session(sid)
        if session is not None:
            session.close()
