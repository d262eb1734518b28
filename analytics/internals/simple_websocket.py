"""Private parts of simple-websocket, and of the wsproto connection in it.

Verified with simple-websocket 1.1.0 and wsproto 1.3.2. The service relies on these:

- A `Server` takes its socket from the WSGI environ, under the first of `SOCKET_KEYS` that is there.
- It constructs a `thread_class` with `target=`, reads and sets its `name`, starts it, and receives in no other way.
- `Server.sock` is that socket, `receive_bytes` the size of a read, and `connected` whether the WebSocket is open.
- `Server.ws` is a wsproto connection with `receive_data` and `send`; everything sent is made by `ws.send(event)`,
  looked up on the instance.
- `Server._handle_events` handles what was given to `receive_data`: it appends complete messages to `input_buffer`,
  answers pings and Close, notes a pong in `pong_received`, enforces `max_message_size`, and returns False at the end.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, Protocol, TypeVar

from wsproto.events import CloseConnection
from wsproto.utilities import LocalProtocolError

S = TypeVar("S")
SOCKET_KEYS = ("werkzeug.socket", "gunicorn.socket")


class NoThread:
    """In place of the thread that simple-websocket would read in: `listen` reads in the greenlet of the request."""

    name = "none"

    def __init__(self, target: Callable[[], None]) -> None:
        """Take the arguments of a thread."""

    def start(self) -> None:
        """Do nothing."""


class ListeningSocket(Protocol):
    """The socket of a WebSocket, as `listen` uses it."""

    is_closing: bool

    def recv(self, size: int) -> bytes:
        """Receive up to `size` bytes; none at the end."""

    def receive_skipping_pongs(self, size: int, on_pong: Callable[[], None]) -> bytes:
        """Receive as `recv` does, but report pongs that come alone."""

    def close(self) -> None:
        """Close the socket."""


def replace_socket(environ: MutableMapping[str, Any], wrap: Callable[[Any], S]) -> S:
    """Replace the socket that a WebSocket will use by `wrap(socket)`, and return that.

    Raises:
        StopIteration: the WSGI server provides no socket.
    """
    key = next(key for key in SOCKET_KEYS if key in environ)
    wrapped = environ[key] = wrap(environ[key])
    return wrapped


def socket_of(environ: MutableMapping[str, Any]) -> Any:
    """The socket that a WebSocket will use, or None."""
    return next((environ[key] for key in SOCKET_KEYS if key in environ), None)


def take_pong(ws: Any) -> bool:
    """Whether a pong was received since the last call; True at first."""
    received: bool = ws.pong_received
    ws.pong_received = False
    return received


def listen(ws: Any, answer: Callable[[str | bytes], None]) -> None:
    """Call `answer` with each message until the connection is closed.

    The pings among bytes that arrived together are answered before the messages; after a Close nothing is answered.
    """
    sock: ListeningSocket = ws.sock
    make = ws.ws.send

    def note_closing(event: Any) -> bytes:
        data: bytes = make(event)
        sock.is_closing = sock.is_closing or isinstance(event, CloseConnection)
        return data

    def note_pong() -> None:
        ws.pong_received = True

    ws.ws.send = note_closing
    try:
        data: bytes | bool = sock.receive_skipping_pongs(ws.receive_bytes, note_pong)
        while data and ws.connected:
            ws.ws.receive_data(data)
            ws.connected = ws._handle_events() and ws.connected
            while ws.connected and ws.input_buffer:
                answer(ws.input_buffer.pop(0))
            data = ws.connected and sock.recv(ws.receive_bytes)
    except (OSError, LocalProtocolError):
        pass  # the connection is closed
    finally:
        ws.connected = False
        sock.close()
        ws.ws.send = None  # breaks a reference cycle, since garbage is collected rarely
