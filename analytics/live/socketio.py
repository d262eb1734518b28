"""Socket.IO on /socket.io/: the same messages as events, over long-polling, WebSocket, and the upgrade between.

python-socketio speaks the protocol. What we publish goes past its queues, which have no bound: frames straight to the
socket of a client that has a WebSocket, and to one that polls only as much as it fetches.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from socket import SHUT_RDWR
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
from engineio.async_drivers.gevent import WebSocketWSGI
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from engineio.socket import Socket as Session
from flask import Blueprint, Response, request
from gevent.queue import JoinableQueue
from simple_websocket import ConnectionClosed
from socketio import Server
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import BINARY_ACK, BINARY_EVENT, Packet
from wsproto.frame_protocol import CloseReason

from analytics.errors import AnalyticsError, BadHandshake, Unavailable, ValidationFailed
from analytics.live.commands import Commands, options_in
from analytics.live.handshake import INBOUND_LIMIT, check_handshake
from analytics.live.hub import Client
from analytics.live.messages import as_packet
from analytics.live.outbox import Parcel
from analytics.live.sender import GOODBYE_SECONDS, WholeSender, wrap

PING_INTERVAL = 25
PING_TIMEOUT = 15
"""A client that vanished is noticed after the interval and one to two timeouts: within a minute."""
UPGRADE_SECONDS = 10
REFUSED_SECONDS = 1
"""How long a refused client may leave by itself: the Python client does not, but waits to be sent away."""
MOST_SESSIONS = 20_000
PROTOCOL_FIELDS = ("EIO", "transport", "t", "sid", "b64")
"""What the protocol itself has in the query."""
SENDER = "sender"
"""Where a session of the library has the socket of its WebSocket."""
MOST_PACKETS = 12
"""How many messages a poll fetches: the Python client takes no more than 16 packets at once."""
MOST_WAITING = 50
"""How many packets may wait for a client that polls, or reads, too seldom: answers beyond them are not given."""

ReadBody = Callable[[WSGIEnvironment], bytes]


class TextPacket(Packet):  # type: ignore[misc]
    """A packet without binary attachments."""

    def decode(self, encoded_packet: str) -> int | None:
        """Raises ValueError where it announces some."""
        attachments: int | None = super().decode(encoded_packet)
        if self.packet_type in (BINARY_EVENT, BINARY_ACK):
            raise ValueError("binary events are not taken")
        return attachments


class PacketQueue(JoinableQueue):  # type: ignore[misc]
    """The library's queue for a client, with a bound."""

    def put(self, item: Any, *args: Any, **named: Any) -> None:
        """Add a packet if there is room; None, which ends the queue, always."""
        if item is None or self.qsize() < MOST_WAITING:
            super().put(item, *args, **named)


