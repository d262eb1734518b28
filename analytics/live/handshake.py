"""What must be right before a connection becomes a WebSocket."""

import binascii
from base64 import b64decode

from flask import Request

from analytics.errors import BadHandshake

INBOUND_LIMIT = 64 * 1024
"""Most bytes of a message from a client."""


def check_handshake(asked: Request) -> None:
    """RFC 6455, 4.2.1.

    Raises:
        BadHandshake: something of it is missing.
    """
    headers = asked.headers
    tokens = [token.strip().lower() for token in headers.get("Connection", "").split(",")]
    try:
        key = b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if "upgrade" not in tokens or headers.get("Sec-WebSocket-Version") != "13" or len(key) != 16:
        raise BadHandshake("This is no complete WebSocket handshake (RFC 6455, version 13).")
    # the library would accept permessage-deflate, at 145 KB a connection
    asked.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
