"""The plain WebSocket: /ws/dashboard sends a snapshot, then updates and events as they come."""

from collections.abc import Callable
from functools import partial
from socket import MSG_MORE, SHUT_RDWR
from typing import Any

from flask import Blueprint, g, request
from flask_sock import Sock
from gevent import Timeout
from gevent.event import Event
from simple_websocket import ConnectionClosed
from wsproto.events import CloseConnection
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from analytics.live.commands import Commands, options_in
from analytics.live.handshake import INBOUND_LIMIT, check_handshake
from analytics.live.messages import as_json
from analytics.live.outbox import Parcel
from analytics.live.pongs import PING
from analytics.live.sender import GOODBYE_SECONDS, WholeSender, wrap


class NoThread:
    """In the place of the thread that the library would start: the request's own greenlet reads."""

    name = "none"

    def __init__(self, target: Callable[[], None]) -> None:
        """Forget what it would do."""

    def start(self) -> None:
        """Nothing."""


OPTIONS = {
    "ping_interval": None,  # the hub pings: a timer for each connection would cost as much as its updates
    "max_message_size": INBOUND_LIMIT,
    "thread_class": NoThread,
    "event_class": Event,
}
"""How the library serves WebSockets."""
NO_PONG = b"\x88\x02" + CloseReason.POLICY_VIOLATION.to_bytes(2)
"""A Close for who did not answer the ping before."""


class PlainLine:
    """A plain WebSocket to deliver to."""

    __slots__ = ("_sender", "_ws")

    encode = staticmethod(as_json)
    is_ready = True

    def __init__(self, ws: Any, sender: WholeSender) -> None:
        self._ws, self._sender = ws, sender

    def push(self, frames: bytes) -> bool:
        return self._sender.push(frames)

    def send(self, parcel: Parcel) -> None:
        self._sender.flush()
        for data in parcel.writes(as_json):
            if self._sender.is_closing:
                return
            self._sender.send(data)

    def ping(self) -> bool:
        catches_up = self._sender.is_catching_up()
        if self._ws.pong_received:
            self._ws.pong_received = False
            return self._sender.push(PING, MSG_MORE)  # goes out with the update that follows
        if catches_up:  # it has not come to the ping yet
            return True
        self._sender.push(NO_PONG)
        self._sender.hang_up(SHUT_RDWR)
        return True

    def close(self) -> None:
        try:
            with Timeout(GOODBYE_SECONDS, ConnectionAbortedError("it takes no goodbye")):
                if self._sender.is_closing:
                    self._sender.flush()
                else:
                    self._ws.close(CloseReason.GOING_AWAY, "The service stops.")
        except ConnectionClosed as error:
            raise OSError(str(error)) from None
        finally:
            self._sender.hang_up()


def websocket_blueprint(commands: Commands, patience: float) -> Blueprint:
    """The blueprint of /ws/dashboard; a client that takes nothing for `patience` seconds is cut off."""
    blueprint = Blueprint("live", __name__)
    sock = Sock()

    @blueprint.before_request
    def prepare() -> None:
        check_handshake(request)
        g.options = options_in(request.query_string.decode(errors="replace"))
        g.sender = wrap(request.environ, patience)

    @sock.route("/ws/dashboard", bp=blueprint)  # type: ignore[untyped-decorator]
    def dashboard(ws: Any) -> None:
        client = commands.join(g.options, PlainLine(ws, g.sender))
        try:
            listen(ws, partial(_hear, ws, partial(commands.answer, client)))
        finally:
            commands.leave(client)
            g.sender.hang_up(SHUT_RDWR)

    return blueprint


def listen(ws: Any, answer: Callable[[str | bytes], None]) -> None:
    """Read until the connection ends; what came together is answered once its pings are, and nothing after a Close."""
    make = ws.ws.send

    def make_and_note(event: Any) -> bytes:
        data: bytes = make(event)
        ws.sock.is_closing = ws.sock.is_closing or isinstance(event, CloseConnection)
        return data

    def ponged() -> None:
        ws.pong_received = True

    ws.ws.send = make_and_note
    try:
        data = ws.sock.recv_first(ws.receive_bytes, ponged)
        while data and ws.connected:
            ws.ws.receive_data(data)
            ws.connected = ws._handle_events() and ws.connected
            while ws.connected and ws.input_buffer:
                answer(ws.input_buffer.pop(0))
            data = ws.connected and ws.sock.recv(ws.receive_bytes)
    except (OSError, LocalProtocolError):
        pass  # it is over
    finally:
        ws.connected = False
        ws.sock.close()
        ws.ws.send = None  # it refers to all this, and garbage is looked for seldom


def _hear(ws: Any, answer: Callable[[str | bytes], None], said: str | bytes) -> None:
    if isinstance(said, str) and len(said.encode()) > INBOUND_LIMIT:  # the library counts characters
        ws.close(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
    else:
        answer(said)
