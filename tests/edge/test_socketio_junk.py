"""Invalid data on /socket.io/: refused or ignored, never a 5xx or a traceback, and other connections stay open."""

import contextlib
import struct
import time

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.edge.socketio_raw import (
    PLAIN_TEXT,
    SEPARATOR,
    Session,
    connected,
    is_served,
    joined_websocket,
    no_traceback,
    open_websocket,
)
from tests.edge.wire import (
    check_problem,
    check_still_works,
    chunked,
    connect,
    eventually,
    exchange,
    head,
    read_answer,
    worker_pid,
)
from tests.server import Server

POLLING = "/socket.io/?EIO=4&transport=polling"
DEEP = "[" * 30_000
PACKETS = {
    "nothing": "",
    "no number": "x",
    "not of ASCII": "²é\u0664",
    "unknown": "9",
    "many digits": "4" + "9" * 5_000,
    "an open": '0{"sid":"x"}',
    "a ping": "2",
    "a pong": "3",
    "an upgrade": "5",
    "a noop": "6",
    "no event": "4",
    "no JSON": "42[",
    "no array": '42{"a":1}',
    "a number": "427",
    "no name": "42[]",
    "null for a name": "42[null]",
    "an object for a name": "42[{}]",
    "an unknown event": '42["nothing",1]',
    "too many arguments": '42["subscribe",{},{},{}]',
    "too few arguments": '420["subscribe"]',
    "no options": '421["subscribe","all"]',
    "wrong options": '422["subscribe",{"events":[[]],"service":7,"since":{},"updates":null}]',
    "deep JSON": f'42["subscribe",{DEEP}]',
    "deep JSON for a packet": f"4{DEEP}",
    "deep options": '423["subscribe",{"events":' + DEEP + "]}]",
    "a lone surrogate": '42["subscribe",{"events":"\\ud800"}]',
    "an acknowledgement": "43[]",
    "an unknown acknowledgement": "43999[1]",
    "an error": '44{"message":"no"}',
    "a binary event": '451-["subscribe",{"_placeholder":true,"num":0}]',
    "a binary acknowledgement": "461-1[]",
    "many attachments": "459999999999-[]",
    "base64": "bAAEC",
    "no base64": "b!",
    "an unknown namespace": "40/admin,",
    "a long namespace": "40/" + "n" * 10_000,
    "options for the connection": '40{"token":"x"}',
    "an event elsewhere": '42/admin,["subscribe",{}]',
    "a second connection": "40",
    "a feigned connection": '42["connect",{"QUERY_STRING":7}]',
    "a feigned end": '42["disconnect"]',
    "an end elsewhere": "41/admin,",
    "an end": "41",
    "a beginning after the end": "40",
    "the very end": "1",
    "more after that": "40",
}


ENDS = ("an end", "the very end")
"""After these the session has ended."""


def test_junk_over_polling_is_refused_or_ignored(shared_server: Server) -> None:
    pid = worker_pid(shared_server)
    with joined_websocket(shared_server) as live, no_traceback(shared_server):
        for kind, packet in PACKETS.items():
            with Session(shared_server) as one:
                for packets in ([packet], [packet, packet], ["3", packet]):
                    answer = one.post(*packets)
                    assert answer.status_code < 500, (kind, answer.text)
                answer = one.ask("GET", f"{one.url}&t=1") if kind not in ENDS else one.post("3")
                assert answer.status_code < 500, (kind, answer.text)
        for body in (b"\xff\xfe", b"\x1e", b"d=1", b"d=42%5B", SEPARATOR.encode() * 100, b"3\x1e" * 20):
            with Session(shared_server) as one:
                answer = one.ask("POST", one.url, data=body, headers=PLAIN_TEXT)
                assert answer.status_code < 500, (body, answer.text)
        assert is_served(shared_server, live)
        assert connected(shared_server) == 1
    assert worker_pid(shared_server) == pid


