"""The private parts of python-socketio that the service relies on."""

import json
from typing import Any

import engineio
import pytest
import socketio

from analytics.internals.socketio import TextPacket, engine_server, session_id
from tests.internals.polling import QUIET, poll


class Rig:
    """A Socket.IO server with one client, which polls."""

    def __init__(self) -> None:
        self.server = socketio.Server(
            async_mode="gevent",
            async_handlers=False,
            serializer=TextPacket,
            logger=QUIET,
            engineio_logger=QUIET,
            ping_interval=7,
            monitor_clients=False,
        )
        self.sids: list[str] = []
        self.received: list[Any] = []
        self.server.on("connect", lambda sid, environ: self.sids.append(sid))
        self.server.on("event", lambda sid, data: self.received.append(data))
        self.engine_sid: str = json.loads(poll(self.server)[1][1:])["sid"]
        self.post("40")
        poll(self.server, self.engine_sid)

    def post(self, packet: str) -> None:
        """Send a packet."""
        assert poll(self.server, self.engine_sid, packet) == ("200 OK", "OK")


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_engineio_server_has_the_options_and_the_sessions(rig: Rig) -> None:
    server = engine_server(rig.server)
    assert isinstance(server, engineio.Server)
    assert server.ping_interval == 7
    assert list(server.sockets) == [rig.engine_sid]


def test_the_session_of_a_client(rig: Rig) -> None:
    (sid,) = rig.sids
    assert sid != rig.engine_sid
    assert session_id(rig.server, sid) == rig.engine_sid
    assert session_id(rig.server, "unknown") is None


def test_text_events_are_handled_and_binary_ones_are_not(rig: Rig) -> None:
    rig.post('42["event","a"]')
    rig.post('451-["event",{"_placeholder":true,"num":0}]')
    rig.post('461-1["event",{"_placeholder":true,"num":0}]')
    rig.post("bAAAA")
    rig.post('42["event","b"]')
    assert rig.received == ["a", "b"]
