"""Socket.IO on /socket.io/: the same messages as events, over long-polling, WebSocket, and the upgrade between.

python-socketio speaks the protocol. What we publish goes past its queues, which have no bound: frames straight to the
socket of a client that has a WebSocket, and to one that polls only as much as it fetches.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
from engineio.async_drivers.gevent import WebSocketWSGI
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from flask import Blueprint, Response, request
from gevent import Greenlet
from socketio import Server
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import BINARY_ACK, BINARY_EVENT, Packet
from wsproto.frame_protocol import CloseReason

from analytics.errors import AnalyticsError, Unavailable, ValidationFailed
from analytics.live.commands import Commands, options_in
from analytics.live.handshake import check_handshake
from analytics.live.hub import Client
from analytics.live.messages import as_packet
from analytics.live.sender import WholeSender, wrap

PING_INTERVAL = 25
PING_TIMEOUT = 20
INBOUND_LIMIT = 64 * 1024
MOST_SESSIONS = 20_000
PROTOCOL_FIELDS = ("EIO", "transport", "t", "sid", "j", "b64")
"""What the protocol itself has in the query."""

ReadBody = Callable[[WSGIEnvironment], bytes]


class TextPacket(Packet):  # type: ignore[misc]
    """A packet without binary attachments."""

    def decode(self, encoded_packet: str) -> int | None:
        """Raises ValueError where it announces some."""
        attachments: int | None = super().decode(encoded_packet)
        if self.packet_type in (BINARY_EVENT, BINARY_ACK):
            raise ValueError("binary events are not taken")
        return attachments


class BoundedWebSocket(WebSocketWSGI):  # type: ignore[misc]
    """The library's WebSocket with a limit for what comes in, and an end that does not wait for the client."""

    def __init__(self, is_draining: Callable[[], bool], handler: Any, server: Any) -> None:
        super().__init__(handler, server)
        self.server_args["max_message_size"] = INBOUND_LIMIT
        self._is_draining = is_draining

    def wait(self) -> str | None:
        """The next packet; None when the connection is over, or what came is none."""
        said = super().wait()
        try:
            EnginePacket(encoded_packet=said)
        except (ValueError, TypeError, RecursionError):
            return None
        return said if isinstance(said, str) else None

    def close(self) -> None:
        """Say goodbye and stop listening."""
        if self.ws.connected:
            with contextlib.suppress(OSError):
                self.ws.close(CloseReason.GOING_AWAY if self._is_draining() else None)
        self.ws.sock.hang_up()


class Member:
    """A connected client: what it is to the hub, and the greenlet that sends to it."""

    def __init__(self, client: Client, writer: Greenlet) -> None:
        self.client, self.writer = client, writer


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
        self._members: dict[str, Member] = {}
        self._senders: dict[str, WholeSender] = {}
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
        self._engine._async = {**self._engine._async, "websocket": partial(BoundedWebSocket, is_draining)}
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("subscribe", self._subscribe)

    def drain(self) -> None:
        """Send all clients away."""
        for session in list(self._engine.sockets.values()):
            session.close(wait=False, reason=self._engine.reason.SERVER_DISCONNECT)

    def blueprint(self) -> Blueprint:
        """The blueprint of /socket.io/."""
        blueprint = Blueprint("socketio", __name__)

        @blueprint.route("/socket.io/", methods=["GET", "POST"])
        def poll() -> Response:
            environ = request.environ
            if "sid" not in request.args and len(self._engine.sockets) >= MOST_SESSIONS:
                raise Unavailable(
                    "There are too many sessions.", code="too_many_sessions", headers={"Retry-After": "5"}
                )
            if request.method == "POST":
                body = self._read_body(environ)
                environ["CONTENT_LENGTH"] = str(len(body))
                environ["wsgi.input"] = BytesIO(body)
            return Handover(self._server.handle_request)

        @blueprint.route("/socket.io/", websocket=True)
        def upgrade() -> Response:
            check_handshake(request)
            sender = wrap(request.environ, self._patience)
            session = request.args.get("sid", "")
            if session in self._engine.sockets:
                self._senders[session] = sender
            return Handover(self._server.handle_request)

        return blueprint

    def _connect(self, sid: str, environ: WSGIEnvironment, auth: Any = None) -> None:
        session = self._server.manager.eio_sid_from_sid(sid, "/")
        if session in self._members:
            raise Refused("This session is connected already.")
        try:
            asked = options_in(environ.get("QUERY_STRING", ""), PROTOCOL_FIELDS)
        except AnalyticsError as error:
            raise Refused(error.message, _problem(error)) from None
        sender = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        if isinstance(sender, WholeSender):
            self._senders[session] = sender
        client = self._commands.join(asked)
        self._members[session] = Member(client, gevent.spawn(self._write, session, client))

    def _disconnect(self, sid: str, reason: str) -> None:
        session = self._server.manager.eio_sid_from_sid(sid, "/")
        self._senders.pop(session, None)
        member = self._members.pop(session, None)
        if member is not None:
            self._commands.leave(member.client)
            member.writer.kill(block=False)

    def _subscribe(self, sid: str, given: Any = None, *_: Any) -> dict[str, Any]:
        member = self._members[self._server.manager.eio_sid_from_sid(sid, "/")]
        try:
            if not isinstance(given, dict):
                raise ValidationFailed('Options are an object such as {"events": "none"}.')
            return self._commands.subscribe(member.client, given)
        except AnalyticsError as error:
            return {"error": _problem(error)}

    def _write(self, session: str, client: Client) -> None:
        while parcel := client.outbox.take():
            engine = self._engine.sockets.get(session)
            if engine is None:
                return
            if engine.upgraded and session in self._senders:
                with contextlib.suppress(OSError):  # its reader hears of it too, and ends the connection
                    for data in parcel.writes(as_packet):
                        self._senders[session].send(data)
                continue
            for text in parcel.texts(as_packet):
                engine.send(EnginePacket(MESSAGE, text[1:].decode()))
            engine.queue.join()


class Handover(Response):
    """Hands the request over to another application once Flask is done with it."""

    def __init__(self, app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> None:
        super().__init__()
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, start_response)


def _problem(error: AnalyticsError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "fields": error.fields}
