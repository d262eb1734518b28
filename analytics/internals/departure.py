"""Whether the client of a request has closed its connection.

Verified with gunicorn 27.0.1. The service relies on these:

- The socket of a request is `environ["gunicorn.socket"]`; it has a `fileno`, and never blocks.
"""

import os
import socket
from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

_SOCKET = "gunicorn.socket"


def departure(environ: WSGIEnvironment) -> Callable[[], bool]:
    """A function that says whether the client of this request has closed the connection."""
    connection = environ.get(_SOCKET)
    if connection is None:
        return lambda: False

    def has_left() -> bool:
        try:
            with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
                duplicate.settimeout(0.0)  # the server's own sockets do not block either
                return not duplicate.recv(1, socket.MSG_PEEK)
        except BlockingIOError:  # it has sent nothing, and waits
            return False
        except OSError:
            return True

    return has_left


def client_waits(environ: WSGIEnvironment) -> Callable[[], bool]:
    """A function that says whether the client of this request still waits for its answer."""
    has_left = departure(environ)
    return lambda: not has_left()