def test_junk_over_websocket_ends_at_most_its_own_connection(shared_server: Server) -> None:
    pid = worker_pid(shared_server)
    host = f"127.0.0.1:{shared_server.port}"
    with joined_websocket(shared_server) as live, no_traceback(shared_server):
        for packet in PACKETS.values():
            for joins in (True, False):
                one = open_websocket(host)
                with contextlib.suppress(websocket.WebSocketException, OSError):
                    if joins:
                        one.send("40")
                    one.send(packet)
                    one.send(packet)
                    one.send_binary(packet.encode())
                    one.send("3")
                    one.close(timeout=1)
                one.shutdown()
        assert is_served(shared_server, live)
        eventually(lambda: connected(shared_server) == 1)
    assert worker_pid(shared_server) == pid


BROKEN = {
    "reserved": b"\x83\x80\0\0\0\0",
    "unmasked": b"\x81\x02hi",
    "invalid UTF-8": b"\x81\x82\0\0\0\0\xc3\x28",
    "bits": b"\xff" * 99,
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_frames_end_their_own_connection(shared_server: Server, case: str) -> None:
    with joined_websocket(shared_server) as live, joined_websocket(shared_server) as one, no_traceback(shared_server):
        one.sock.sendall(BROKEN[case])
        assert is_over(one)
        assert is_served(shared_server, live)


def is_over(live: websocket.WebSocket) -> bool:
    """Whether the server ends the connection."""
    live.settimeout(5)
    deadline = time.monotonic() + 5
    try:
        while live.recv() and time.monotonic() < deadline:
            pass
    except websocket.WebSocketTimeoutException:
        return False
    except (websocket.WebSocketException, OSError):
        return True
    return time.monotonic() < deadline


def test_junk_instead_of_a_probe_does_not_change_the_session(shared_server: Server) -> None:
    with Session(shared_server) as one, no_traceback(shared_server):
        one.until("42")
        for packet in PACKETS.values():
            for before in ((), ("2probe",)):
                probing = one.websocket()
                with contextlib.suppress(websocket.WebSocketException, OSError):
                    for each in (*before, packet if packet != "5" else "4"):
                        probing.send(each)
                    probing.close(timeout=1)
                probing.shutdown()
        one.until('42["dashboard_update"')


def test_a_refused_client_that_stays_is_disconnected(shared_server: Server) -> None:
    with Session(shared_server, "updates=some") as one:
        assert one.until("44")[-1].startswith('44{"message":"updates: ')
        started = time.monotonic()
        one.until("1")
        assert time.monotonic() - started < 10
        assert one.ask("GET", one.url).status_code == 400


def test_binary_events_are_refused(shared_server: Server) -> None:
    with joined_websocket(shared_server) as live, joined_websocket(shared_server) as one, no_traceback(shared_server):
        one.send('451-["subscribe",{"_placeholder":true,"num":0}]')
        one.send_binary(b"\0\1")
        assert is_over(one)
        assert is_served(shared_server, live)


def test_frames_above_64_kib_end_their_connection(shared_server: Server) -> None:
    with joined_websocket(shared_server) as one, joined_websocket(shared_server) as split:
        one.send('42["nothing","' + "x" * 60_000 + '"]')
        assert is_served(shared_server, one)
        one.send('42["nothing","' + "x" * 66_000 + '"]')
        assert is_over(one)
        for opcode in (0x01, *(0x00,) * 5):
            with contextlib.suppress(OSError):
                split.sock.sendall(struct.pack("!BBH", opcode, 0xFE, 30_000) + bytes(4) + b"4" * 30_000)
        assert is_over(split)
    check_still_works(shared_server)


def test_bodies_above_64_kib_are_refused(shared_server: Server) -> None:
    with Session(shared_server) as one:
        assert one.post('42["nothing","' + "x" * 60_000 + '"]').status_code == 200
        check_problem(one.post("4" + "x" * 66_000), 413, "body_too_large")
        path = f"{POLLING}&sid={one.sid}"
        claimed = head(shared_server, path, "Content-Type: text/plain", "Content-Length: 9999999")
        check_problem(exchange(shared_server, claimed), 413, "body_too_large")
        streamed = head(shared_server, path, "Content-Type: text/plain", "Transfer-Encoding: chunked")
        check_problem(exchange(shared_server, streamed, *chunked(b"4" * 200_000)), 413, "body_too_large")
        one.until('42["dashboard_update"')


REFUSED = {
    "an unknown session": ("GET", f"{POLLING}&sid=unknown", 400),
    "a post to an unknown session": ("POST", f"{POLLING}&sid=unknown", 400),
    "a post to no session": ("POST", POLLING, 400),
    "an old protocol": ("GET", "/socket.io/?EIO=3&transport=polling", 400),
    "no protocol": ("GET", "/socket.io/", 400),
    "an unknown transport": ("GET", "/socket.io/?EIO=4&transport=carrier", 400),
    "a websocket without a handshake": ("GET", "/socket.io/?EIO=4&transport=websocket", 400),
    "JSONP": ("GET", f"{POLLING}&j=0", 422),
    "PUT": ("PUT", POLLING, 405),
    "DELETE": ("DELETE", POLLING, 405),
    "PATCH": ("PATCH", POLLING, 405),
    "below": ("GET", "/socket.io/below?EIO=4&transport=polling", 404),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_requests_are_refused(shared_server: Server, case: str) -> None:
    method, path, status = REFUSED[case]
    with no_traceback(shared_server):
        headers = {**PLAIN_TEXT, "Connection": "close"}
        answer = requests.request(method, shared_server.url + path, data="40", headers=headers, timeout=10)
        assert answer.status_code == status, answer.text
        if status != 400:
            check_problem(answer, status)


WRONG_HANDSHAKES = {
    "an old protocol": "EIO=3&transport=websocket",
    "no transport": "EIO=4",
    "an unknown session": "EIO=4&transport=websocket&sid=unknown",
}


@pytest.mark.parametrize("case", WRONG_HANDSHAKES)
def test_wrong_handshakes_are_refused(shared_server: Server, case: str) -> None:
    with no_traceback(shared_server), contextlib.suppress(websocket.WebSocketException):
        url = f"ws://127.0.0.1:{shared_server.port}/socket.io/?{WRONG_HANDSHAKES[case]}"
        live = websocket.create_connection(url, timeout=5)
        live.shutdown()
        pytest.fail("it was accepted")


def test_a_post_after_the_end_of_its_session_is_refused(shared_server: Server) -> None:
    with no_traceback(shared_server), Session(shared_server) as one:
        one.post("1")
        check_problem(one.post("40"), 422)
        assert one.post("40").status_code < 500


def test_a_body_that_does_not_arrive_times_out(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_BODY_TIMEOUT": "0.5"})
    with no_traceback(server), Session(server) as one:
        lines = ("Content-Type: text/plain", "Content-Length: 100")
        with connect(server) as slow:
            slow.sendall(head(server, f"{POLLING}&sid={one.sid}", *lines) + b'42["subs')
            check_problem(read_answer(slow), 408, "body_timeout")
        cut = exchange(server, head(server, f"{POLLING}&sid={one.sid}", *lines), b'42["subs', ends=True)
        check_problem(cut, 400, "incomplete_body")
        one.until('42["dashboard_update"')


def test_a_second_connection_and_other_namespaces_are_refused(shared_server: Server) -> None:
    with joined_websocket(shared_server) as live:
        for packet, answer in (("40", '44"Unable to connect"'), ("40/admin,", '44/admin,"Unable to connect"')):
            live.send(packet)
            while not (received := live.recv()).startswith("44"):
                pass
            assert received == answer
        assert connected(shared_server) == 1
        assert is_served(shared_server, live)