class BoundedWebSocket(WebSocketWSGI):  # type: ignore[misc]
    """The library's WebSocket with a limit for what comes in, and an end that does not wait for the client."""

    def __init__(self, is_draining: Callable[[], bool], handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.server_args["max_message_size"] = INBOUND_LIMIT
        self._is_draining, self._session = is_draining, handler.__self__

    def send(self, message: str) -> None:
        """Send a packet; where that fails, `wait` tells of the end."""
        with contextlib.suppress(OSError):
            super().send(message)

    def wait(self) -> str | None:
        """The next packet; None when the connection is over, or what came is none."""
        try:
            said = self.ws.receive(None if self._session.upgraded else UPGRADE_SECONDS)
        except ConnectionClosed:
            return None
        try:
            EnginePacket(encoded_packet=said)
        except (ValueError, TypeError, RecursionError):
            return None
        return said if isinstance(said, str) and not self._session.closed else None

    def close(self) -> None:
        """Say goodbye and stop listening."""
        if self.ws.connected:
            with contextlib.suppress(OSError):
                self.ws.close(CloseReason.GOING_AWAY if self._is_draining() else None)
        self.ws.sock.hang_up()


class EngineLine:
    """A Socket.IO session to deliver to: past the library's queue where it has a WebSocket, else through it."""

    encode = staticmethod(as_packet)

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def is_ready(self) -> bool:
        return self._sender is not None and self._session.queue.empty()

    def push(self, frames: bytes) -> bool:
        return self._sender is None or self._sender.push(frames)

    def send(self, parcel: Parcel) -> None:
        queue = self._session.queue
        queue.join()  # what the library tells comes first: that it is connected, above all
        if self._sender is not None:
            self._sender.flush()
            for data in parcel.writes(as_packet):
                self._sender.send(data)
            return
        for text in parcel.texts(as_packet):
            if queue.qsize() >= MOST_PACKETS:
                queue.join()
            queue.put(EnginePacket(MESSAGE, text[1:].decode()))
        queue.join()

    def ping(self) -> bool:
        """The server pings all its sessions itself."""
        return True

    def close(self) -> None:
        """The server ends all its sessions itself."""

    @property
    def _sender(self) -> WholeSender | None:
        return self._session.session.get(SENDER) if self._session.upgraded else None


class SocketIo:
    """The Socket.IO server.

    Args:
        read_body: reads the body of a polling client's request, within limits.
        patience: seconds after which a client that takes nothing is cut off.
    """

    def __init__(
        self, commands: Commands, is_draining: Callable[[], bool], read_body: ReadBody, patience: float
    ) -> None:
        self._commands, self._read_body, self._patience = commands, read_body, patience
        self._is_draining = is_draining
        self._members: dict[str, Client] = {}
        quiet = logging.getLogger("analytics.socketio")
        quiet.setLevel(logging.CRITICAL)  # it logs tracebacks for whatever nonsense a client sends
        self._server = Server(
            async_mode="gevent",
            async_handlers=False,
            cors_allowed_origins=[],  # the guard of all requests sees to origins
            max_http_buffer_size=INBOUND_LIMIT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            http_compression=False,
            serializer=TextPacket,
            logger=quiet,
            engineio_logger=quiet,
        )
        self._engine = self._server.eio
        websocket = partial(BoundedWebSocket, is_draining)
        self._engine._async = {**self._engine._async, "websocket": websocket, "queue": PacketQueue}
        self._engine.disconnect = self._end
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("subscribe", self._subscribe)

    def drain(self) -> None:
        """Send all clients away; who does not take the goodbye soon is cut off."""
        for session in list(self._engine.sockets.values()):
            session.close(wait=False, reason=self._engine.reason.SERVER_DISCONNECT)
            sender = session.session.get(SENDER)
            if sender is not None:
                gevent.spawn_later(GOODBYE_SECONDS, sender.hang_up, SHUT_RDWR)
                if not session.upgraded:
                    sender.hang_up()

    def blueprint(self) -> Blueprint:
        """The blueprint of /socket.io/."""
        blueprint = Blueprint("socketio", __name__)

        @blueprint.route("/socket.io/", methods=["GET", "POST"])
        def poll() -> Response:
            environ = request.environ
            self._check_room()
            if "j" in request.args:  # scripts of any page can do it, without an origin
                raise ValidationFailed("JSONP is not spoken here.", fields={"j": ["JSONP is not spoken here."]})
            if request.method == "POST":
                body = self._read_body(environ)
                environ["CONTENT_LENGTH"] = str(len(body))
                environ["wsgi.input"] = BytesIO(body)
                session = self._engine.sockets.get(request.args.get("sid"))
                if session is not None and session.closed:
                    raise ValidationFailed("This session is over.", fields={"sid": ["This session is over."]})
            return Handover(self._server.handle_request)

        @blueprint.route("/socket.io/", websocket=True)
        def upgrade() -> Response:
            check_handshake(request)
            self._check_room()
            session = self._engine.sockets.get(request.args.get("sid"))
            if session is not None and (session.upgrading or session.upgraded):
                raise BadHandshake("This session has a WebSocket already.")
            sender = wrap(request.environ, self._patience)
            if session is not None:
                session.session[SENDER] = sender
            return Handover(self._server.handle_request)

        return blueprint

    def _check_room(self) -> None:
        if request.args.get("sid"):
            return
        if self._is_draining():
            raise Unavailable("The service stops.", headers={"Retry-After": "1"})
        if len(self._engine.sockets) >= MOST_SESSIONS:
            raise Unavailable("There are too many sessions.", code="too_many_sessions", headers={"Retry-After": "5"})

    def _connect(self, sid: str, environ: WSGIEnvironment, auth: Any = None) -> None:
        session = self._session(sid)
        if not session.check_ping_timeout() or session.sid in self._members:
            raise Refused("This session is over, or connected already.")
        try:
            asked = options_in(environ.get("QUERY_STRING", ""), PROTOCOL_FIELDS)
        except AnalyticsError as error:
            gevent.spawn_later(REFUSED_SECONDS, session.close, wait=False)
            raise Refused(error.message, error.body) from None
        sender = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        if isinstance(sender, WholeSender):
            session.session[SENDER] = sender
        self._members[session.sid] = self._commands.join(asked, EngineLine(session))

    def _disconnect(self, sid: str, reason: str) -> None:
        client = self._members.pop(self._server.manager.eio_sid_from_sid(sid, "/"), None)
        if client is not None:
            self._commands.leave(client)

    def _end(self, session: str) -> None:
        """End a session of which the library wants no more; left to itself it waits until the client has polled all."""
        if session in self._engine.sockets:
            self._engine.sockets[session].close(wait=False)

    def _subscribe(self, sid: str, given: Any = None, *_: Any) -> dict[str, Any]:
        client = self._members[self._server.manager.eio_sid_from_sid(sid, "/")]
        try:
            if not isinstance(given, dict):
                raise ValidationFailed('Options are an object such as {"events": "none"}.')
            return self._commands.subscribe(client, given)
        except AnalyticsError as error:
            return {"error": error.body}

    def _session(self, sid: str) -> Session:
        return self._engine.sockets[self._server.manager.eio_sid_from_sid(sid, "/")]


class Handover(Response):
    """Hands the request over to another application once Flask is done with it."""

    def __init__(self, app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> None:
        super().__init__()
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, start_response)
