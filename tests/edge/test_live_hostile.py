"""Clients that violate the protocol or its limits: they get the right close code and do not disturb others."""

import random
import socket
import statistics
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from tests.conftest import StartServer
from tests.edge.frames import BINARY, CLOSE, CONTINUATION, FIN, GONE, PING, PONG, RSV1, TEXT, Live, frame, is_update
from tests.edge.wire import check_still_works, eventually, resident_mib, worker_pid
from tests.server import Server

LIMIT = 64 * 1024
PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009
EURO = "€".encode()
NO_KEY = b"\0\0\0\0"
"""A mask without effect."""


def fragments(payload: bytes, size: int, opcode: int = TEXT) -> bytes:
    """A message in fragments of this size."""
    starts = range(0, len(payload), size)
    return b"".join(
        frame(payload[start : start + size], CONTINUATION if start else opcode, FIN if start == starts[-1] else 0)
        for start in starts
    )


OPCODES = {f"opcode {opcode}": (frame(b"x", opcode), PROTOCOL_ERROR) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)}
BROKEN_FRAMES = {
    "RSV1": (frame(b"x", bits=FIN | RSV1), PROTOCOL_ERROR),
    "RSV2": (frame(b"x", bits=FIN | 0x20), PROTOCOL_ERROR),
    "RSV3": (frame(b"x", PING, FIN | 0x10), PROTOCOL_ERROR),
    "unmasked": (b"\x81\x05hello", PROTOCOL_ERROR),
    "unmasked and empty": (b"\x81\x00", PROTOCOL_ERROR),
    "a short length in 16 bits": (b"\x81\xfe\0\x05" + NO_KEY + b"hello", PROTOCOL_ERROR),
    "a short length in 64 bits": (b"\x81\xff" + (126).to_bytes(8, "big") + NO_KEY + b"x" * 126, PROTOCOL_ERROR),
    "2^63 bytes": (b"\x81\xff\x80" + bytes(7) + NO_KEY, PROTOCOL_ERROR),
    "2^64 - 1 bytes": (b"\x81\xff" + b"\xff" * 8 + NO_KEY, PROTOCOL_ERROR),
    "noise": (b"\xff" * 500, PROTOCOL_ERROR),
    "http": (b"GET / HTTP/1.1\r\n\r\n", PROTOCOL_ERROR),
}
BROKEN_CONTROL = {
    "a ping of 126 bytes": (frame(b"x" * 126, PING), PROTOCOL_ERROR),
    "a pong of 70,000 bytes": (frame(b"x" * 70_000, PONG), PROTOCOL_ERROR),
    "a ping in fragments": (frame(b"x", PING, 0), PROTOCOL_ERROR),
    "a close in fragments": (frame(b"\x03\xe8", CLOSE, 0), PROTOCOL_ERROR),
    "a close of one byte": (frame(b"\x03", CLOSE), PROTOCOL_ERROR),
    "close code 999": (frame(b"\x03\xe7", CLOSE), PROTOCOL_ERROR),
    "close code 1005": (frame(b"\x03\xed", CLOSE), PROTOCOL_ERROR),
    "close code 5000": (frame(b"\x13\x88", CLOSE), PROTOCOL_ERROR),
    "a close reason that is no text": (frame(b"\x03\xe8\xff", CLOSE), BAD_TEXT),
}
BROKEN_ORDER = {
    "goes on with nothing": (frame(b"x", CONTINUATION), PROTOCOL_ERROR),
    "goes on with nothing, unfinished": (frame(b"x", CONTINUATION, 0), PROTOCOL_ERROR),
    "begins anew in the middle": (frame(b"x", TEXT, 0) + frame(b"y"), PROTOCOL_ERROR),
    "changes to binary in the middle": (frame(b"x", TEXT, 0) + frame(b"y", BINARY), PROTOCOL_ERROR),
    "goes on after the end": (frame(b"x", TEXT, 0) + frame(b"y", CONTINUATION) * 2, PROTOCOL_ERROR),
}
NO_TEXT = {
    "no continuation byte": (frame(b"\xc3\x28"), BAD_TEXT),
    "overlong": (frame(b"\xc0\xaf"), BAD_TEXT),
    "a surrogate": (frame(b"\xed\xa0\x80"), BAD_TEXT),
    "beyond Unicode": (frame(b"\xf4\x90\x80\x80"), BAD_TEXT),
    "ends within a character": (frame(b"x" + EURO[:2]), BAD_TEXT),
    "in the second fragment": (frame(b"x" + EURO[:1], TEXT, 0) + frame(b"x", CONTINUATION), BAD_TEXT),
    "late in a long text": (frame(b"x" * 10_000 + b"\xff" + b"x" * 100), BAD_TEXT),
}
TOO_LARGE = {
    "by one byte": (frame(b"x" * (LIMIT + 1)), TOO_BIG),
    "binary": (frame(b"x" * (LIMIT + 1), BINARY), TOO_BIG),
    "a megabyte": (frame(b"x" * 1024 * 1024), TOO_BIG),
    "by its bytes, not its characters": (frame(EURO * 30_000), TOO_BIG),
    "in fragments": (fragments(b"x" * (LIMIT + 1), 16 * 1024), TOO_BIG),
    "in fragments of a byte": (fragments(b"x" * (LIMIT + 1), 1), TOO_BIG),
    "in fragments of characters": (fragments(EURO * 30_000, 16 * 1024), TOO_BIG),
    "without an end": (b"\x81\xff" + (2**62).to_bytes(8, "big") + NO_KEY + b"x" * 100_000, TOO_BIG),
    "in fragments without an end": (frame(b"x" * 1024, TEXT, 0) + frame(b"x" * 1024, CONTINUATION, 0) * 90, TOO_BIG),
}
GROUPS = [OPCODES, BROKEN_FRAMES, BROKEN_CONTROL, BROKEN_ORDER, NO_TEXT, TOO_LARGE]


