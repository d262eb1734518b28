"""The plain WebSocket: /ws/dashboard sends a snapshot, then updates and events as they come."""

from collections.abc import Callable
from functools import partial
from socket import SHUT_RDWR
from typing import Any

from flask import Blueprint, g, request
from flask_sock import Sock
from gevent import Timeout
from gevent.event import Event
from gevent.selectors import DefaultSelector
from simple_websocket import ConnectionClosed
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import CloseReason

from analytics.live.commands import Commands, options_in
from analytics.live.handshake import INBOUND_LIMIT, check_handshake
from analytics.live.messages import as_json
from analytics.live.outbox import Parcel
from analytics.live.sender import GOODBYE_SECONDS, WholeSender, wrap


class Reader:
    """In the place of the thread that the library would start: the request's own greenlet reads, when it is told to."""

    name = "reader"

    def __init__(self, target: Callable[[], None]) -> None:
        self.run = target

    def start(self) -> None:
        """Not yet."""


OPTIONS = {
    "ping_interval": 25,
    "max_message_size": INBOUND_LIMIT,
    "thread_class": Reader,
    "event_class": Event,
    "selector_class": DefaultSelector,
}
"""How the library serves WebSockets."""


class PlainLine:
    """A plain WebSocket to deliver to."""

    __slots__ = ("_sender", "_ws")

    is_ready = True

    def __init__(self, ws: Any, sender: WholeSender) -> None:
        self._ws, self._sender = ws, sender

    @property
    def _is_closing(self) -> bool:
        """Whether a Close is on its way: nothing may follow that (RFC 6455, 5.5.1)."""
        return self._ws.ws.state is not ConnectionState.OPEN

    def push(self, parcel: Parcel) -> bool:
        return self._is_closing or self._sender.push(parcel.writes(as_json))

    def send(self, parcel: Parcel) -> None:
        self._sender.flush()
        for data in parcel.writes(as_json):
            if self._is_closing:
                return
            self._sender.send(data)

    def close(self) -> None:
        try:
            with Timeout(GOODBYE_SECONDS, ConnectionAbortedError("it takes no goodbye")):
                if self._is_closing:
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
            ws.thread = ws._handle_events = None  # they refer to it, and garbage is looked for seldom

    return blueprint


def listen(ws: Any, answer: Callable[[str | bytes], None]) -> None:
    """Read until the connection ends; what came together is answered once its pings are, and nothing after a Close."""
    handle = ws._handle_events

    def handle_and_answer() -> bool:
        goes_on: bool = handle()
        while goes_on and ws.connected and ws.input_buffer:
            answer(ws.input_buffer.pop(0))
        return goes_on and bool(ws.connected)

    ws._handle_events = handle_and_answer
    ws.thread.run()


def _hear(ws: Any, answer: Callable[[str | bytes], None], said: str | bytes) -> None:
    if isinstance(said, str) and len(said.encode()) > INBOUND_LIMIT:  # the library counts characters
        ws.close(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
    else:
        answer(said)
