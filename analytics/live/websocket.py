"""The plain WebSocket: /ws/dashboard sends a snapshot, then updates and events as they come."""

import contextlib
from typing import Any

import gevent
from flask import Blueprint, g, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason

from analytics.live.commands import Commands, options_in
from analytics.live.handshake import check_handshake
from analytics.live.hub import Client
from analytics.live.messages import as_json
from analytics.live.sender import WholeSender, wrap

PING_INTERVAL = 25
INBOUND_LIMIT = 64 * 1024


def websocket_blueprint(commands: Commands, patience: float) -> Blueprint:
    """The blueprint of /ws/dashboard; a client that takes nothing for `patience` seconds is cut off."""
    blueprint = Blueprint("live", __name__)
    sock = Sock()

    @blueprint.before_request
    def prepare() -> None:
        check_handshake(request)
        g.options = options_in(request.query_string.decode(errors="replace"))
        g.sender = wrap(request.environ, patience)

    @sock.route("/ws/dashboard", bp=blueprint)  # type: ignore[untyped-decorator]
    def dashboard(ws: Any) -> None:
        client = commands.join(g.options)
        writer = gevent.spawn(_write, ws, g.sender, client)
        try:
            while True:
                said = ws.receive()
                if isinstance(said, str) and len(said.encode()) > INBOUND_LIMIT:  # the library counts characters
                    ws.close(CloseReason.MESSAGE_TOO_BIG, "Message is too big")
                client.outbox.offer_answer(commands.answer(client, said))
        finally:
            commands.leave(client)
            writer.kill()

    return blueprint


def _write(ws: Any, sender: WholeSender, client: Client) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):  # the reader hears of it too, and ends the connection
        while parcel := client.outbox.take():
            for data in parcel.writes(as_json):
                sender.send(data)
        ws.close(CloseReason.GOING_AWAY, "The service stops.")
        sender.hang_up()
