"""Clients that read late or slowly: complete frames, in order, and an exact count of dropped events."""

import socket
import struct
import time
from itertools import count

from tests.conftest import StartServer
from tests.edge.frames import PING, Live, frame, is_event, is_update
from tests.edge.wire import eventually, unique
from tests.server import Server

KIB = 1024
PAUSE = 2.5
"""Seconds without a read: a few updates, and more events than can wait."""
DATA_SEGMENTS_IN = 152
"""Offset of tcpi_data_segs_in in struct tcp_info of linux/tcp.h."""


def test_a_client_that_stops_reading_gets_complete_frames_in_order_and_exact_drops(start_server: StartServer) -> None:
    server, numbers = start_server(), count()
    pings: list[bytes] = []

    def post(how_many: int, size: int) -> None:
        text = "x" * size
        events = [{"type": "n", "service": "slow", "data": {"n": next(numbers), "text": text}} for _ in range(how_many)]
        assert server.post("/events", events).json()["accepted"] == how_many

    with Live(server, receive_buffer=16 * KIB) as slow:
        slow.until(is_update)
        deadline = time.monotonic() + PAUSE
        while time.monotonic() < deadline:
            post(20, 30 * KIB)  # the newest 20 are in each snapshot
            post(100, 10)
            pings.append(b"%d" % len(pings))
            slow.socket.sendall(frame(pings[-1], PING))
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KIB * KIB)
        post(150, 10)
        posted = next(numbers)
        server.post("/events", {"type": "last", "service": "slow"})
        due = 0
        for message in slow.until(is_event("last"), 20)[:-1]:
            due += message.get("dropped", 0)
            if message["type"] == "event":
                assert message["data"]["data"]["n"] == due, "exactly the missing events are reported as dropped"
                due += 1
        assert due == posted
        assert slow.dropped > 0
        assert slow.dropped + slow.events == posted + 1
        assert server.get("/stats")["drops"]["live_event"] == slow.dropped
        slow.until(is_update)
        assert slow.pongs
        assert slow.pongs == [ping for ping in pings if ping in set(slow.pongs)]
    assert "Traceback" not in server.log()


def test_a_client_that_reads_slowly_but_steadily_stays_connected(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CLIENT_TIMEOUT": "1"})
    with Live(server, "events=big", receive_buffer=16 * KIB) as slow:
        slow.next()
        big = [{"type": "big", "service": "steady", "data": {"text": "x" * 30 * KIB}}] * 70
        server.post("/events", [*big, *[{"type": "small", "service": "steady"}] * 20])
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            slow.receive(16 * KIB)
            assert not slow.over
            time.sleep(0.04)
        assert 3 <= slow.events < len(big), "it read too fast to test anything"
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KIB * KIB)

        def all_came() -> bool:
            slow.receive()
            return slow.events == len(big)

        eventually(all_came)
        assert slow.dropped == 0


def segments(live: Live) -> int:
    """Number of received TCP segments with data."""
    info = live.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(struct.unpack_from("I", info, DATA_SEGMENTS_IN)[0])


def test_queued_events_are_sent_together(shared_server: Server) -> None:
    service = unique("together")
    with Live(shared_server, f"service={service}", receive_buffer=KIB * KIB) as live:
        live.until(is_update)
        before = segments(live)
        shared_server.post("/events", [{"type": "n", "service": service}] * 500)
        while live.events < 500:
            live.next()
        assert segments(live) - before <= 25, "one for each event would be 500"


def test_events_posted_in_quick_succession_are_sent_together(shared_server: Server) -> None:
    service = unique("close")
    with Live(shared_server, f"service={service}", receive_buffer=KIB * KIB) as live:
        live.until(is_update)
        before, started = segments(live), time.monotonic()
        for _ in range(200):
            shared_server.post("/events", {"type": "n", "service": service})
        seconds = time.monotonic() - started
        while live.events < 200:
            live.next()
        assert segments(live) - before <= 5 + 25 * seconds, "20 flushes a second, and updates"
