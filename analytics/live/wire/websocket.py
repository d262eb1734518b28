"""The plain WebSocket: sends initial messages, then updates and events."""

from collections.abc import Callable
from functools import partial
from socket import MSG_MORE, SHUT_RDWR
from typing import Any

from flask import Blueprint, Response, g, request
from flask_sock import Sock
from gevent import Timeout
from gevent.event import Event
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

from analytics.internals.simple_websocket import NoThread, listen, take_pong
from analytics.keys.leases import Leases
from analytics.live.capacity import Capacity
from analytics.live.commands import Commands, options_in_query
from analytics.live.delivery import NO_ACCESS, Closing
from analytics.live.messages import Encode
from analytics.live.outbox import OutboxContents
from analytics.live.wire.encoding import json_frame
from analytics.live.wire.frames import PING, TIMEOUT_CLOSE
from analytics.live.wire.handshake import INBOUND_LIMIT, check_handshake
from analytics.live.wire.message_socket import CLOSE_SECONDS, MessageSocket, wrap_socket

SERVER_OPTIONS = {
    "ping_interval": None,  # the hub pings: a timer for each connection would cost as much as its updates
    "max_message_size": INBOUND_LIMIT,
    "thread_class": NoThread,
    "event_class": Event,
}
"""Options of simple-websocket, for the SOCK_SERVER_OPTIONS of flask-sock."""


class WebSocketConnection:
    """A plain WebSocket; implements `analytics.live.delivery.Connection`."""

    __slots__ = ("_sock", "_ws", "encode")

    is_ready = True

    def __init__(self, ws: Any, sock: MessageSocket, encode: Encode = json_frame) -> None:
        self._ws, self._sock, self.encode = ws, sock, encode

    def push(self, data: bytes) -> bool:
        return self._sock.push(data)

    def send(self, backlog: OutboxContents) -> None:
        self._sock.flush()
        for data in backlog.writes(self.encode):
            if self._sock.is_closing:
                return
            self._sock.send(data)

    def ping(self) -> bool:
        is_catching_up = self._sock.is_catching_up()
        if take_pong(self._ws):
            return self._sock.push(PING, MSG_MORE)  # sent together with the update that follows
        if is_catching_up:  # the client has not received the ping yet
            return True
        self._sock.push(TIMEOUT_CLOSE)
        self._sock.hang_up(SHUT_RDWR)
        return True

    def close(self, closing: Closing) -> None:
        try:
            with Timeout(CLOSE_SECONDS, ConnectionAbortedError("the client does not receive the Close")):
                if self._sock.is_closing:
                    self._sock.flush()
                else:
                    self._ws.close(closing.code, closing.reason)
        except ConnectionClosed as error:
            raise OSError(str(error)) from None
        finally:
            self._sock.hang_up()


class DashboardSocket:
    """Serves the requests of one route that is for WebSockets alone.

    Args:
        commands: adds clients to the hub.
        capacity: limits the number of connections.
        leases: ends connections whose key or session ended.
        client_timeout: seconds after which the connection of a client that receives nothing is cut.
    """

    def __init__(self, commands: Commands, capacity: Capacity, leases: Leases, client_timeout: float) -> None:
        self._commands, self._capacity, self._leases = commands, capacity, leases
        self._client_timeout = client_timeout
        made = SockView("websocket", __name__)
        Sock().route("", bp=made)(self._serve)
        self.view = made.view
        """Opens the WebSocket of the current request, and returns when it is closed."""

    def prepare(self) -> None:
        """Check the current request before `view`."""
        check_handshake(request)
        g.options = options_in_query(request.query_string.decode(errors="replace"))
        address = request.environ.get("REMOTE_ADDR", "")
        self._capacity.check(address)
        self._capacity.add(address)
        g.address = address
        g.sock = wrap_socket(request.environ, self._client_timeout)

    def forget(self) -> None:
        """Forget the current request, whatever became of it."""
        address = g.pop("address", None)
        if address is not None:
            self._capacity.remove(address)

    def _serve(self, ws: Any) -> None:
        client = self._commands.join(g.options, WebSocketConnection(ws, g.sock))
        lease = self._leases.add(request.environ, partial(client.delivery.close, NO_ACCESS))
        try:
            listen(ws, partial(_answer, ws, partial(self._commands.answer, client)))
        finally:
            self._leases.remove(lease)
            self._commands.leave(client)
            g.sock.hang_up(SHUT_RDWR)


class SockView(Blueprint):
    """Takes the view that flask-sock makes, which another blueprint serves."""

    view: Callable[[], Response]

    def add_url_rule(self, rule: str, endpoint: str | None = None, view_func: Any = None, *_: Any, **__: Any) -> None:
        self.view = view_func


def _answer(ws: Any, answer: Callable[[str | bytes], None], message: str | bytes) -> None:
    if isinstance(message, str) and len(message.encode()) > INBOUND_LIMIT:  # simple-websocket counts characters
        ws.close(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
    else:
        answer(message)
