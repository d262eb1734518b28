"""The WebSocket edge: /ws/dashboard sends a snapshot, then updates and events as they come."""

import binascii
from base64 import b64decode
from typing import Any

import gevent
from flask import Blueprint, Flask, Request, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed

from analytics.errors import BadHandshake
from analytics.live.hub import Hub, message
from analytics.live.outbox import Outbox
from analytics.live.sender import WholeSender
from analytics.snapshot.source import SnapshotSource

PING_INTERVAL = 25
INBOUND_LIMIT = 64 * 1024


def serve_websocket(app: Flask, hub: Hub, snapshots: SnapshotSource) -> None:
    """Add the WebSocket route to `app`."""
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": PING_INTERVAL, "max_message_size": INBOUND_LIMIT}
    blueprint = Blueprint("live", __name__)
    sock = Sock()

    @blueprint.before_request
    def prepare() -> None:
        _check_handshake(request)
        environ = request.environ
        # the library would accept permessage-deflate, at 145 KB a connection
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        for name in ("gunicorn.socket", "werkzeug.socket"):
            if name in environ:
                environ[name] = WholeSender(environ[name])

    @sock.route("/ws/dashboard", bp=blueprint)  # type: ignore[untyped-decorator]
    def dashboard(ws: Any) -> None:
        with hub.connect() as outbox:
            outbox.offer(message("snapshot", snapshots.current()))
            writer = gevent.spawn(_write, ws, outbox)
            try:
                while True:
                    ws.receive()  # nothing is expected of clients yet; what they send must not pile up
            finally:
                writer.kill()

    app.register_blueprint(blueprint)


def _check_handshake(asked: Request) -> None:
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


def _write(ws: Any, outbox: Outbox) -> None:
    try:
        while True:
            for text in outbox.take():
                ws.send(text)
    except (ConnectionClosed, OSError):
        pass  # the reader hears of it too, and ends the connection
