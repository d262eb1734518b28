"""Pings of plain WebSockets: clients that do not answer are disconnected."""

import contextlib

import websocket

from tests.conftest import StartServer
from tests.edge.frames import Live
from tests.edge.socketio_raw import connected
from tests.edge.test_socketio_limits import HASTY
from tests.edge.wire import eventually, websocket_url

POLICY_VIOLATION = 1008


def test_clients_that_answer_no_pings_are_disconnected(start_server: StartServer) -> None:
    server = start_server(command=HASTY)
    with Live(server) as silent, contextlib.closing(websocket.create_connection(websocket_url(server))) as live:
        eventually(lambda: connected(server) == 2)
        pings = 0
        while pings < 3:  # the third is sent only after two pongs, which websocket-client sends
            opcode, data = live.recv_data(control_frame=True)
            assert opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_PING), (opcode, data)
            pings += opcode == websocket.ABNF.OPCODE_PING
        assert silent.read_to_the_end() == POLICY_VIOLATION
        eventually(lambda: connected(server) == 1)
    assert "Traceback" not in server.log()
