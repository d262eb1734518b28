"""The Socket.IO server: the same messages as events, over WebSocket or polling, with the upgrade between them.

python-socketio implements the protocol. Updates and events go past its queue: as frames to the socket of a client that
has a WebSocket, and in small portions to a client that polls, so that its backlog stays in its outbox.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from socket import SHUT_RDWR
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
from flask import Response, request
from socketio import Server
from socketio.exceptions import ConnectionRefusedError as Refused

from analytics.errors import AnalyticsError, BadHandshake, ErrorBody, Unavailable, ValidationFailed
from analytics.internals.engineio import Engine, EngineSession
from analytics.internals.simple_websocket import socket_of
from analytics.internals.socketio import TextPacket, engine_server, session_id, watch_sessions
from analytics.keys.leases import Lease, Leases
from analytics.live.capacity import Capacity
from analytics.live.commands import Commands, Subscribed, options_in_query
from analytics.live.delivery import Closing
from analytics.live.hub import Client
from analytics.live.outbox import OutboxContents
from analytics.live.wire.encoding import packet_frame, packet_text
from analytics.live.wire.handshake import INBOUND_LIMIT, check_handshake
from analytics.live.wire.message_socket import CLOSE_SECONDS, MessageSocket, wrap_socket

PING_INTERVAL = 25
PING_TIMEOUT = 15
"""A client that vanished is noticed after the interval and one to two timeouts: within a minute."""
REFUSED_SECONDS = 1
"""How long a refused client has to leave: the Python client waits for its session to be closed."""
PROTOCOL_FIELDS = ("EIO", "transport", "t", "sid", "b64")
"""Query parameters of the protocol itself."""
SOCKET = "socket"
"""Key of the MessageSocket of a WebSocket in the data of its session."""
DISCONNECT = "1"
"""Packet of Socket.IO that ends a client's session; clients do not reconnect by themselves after it."""
MAX_POLLED = 12
"""Messages that one poll fetches; the Python client accepts up to 16 packets at once."""

ReadBody = Callable[[WSGIEnvironment], bytes]


class SocketIoConnection:
    """A Socket.IO session; implements `analytics.live.delivery.Connection`."""

    __slots__ = ("_session", "_sock")

    encode = staticmethod(packet_frame)

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._sock: MessageSocket | None = None

    @property
    def is_ready(self) -> bool:
        return self._websocket() is not None and not self._session.waiting

    def push(self, data: bytes) -> bool:
        sock = self._websocket()
        return sock is None or sock.push(data)

    def send(self, backlog: OutboxContents) -> None:
        session = self._session
        session.join()  # packets of the library come first, above all the one that confirms the connection
        sock = self._websocket()
        if sock is not None:
            sock.flush()
            for data in backlog.writes(packet_frame):
                sock.send(data)
            return
        for text in backlog.encode_each(packet_text):
            if session.waiting >= MAX_POLLED:
                session.join()
            session.put(text[1:].decode())  # without the digit that Engine.IO adds
        session.join()

    def ping(self) -> bool:
        """Do nothing: python-engineio pings its sessions."""
        return True

    def close(self, closing: Closing) -> None:
        """Do nothing: `SocketIo` closes sessions."""

    def _websocket(self) -> MessageSocket | None:
        """The socket of the WebSocket, once the session has one."""
        if self._sock is None and self._session.is_upgraded:
            self._sock = self._session.data.get(SOCKET)
        return self._sock


