"""Private parts of python-socketio.

Verified with python-socketio 5.18.1. The service relies on these:

- `Server.eio` is the Engine.IO server, made with the options that are not Socket.IO's own.
- `Server.manager.eio_sid_from_sid(sid, "/")` is the id of a client's Engine.IO session; None for an unknown client.
- The `serializer` is a subclass of `Packet`, whose `decode` parses a packet, and sets `packet_type`, before anything is
  done with it; a ValueError there ends the packet's handling.
"""

from typing import Any

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


def engine_server(server: Server) -> Any:
    """The Engine.IO server of a Socket.IO server."""
    return server.eio


def session_id(server: Server, sid: str) -> str | None:
    """The id of the Engine.IO session of a Socket.IO client, or None."""
    engine_sid: str | None = server.manager.eio_sid_from_sid(sid, "/")
    return engine_sid
