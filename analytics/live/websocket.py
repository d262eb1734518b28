"""The WebSocket edge: /ws/dashboard sends a snapshot, then updates and events as they come."""

from typing import Any

import gevent
from flask import Flask, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed

from analytics.live.hub import Hub, message
from analytics.live.outbox import Outbox
from analytics.snapshot.source import SnapshotSource

PING_INTERVAL = 25
INBOUND_LIMIT = 64 * 1024


def serve_websocket(app: Flask, hub: Hub, snapshots: SnapshotSource) -> None:
    """Add the WebSocket route to `app`."""
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": PING_INTERVAL, "max_message_size": INBOUND_LIMIT}
    sock = Sock(app)

    @app.before_request
    def refuse_compression() -> None:
        # the library would accept permessage-deflate, at 145 KB a connection
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)

    @sock.route("/ws/dashboard")  # type: ignore[untyped-decorator]
    def dashboard(ws: Any) -> None:
        with hub.connect() as outbox:
            outbox.offer(message("snapshot", snapshots.current()))
            writer = gevent.spawn(_write, ws, outbox)
            try:
                while True:
                    ws.receive()  # nothing is expected of clients yet; what they send must not pile up
            finally:
                writer.kill()


def _write(ws: Any, outbox: Outbox) -> None:
    try:
        while True:
            for text in outbox.take():
                ws.send(text)
    except (ConnectionClosed, OSError):
        pass  # the reader hears of it too, and ends the connection
