"""Private parts of python-socketio.

Verified with python-socketio 5.18.1. The service relies on these:

- `Server.eio` is the Engine.IO server, made with the options that are not Socket.IO's own.
- `Server.manager.eio_sid_from_sid(sid, "/")` is the id of a client's Engine.IO session; None for an unknown client.
- `Server.eio.handlers["connect"]` and `["disconnect"]` are called as `(sid, environ)` and `(sid, reason)`, once for
  each Engine.IO session; `Server.eio.on(name, handler)` replaces them.
- The `serializer` is a subclass of `Packet`, whose `decode` parses a packet, and sets `packet_type`, before anything is
  done with it; a ValueError there ends the packet's handling.
"""

from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIEnvironment

from socketio import Server
from socketio.packet import BINARY_ACK, BINARY_EVENT, Packet


class TextPacket(Packet):  # type: ignore[misc]
    """A packet without binary attachments."""

    def decode(self, encoded_packet: str) -> int | None:
        """Parse a packet.

        Raises:
            ValueError: the packet announces binary attachments.
        """
        attachments: int | None = super().decode(encoded_packet)
        if self.packet_type in (BINARY_EVENT, BINARY_ACK):
            raise ValueError("binary events are not accepted")
        return attachments


def watch_sessions(
    server: Server, opened: Callable[[str, WSGIEnvironment], None], ended: Callable[[str], None]
) -> None:
    """Call `opened` with the id and the request of each new Engine.IO session, and `ended` with the id at its end."""
    connect, disconnect = server.eio.handlers["connect"], server.eio.handlers["disconnect"]

    def on_connect(sid: str, environ: WSGIEnvironment) -> Any:
        opened(sid, environ)
        return connect(sid, environ)

    def on_disconnect(sid: str, reason: str) -> Any:
        ended(sid)
        return disconnect(sid, reason)

    server.eio.on("connect", on_connect)
    server.eio.on("disconnect", on_disconnect)


def engine_server(server: Server) -> Any:
    """The Engine.IO server of a Socket.IO server."""
    return server.eio


def session_id(server: Server, sid: str) -> str | None:
    """The id of the Engine.IO session of a Socket.IO client, or None."""
    engine_sid: str | None = server.manager.eio_sid_from_sid(sid, "/")
    return engine_sid