@contextmanager
def unharmed(server: Server) -> Iterator[None]:
    """Check that the worker survives the block, serves another client, and logs no traceback."""
    pid, already = worker_pid(server), server.log().count("Traceback")
    with Live(server) as other:
        other.next()
        yield
        now = time.monotonic()
        other.until(lambda message: message["type"] == "dashboard_update" and time.monotonic() > now + 0.1)
        check_still_works(server)
    eventually(lambda: server.get("/health")["stats"]["connected_clients"] == 0)
    assert worker_pid(server) == pid
    assert server.log().count("Traceback") == already


def throw(live: Live, data: bytes) -> None:
    """Send as much of the data as possible."""
    with suppress(*GONE):
        live.socket.sendall(data)


@pytest.mark.parametrize("cases", GROUPS, ids=["opcodes", "frames", "control", "order", "text", "size"])
def test_protocol_violations_are_answered_with_their_close_code(
    shared_server: Server, cases: dict[str, tuple[bytes, int]]
) -> None:
    with unharmed(shared_server):
        for case, (data, code) in cases.items():
            with Live(shared_server, "events=none") as live:
                live.next()
                throw(live, data)
                assert live.read_to_the_end() == code, case


def test_unusual_but_valid_frames_are_answered_and_the_connection_stays(shared_server: Server) -> None:
    ping = b'{"type":"ping"}'
    with unharmed(shared_server), Live(shared_server, "events=none") as live:
        live.next()
        for data, kind in (
            (frame(b"x" * LIMIT), "error"),
            (fragments(b"x" * LIMIT, 1000), "error"),
            (fragments(EURO * 100, 1), "error"),
            (frame(bytes(range(256)), BINARY), "error"),
            (frame(), "error"),
            (frame(b"", TEXT, 0) + frame(b"", CONTINUATION), "error"),
            (frame(ping, key=NO_KEY), "pong"),
            (fragments(ping, 1), "pong"),
            (frame(ping[:5], TEXT, 0) + frame(b"now", PING) + frame(ping[5:], CONTINUATION), "pong"),
        ):
            for byte in (data[start : start + 7000] for start in range(0, len(data), 7000)):
                live.socket.sendall(byte)
            answers = live.until(lambda message: message["type"] in ("error", "pong"))
            assert answers[-1]["type"] == kind, data[:50]
        for payload in (b"", b"x", b"x" * 125):
            live.socket.sendall(frame(payload, PING))
        live.socket.sendall(frame(b"unasked", PONG))
        eventually(lambda: live.receive() and live.pongs == [b"now", b"", b"x", b"x" * 125])
        live.socket.sendall(frame(b"\x0f\xa0" + EURO, CLOSE))
        assert live.read_to_the_end() == 4000


