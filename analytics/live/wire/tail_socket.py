"""Serves live lines: by WebSocket, and as server-sent events."""

from collections.abc import Callable, Iterator
from functools import partial
from socket import SHUT_RDWR
from typing import Any

from flask import Response, g, request
from flask_sock import Sock

from analytics.internals.simple_websocket import listen
from analytics.keys.leases import Lease, Leases
from analytics.live.capacity import Capacity
from analytics.live.delivery import NO_ACCESS, Closing, Delivery
from analytics.live.line_tails import LineTail, LineTails, StreamReader
from analytics.live.live_line import Select
from analytics.live.messages import Encode
from analytics.live.outbox import Outbox
from analytics.live.tail_history import AfterHistory, Beginning
from analytics.live.wire.handshake import check_handshake
from analytics.live.wire.message_socket import cut_connection, wrap_socket
from analytics.live.wire.tail_encoding import line_event
from analytics.live.wire.websocket import SockView, WebSocketConnection

NOT_FILTERS = frozenset(("ticket",))
"""Parameters that are not about lines."""
COMMENT_SECONDS = 15.0
"""How often a stream without lines sends a comment, so that proxies keep it open and its end is noticed."""
COMMENT = b": no lines yet\n\n"
Prepare = Callable[[str, frozenset[str]], Select]
"""What the parameters in a query string ask for."""


class SocketReader:
    """The reader of a tail by WebSocket.

    Args:
        is_waiting: whether it waits for the lines before live ones.
    """

    def __init__(self, outbox: Outbox, connection: WebSocketConnection, *, is_waiting: bool = False) -> None:
        self._delivery = Delivery(outbox, connection)
        self.is_waiting = is_waiting

    @property
    def is_behind(self) -> bool:
        """Whether lines wait for it outside of the outbox."""
        return self.is_waiting or self._delivery.is_behind

    def wake(self) -> None:
        """Send what is in the outbox; never blocks."""
        self._delivery.flush()

    def ping(self) -> None:
        """Ping the client."""
        self._delivery.ping()

    def close(self, closing: Closing) -> None:
        """Close the WebSocket; does not wait for it."""
        self._delivery.close(closing)

    def stop(self) -> None:
        """Stop writing, because the connection is closed."""
        self._delivery.stop()


class TailServer:
    """Serves the requests of one route of live lines.

    Args:
        prepare: reads what a request asks for.
        encode: encodes a line for a WebSocket.
        capacity: limits the number of connections.
        leases: ends connections whose key or session ended.
        begin: reads how the tail of the current request begins; None where it begins with live lines.
        client_timeout: seconds after which the connection of a client that receives nothing is cut.
    """

    def __init__(
        self,
        tails: LineTails,
        prepare: Prepare,
        encode: Encode,
        capacity: Capacity,
        leases: Leases,
        client_timeout: float,
        begin: Callable[[], Beginning] | None = None,
    ) -> None:
        self._begin = begin
        self._tails, self._prepare, self._encode = tails, prepare, encode
        self._capacity, self._leases, self._client_timeout = capacity, leases, client_timeout
        made = SockView("tail", __name__)
        Sock().route("", bp=made)(self._serve)
        self._view = made.view

    def socket(self) -> Response:
        """Open the WebSocket of the current request, and return when it is closed."""
        check_handshake(request)
        g.select = self._selected()
        g.history, g.delay = (None, 0) if self._begin is None else self._begin()
        with _Place(self._capacity):
            g.sock = wrap_socket(request.environ, self._client_timeout)
            return self._view()

    def stream(self) -> Response:
        """Server-sent events for the current request."""
        select, place = self._selected(), _Place(self._capacity)
        reader = StreamReader(partial(cut_connection, request.environ))
        tail = LineTail(select, Outbox(), reader)
        place.__enter__()
        lease = self._leases.add(request.environ, partial(reader.close, NO_ACCESS))
        self._tails.join(tail)
        answer = Response(stream_of(tail, reader), mimetype="text/event-stream")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Accel-Buffering"] = "no"
        answer.call_on_close(partial(self._leave, tail, lease, place))
        return answer

    def _selected(self) -> Select:
        return self._prepare(request.query_string.decode(errors="replace"), NOT_FILTERS)

    def _leave(self, tail: LineTail, lease: Lease, place: "_Place") -> None:
        self._tails.leave(tail)
        self._leases.remove(lease)
        place.__exit__()

    def _serve(self, ws: Any) -> None:
        outbox, history = Outbox(), g.history
        connection = WebSocketConnection(ws, g.sock, self._encode)
        reader = SocketReader(outbox, connection, is_waiting=history is not None)
        tail = LineTail(g.select, outbox, reader, g.delay)
        after = None if history is None else AfterHistory(g.select, tail.delayed)
        if after is not None:
            tail.select = after.select
        lease = self._leases.add(request.environ, partial(reader.close, NO_ACCESS))
        self._tails.join(tail)
        try:
            if after is not None:
                after.send(history(), outbox)
                reader.is_waiting = False
                reader.wake()
                self._tails.wake()
            listen(ws, _ignore)
        finally:
            self._leases.remove(lease)
            self._tails.leave(tail)
            reader.stop()
            g.sock.hang_up(SHUT_RDWR)


class _Place:
    """A place among the live connections, for the address of the current request."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._address = request.environ.get("REMOTE_ADDR", "")
        self._is_taken = False

    def __enter__(self) -> None:
        self._capacity.check(self._address)
        self._capacity.add(self._address)
        self._is_taken = True

    def __exit__(self, *_: object) -> None:
        if self._is_taken:
            self._is_taken = False
            self._capacity.remove(self._address)


def stream_of(tail: LineTail, reader: StreamReader, comment_seconds: float = COMMENT_SECONDS) -> Iterator[bytes]:
    """The server-sent events of a tail."""
    yield COMMENT  # the headers go out with it
    while not reader.is_closed:
        if tail.outbox.is_empty:
            reader.wait(comment_seconds)
        lines = b"".join(tail.outbox.take().encode_each(line_event))
        reader.is_behind = bool(lines)
        yield lines or COMMENT
        reader.is_behind = False


def _ignore(_: str | bytes) -> None:
    """Readers have nothing to say."""
