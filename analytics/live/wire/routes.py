"""Routes of the live edge: /ws/dashboard, /socket.io/, live lines. What serves them is loaded with the first client."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from analytics.keys.leases import Lease
from analytics.lazy import Lazy

if TYPE_CHECKING:
    from analytics.live.wire.socketio import SocketIo
    from analytics.live.wire.tail_socket import TailServer
    from analytics.live.wire.websocket import DashboardSocket


def websocket_blueprint(server: Lazy["DashboardSocket"]) -> Blueprint:
    """The blueprint of /ws/dashboard."""
    blueprint = Blueprint("live", __name__)

    @blueprint.before_request
    def prepare() -> None:
        server().prepare()

    @blueprint.teardown_request
    def forget(_: BaseException | None) -> None:
        server().forget()

    @blueprint.route("/ws/dashboard", websocket=True)
    def dashboard() -> Response:
        return server().view()

    return blueprint


def tail_blueprint(name: str, rule: str, server: Lazy["TailServer"], *, has_stream: bool) -> Blueprint:
    """The blueprint of a route of live log lines, by WebSocket and with `has_stream` as server-sent events."""
    blueprint = Blueprint(name, __name__)

    @blueprint.route(rule, websocket=True)
    def socket() -> Response:
        return server().socket()

    if has_stream:

        @blueprint.get(rule)
        def stream() -> Response:
            return server().stream()

    return blueprint


class SocketIoRoute:
    """The route /socket.io/, and what the service asks of the server behind it."""

    def __init__(self, server: Lazy["SocketIo"]) -> None:
        self._server = server

    def __len__(self) -> int:
        """Number of connected clients."""
        return 0 if self._server.made is None else len(self._server.made)

    def lease(self, sid: str) -> Lease | None:
        """The lease of the session with this id, if there is one."""
        return None if self._server.made is None else self._server.made.lease(sid)

    def drain(self) -> None:
        """Close all sessions; the connection of a client that does not receive the Close soon is cut."""
        if self._server.made is not None:
            self._server.made.drain()

    def blueprint(self) -> Blueprint:
        """The blueprint of the route."""
        blueprint = Blueprint("socketio", __name__)

        @blueprint.route("/socket.io/", methods=["GET", "POST"])
        def poll() -> Response:
            return self._server().poll()

        @blueprint.route("/socket.io/", websocket=True)
        def upgrade() -> Response:
            return self._server().upgrade()

        return blueprint