def nonsense(dice: random.Random) -> bytes:
    """Random frames and random bytes."""
    if dice.random() < 0.2:
        return dice.randbytes(dice.randint(1, 3000))
    parts = []
    for _ in range(dice.randint(1, 8)):
        opcode = dice.choice((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG, dice.randrange(16)))
        payload = dice.randbytes(dice.choice((0, 1, 2, dice.randint(0, 130), dice.randint(0, 70_000))))
        bits = dice.choice((FIN, FIN, 0, dice.randrange(16) << 4))
        parts.append(frame(payload, opcode, bits, dice.randbytes(4)))
    data = bytearray(b"".join(parts))
    for _ in range(dice.choice((0, 0, 1, 3))):
        data[dice.randrange(min(len(data), 20))] = dice.randrange(256)
    return bytes(data[: dice.randint(1, len(data))] if dice.random() < 0.3 else data)


def test_random_data_ends_at_most_its_own_connection(shared_server: Server, dice: random.Random) -> None:
    codes = set()
    with unharmed(shared_server):
        for _ in range(200):
            with Live(shared_server, "events=none") as live:
                if dice.random() < 0.8:
                    live.next()
                throw(live, nonsense(dice))
                with suppress(OSError):
                    live.socket.shutdown(socket.SHUT_WR)
                codes.add(live.read_to_the_end())
    assert PROTOCOL_ERROR in codes
    assert codes <= {None, 0, PROTOCOL_ERROR, BAD_TEXT, TOO_BIG, *range(3000, 5000)}


def test_a_client_that_does_not_read_gets_the_close_and_nothing_more(shared_server: Server) -> None:
    big = [{"type": "big", "service": "unread", "data": {"text": "x" * 30_000}}] * 50
    with unharmed(shared_server):
        for data, codes in ((frame(b"x", 3), {PROTOCOL_ERROR}), (frame(b"x" * (LIMIT + 1)), {TOO_BIG, None})):
            with Live(shared_server, receive_buffer=4096) as live:
                shared_server.post("/events", big)
                throw(live, data)
                for _ in range(3):  # they come after the queued Close
                    shared_server.post("/events", big[:20])
                live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)
                assert live.read_to_the_end() in codes, "a close with bytes left to read resets the connection"
        shared_server.post("/events", [{"type": "small", "service": "unread"}] * 20)


def test_a_compressed_bomb_is_refused_without_decompression(start_server: StartServer) -> None:
    server = start_server()
    compress = zlib.compressobj(9, wbits=-15)
    bomb = compress.compress(bytes(50_000_000)) + compress.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < LIMIT
    with Live(server, "", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits") as live:
        live.next()
        assert "sec-websocket-extensions" not in live.headers
        before = resident_mib(worker_pid(server))
        throw(live, frame(bomb, bits=FIN | RSV1))
        assert live.read_to_the_end() == PROTOCOL_ERROR
        assert resident_mib(worker_pid(server), "VmHWM") < before + 20
    assert "Traceback" not in server.log()


def test_unread_answers_to_a_flood_of_messages_need_no_memory(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CLIENT_TIMEOUT": "60"})
    pid, waits = worker_pid(server), []
    with Live(server, "events=none", receive_buffer=16 * 1024) as live, Live(server, "events=none") as other:
        live.next()
        other.until(is_update)
        before = resident_mib(pid)

        def flood() -> None:
            live.socket.settimeout(60)
            throw(live, frame(b'{"type":"ping"}') * 200_000)
            live.socket.shutdown(socket.SHUT_WR)  # is found after everything before it was read

        thread, begun = Thread(target=flood), time.monotonic()
        thread.start()

        def is_over() -> bool:
            started = time.monotonic()
            connected = server.get("/health")["stats"]["connected_clients"]
            waits.append(time.monotonic() - started)
            return bool(connected == 1)

        eventually(is_over, 40)
        thread.join()
        assert statistics.median(waits) < 1, waits
        assert resident_mib(pid, "VmHWM") < before + 20
        over = time.monotonic()
        for _ in range(int(0.6 * (over - begun))):
            other.until(is_update)
        assert time.monotonic() - over < 1, "its updates have arrived meanwhile"
    assert "Traceback" not in server.log()
