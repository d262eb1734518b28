"""Check of the request that opens a WebSocket."""

import binascii
from base64 import b64decode

from flask import Request

from analytics.errors import BadHandshake

INBOUND_LIMIT = 64 * 1024
"""Maximum size of a message from a client in bytes."""


def check_handshake(request: Request) -> None:
    """Check the headers that RFC 6455, section 4.2.1, requires, and remove those of extensions.

    Raises:
        BadHandshake: one of them is missing or not valid.
    """
    headers = request.headers
    tokens = [token.strip().lower() for token in headers.get("Connection", "").split(",")]
    try:
        key = b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if "upgrade" not in tokens or headers.get("Sec-WebSocket-Version") != "13" or len(key) != 16:
        raise BadHandshake("This is no complete WebSocket handshake (RFC 6455, version 13).")
    # simple-websocket would accept permessage-deflate, which costs 145 KB a connection
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
