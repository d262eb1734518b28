"""Private parts of gevent.

Verified with gevent 26.9.0. The service relies on these:

- `gevent.socket.socket._sock` is the system's socket, in non-blocking mode: its `send` and `recv` raise BlockingIOError
  where gevent's own would wait.
- The socket of a TLS connection is a `gevent.ssl.SSLSocket`, also where the standard library is patched.
"""

import socket
from typing import Any

from gevent import ssl


def raw_socket(sock: Any) -> socket.socket | None:
    """The system's socket behind a gevent socket; None for TLS, whose bytes are not the application's."""
    if isinstance(sock, ssl.SSLSocket):
        return None
    raw: socket.socket = sock._sock
    return raw
