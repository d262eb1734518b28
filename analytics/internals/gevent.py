"""Private parts of gevent.

Verified with gevent 26.9.0. The service relies on these:

- `gevent.socket.socket._sock` is the system's socket, in non-blocking mode: its `send` and `recv` raise BlockingIOError
  where gevent's own would wait.
- The socket of a TLS connection is a `gevent.ssl.SSLSocket`, also where the standard library is patched.
- `gevent.monkey` looks up `gevent.events.notify_and_call_entry_points` at each module that it patches; what that does
  beyond `notify` is to call plugins, for which it reads the metadata of all installed packages.
"""

import socket
from typing import Any

from gevent import events, ssl


def raw_socket(sock: Any) -> socket.socket | None:
    """The system's socket behind a gevent socket; None for TLS, whose bytes are not the application's."""
    if isinstance(sock, ssl.SSLSocket):
        return None
    raw: socket.socket = sock._sock
    return raw


def patch_without_plugins() -> None:
    """Let `gevent.monkey` patch without looking for plugins, which costs 0.1 s of CPU time among 100 packages."""
    events.notify_and_call_entry_points = events.notify