class SocketIo:
    """The Socket.IO server.

    Args:
        commands: adds clients to the hub.
        capacity: limits the number of sessions.
        leases: ends sessions whose key or session of a person ended.
        is_draining: whether the service stops.
        read_body: reads the body of a request.
        client_timeout: seconds after which the connection of a client that receives nothing is cut.
    """

    def __init__(
        self,
        commands: Commands,
        capacity: Capacity,
        leases: Leases,
        is_draining: Callable[[], bool],
        read_body: ReadBody,
        client_timeout: float,
    ) -> None:
        self._capacity, self._leases = capacity, leases
        self._open: dict[str, tuple[str, Lease]] = {}
        """Address and lease of each session."""
        self._commands, self._read_body, self._client_timeout = commands, read_body, client_timeout
        self._is_draining = is_draining
        self._clients: dict[str | None, Client] = {}
        quiet = logging.getLogger("analytics.socketio")
        quiet.setLevel(logging.CRITICAL)  # it logs a traceback for each invalid message
        self._server = Server(
            async_mode="gevent",
            async_handlers=False,
            cors_allowed_origins=[],  # origins are checked for all requests alike
            max_http_buffer_size=INBOUND_LIMIT,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            http_compression=False,
            serializer=TextPacket,
            logger=quiet,
            engineio_logger=quiet,
        )
        self._engine = Engine(engine_server(self._server), is_draining)
        watch_sessions(self._server, self._opened, self._ended)
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("subscribe", self._subscribe)

    def __len__(self) -> int:
        """Number of connected clients."""
        return len(self._clients)

    def lease(self, sid: str) -> Lease | None:
        """The lease of the session with this id, if there is one."""
        session, opened = self._engine.session(sid), self._open.get(sid)
        return None if session is None or session.is_closed or opened is None else opened[1]

    def drain(self) -> None:
        """Close all sessions; the connection of a client that does not receive the Close soon is cut."""
        for session in self._engine.sessions():
            _close(session)

    def poll(self) -> Response:
        """Answer the current request, which polls or sends packets."""
        environ = request.environ
        self._check_capacity()
        if "j" in request.args:  # a script of any page can use JSONP, and sends no origin
            raise ValidationFailed("JSONP is not spoken here.", fields={"j": ["JSONP is not spoken here."]})
        if request.method == "POST":
            body = self._read_body(environ)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = BytesIO(body)
            session = self._engine.session(request.args.get("sid"))
            if session is not None and session.is_closed:
                raise ValidationFailed("This session is over.", fields={"sid": ["This session is over."]})
        return ForwardedResponse(self._server.handle_request)

    def upgrade(self) -> Response:
        """Serve the WebSocket that the current request opens."""
        check_handshake(request)
        self._check_capacity()
        session = self._engine.session(request.args.get("sid"))
        if session is not None and (session.is_upgrading or session.is_upgraded):
            raise BadHandshake("This session has a WebSocket already.")
        sock = wrap_socket(request.environ, self._client_timeout)
        if session is not None:
            session.data[SOCKET] = sock
        return ForwardedResponse(self._server.handle_request)

    def _check_capacity(self) -> None:
        if request.args.get("sid"):
            return
        if self._is_draining():
            raise Unavailable("The service stops.", headers={"Retry-After": "1"})
        self._capacity.check(request.environ.get("REMOTE_ADDR", ""))

    def _opened(self, sid: str, environ: WSGIEnvironment) -> None:
        address = environ.get("REMOTE_ADDR", "")
        self._open[sid] = address, self._leases.add(environ, partial(self._disconnect_for_good, sid))
        self._capacity.add(address)

    def _ended(self, sid: str) -> None:
        opened = self._open.pop(sid, None)
        if opened is not None:
            address, lease = opened
            self._capacity.remove(address)
            self._leases.remove(lease)

    def _disconnect_for_good(self, sid: str) -> None:
        """End a session whose sender may not read any more, in the way after which clients do not reconnect."""
        session = self._engine.session(sid)
        if session is not None:
            session.put(DISCONNECT)
            _close(session)

    def _connect(self, sid: str, environ: WSGIEnvironment, auth: Any = None) -> None:
        session = self._engine.session(session_id(self._server, sid))
        if session is None or not session.check_timeout() or session.sid in self._clients:
            raise Refused("This session is over, or connected already.")
        try:
            options = options_in_query(environ.get("QUERY_STRING", ""), PROTOCOL_FIELDS)
        except AnalyticsError as error:
            gevent.spawn_later(REFUSED_SECONDS, session.close)
            raise Refused(error.message, error.body) from None
        sock = socket_of(environ)
        if isinstance(sock, MessageSocket):
            session.data[SOCKET] = sock
        self._clients[session.sid] = self._commands.join(options, SocketIoConnection(session))

    def _disconnect(self, sid: str, reason: str) -> None:
        client = self._clients.pop(session_id(self._server, sid), None)
        if client is not None:
            self._commands.leave(client)

    def _subscribe(self, sid: str, fields: Any = None, *_: Any) -> Subscribed | dict[str, ErrorBody]:
        client = self._clients[session_id(self._server, sid)]
        try:
            if not isinstance(fields, dict):
                raise ValidationFailed('Options are an object such as {"events": "none"}.')
            return self._commands.subscribe(client, fields)
        except AnalyticsError as error:
            return {"error": error.body}


def _close(session: EngineSession) -> None:
    """Close a session; the connection of a client that does not receive the Close soon is cut."""
    session.close()
    sock = session.data.get(SOCKET)
    if sock is not None:
        gevent.spawn_later(CLOSE_SECONDS, sock.hang_up, SHUT_RDWR)
        if not session.is_upgraded:
            sock.hang_up()


class ForwardedResponse(Response):
    """Forwards a request to another WSGI application after Flask has handled it."""

    def __init__(self, app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> None:
        super().__init__()
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        caching = [header for header in self.headers if header[0] == "Cache-Control"]

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *caching], *error)

        return self._app(environ, start)
