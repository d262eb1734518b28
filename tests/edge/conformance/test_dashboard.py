"""Requirements of the Autobahn suite, tested on /ws/dashboard itself."""

import contextlib
import json
import socket
import time

import pytest
import websocket

from tests.edge.conformance.cases import (
    CLOSING,
    FRAGMENTATION,
    HELLO,
    NORMAL,
    ONE,
    OPCODES,
    PINGS,
    PROTOCOL_ERROR,
    RESERVED_BITS,
    TWO,
    Case,
    close_with,
    ping,
    text,
)
from tests.edge.conformance.utf8_cases import UTF8
from tests.edge.frames import GONE, Live, is_event
from tests.edge.wire import unique, websocket_url
from tests.server import Server

CASES = {**PINGS, **RESERVED_BITS, **OPCODES, **FRAGMENTATION, **UTF8, **CLOSING}
TOO_BIG = 1009


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(shared_server: Server, case: Case) -> None:
    with Live(shared_server, "events=none") as live:
        live.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert live.next()["type"] == "snapshot"
        with contextlib.suppress(*GONE):
            for piece in case.sent:
                live.socket.sendall(piece)
        answers, has_closed = 0, False
        deadline = time.monotonic() + 10
        while not live.over:
            assert time.monotonic() < deadline, f"{len(live.pongs)} pongs, {answers} answers, still open"
            if case.code is None and not has_closed and (tuple(live.pongs), answers) == (case.pongs, case.answers):
                live.socket.sendall(close_with(NORMAL))
                has_closed = True
            answers += sum(message["type"] == "error" for message in live.receive())
        assert tuple(live.pongs) == case.pongs
        assert live.close == (NORMAL if case.code is None else case.code)
        if case.code is None:
            assert answers == case.answers


def next_frame(live: websocket.WebSocket) -> bytes | str:
    """The payload of a pong, or the type of a message other than an update."""
    while True:
        opcode, payload = live.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_PONG:
            return bytes(payload)
        kind = str(json.loads(payload)["type"])
        if kind not in ("snapshot", "dashboard_update"):
            return kind


def test_a_ping_between_fragments_is_answered_before_the_message(shared_server: Server) -> None:
    live = websocket.create_connection(f"{websocket_url(shared_server)}?events=none", timeout=10)
    with contextlib.closing(live):
        live.sock.sendall(ONE + ping(HELLO) + TWO + text())
        assert [next_frame(live) for _ in range(3)] == [HELLO, "error", "error"]
        live.sock.sendall(ONE + ping(HELLO))
        assert next_frame(live) == HELLO
        live.sock.sendall(TWO)
        assert next_frame(live) == "error"


def test_nothing_is_sent_or_read_after_a_message_that_is_too_big(shared_server: Server) -> None:
    with Live(shared_server, "events=none") as live:
        live.next()
        live.socket.sendall(ping(b"before") + text("é".encode() * 40_000) + ping() + text())
        assert live.read_to_the_end() == TOO_BIG
        assert live.pongs[0] == b"before"


@pytest.mark.parametrize(
    ("last", "code"),
    [(close_with(NORMAL), NORMAL), (b"\xff\xff", PROTOCOL_ERROR), (text(b"x" * (64 * 1024 + 1)), TOO_BIG)],
    ids=["closes", "errs", "says too much"],
)
def test_nothing_follows_a_close_that_waits_for_a_slow_client(shared_server: Server, last: bytes, code: int) -> None:
    service = unique("closing")
    big = [{"type": "big", "service": service, "data": {"text": "x" * 30_000}}]

    def publish(count: int) -> None:
        shared_server.post("/events", [*(big * count), {"type": "last", "service": service}])
        fast.until(is_event("last"))

    with (
        Live(shared_server, f"service={service}") as fast,
        Live(shared_server, f"service={service}", receive_buffer=4096) as slow,
    ):
        fast.next()
        slow.next()
        publish(50)
        slow.socket.sendall(last)
        for _ in range(3):
            publish(5)
        assert slow.read_to_the_end() == code
