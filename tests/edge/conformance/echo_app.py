"""An echo over the production code of WebSockets, and one over the unmodified WebSocket library."""

from socket import SHUT_RDWR
from typing import Any

from flask import Blueprint, Flask, g, request
from flask_sock import Sock
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from analytics.internals.simple_websocket import listen
from analytics.live.wire.handshake import check_handshake
from analytics.live.wire.message_socket import wrap_socket
from analytics.live.wire.websocket import SERVER_OPTIONS

CLIENT_TIMEOUT = 10


def production() -> Flask:
    """/echo is served like /ws/dashboard, except for the message limit."""
    app, blueprint, sock = Flask("production"), Blueprint("echo", __name__), Sock()
    app.config["SOCK_SERVER_OPTIONS"] = {**SERVER_OPTIONS, "max_message_size": None}

    @blueprint.before_request
    def prepare() -> None:
        check_handshake(request)
        g.sock = wrap_socket(request.environ, CLIENT_TIMEOUT)

    @sock.route("/echo", bp=blueprint)
    def echo(ws: Any) -> None:
        try:
            listen(ws, ws.send)
        finally:
            g.sock.hang_up(SHUT_RDWR)

    app.register_blueprint(blueprint)
    app.add_url_rule("/health/ready", view_func=lambda: "ready")
    return app


def shipped() -> Flask:
    """/echo as in the documentation of the library."""
    app = Flask("shipped")

    @Sock(app).route("/echo")
    def echo(ws: Any) -> None:
        while True:
            ws.send(ws.receive())

    return app


app = production()
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/shipped": shipped()})  # type: ignore[method-assign]
