"""The private parts of python-engineio that the service relies on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import engineio
import gevent
import pytest
from engineio.exceptions import SocketIsClosedError
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.frame_protocol import CloseReason

from analytics.internals import engineio as internals
from analytics.internals.engineio import MAX_WAITING, Engine, EngineSession
from tests.internals.polling import QUIET, poll
from tests.internals.websockets import Pair, environ

LIMIT = 1000


class Rig:
    """An Engine.IO server, and the sessions and the ends that it reports."""

    def __init__(self) -> None:
        self.is_stopping = False
        self.server = engineio.Server(
            async_mode="gevent", logger=QUIET, max_http_buffer_size=LIMIT, monitor_clients=False
        )
        self.engine = Engine(self.server, lambda: self.is_stopping)
        self.ended: list[str] = []
        self.received: list[Any] = []
        self.server.on("disconnect", lambda sid, reason: self.ended.append(sid))
        self.server.on("message", lambda sid, data: self.received.append(data))

    def open(self) -> EngineSession:
        """A session that polls."""
        _, packet = poll(self.server)
        session = self.engine.session(json.loads(packet[1:])["sid"])
        assert session is not None
        return session

    @contextmanager
    def websocket(self, sid: str = "") -> Iterator[Pair]:
        """A WebSocket for a new session, or for one that polls."""
        query = f"EIO=4&transport=websocket{sid and f'&sid={sid}'}"
        with Pair() as pair:
            given = environ(pair.ours, QUERY_STRING=query)
            serving = gevent.spawn(self._serve, given)
            pair.read_response()
            yield pair
            pair.theirs.close()
            serving.get(timeout=5)

    def _serve(self, given: dict[str, Any]) -> None:
        with pytest.raises(StopIteration):  # the signal to gunicorn that there is no response
            self.server.handle_request(given, lambda *_: None)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def texts(pair: Pair, count: int = 1) -> list[str]:
    """The texts of the next frames."""
    received: list[str] = []
    while len(received) < count:
        received += [event.data for event in pair.receive() if isinstance(event, TextMessage)]
    return received


def test_a_session_that_polls(rig: Rig) -> None:
    session = rig.open()
    assert len(rig.engine) == len(rig.engine.sessions()) == 1
    assert rig.engine.sessions()[0].sid == session.sid
    assert (session.is_upgraded, session.is_upgrading, session.is_closed, session.waiting) == (False, False, False, 0)
    assert session.check_timeout()
    session.data["key"] = "value"
    again = rig.engine.session(session.sid)
    assert again is not None
    assert again.data == {"key": "value"}
    assert rig.engine.session("unknown") is rig.engine.session(None) is None


def test_packets_are_fetched_in_order_and_then_done(rig: Rig) -> None:
    session = rig.open()
    session.put("a")
    session.put("b")
    joining = gevent.spawn(session.join)
    gevent.sleep(0)
    assert (session.waiting, joining.ready()) == (2, False)
    assert poll(rig.server, session.sid) == ("200 OK", "4a\x1e4b")
    joining.get(timeout=5)
    assert session.waiting == 0


def test_a_full_queue_drops_packets_but_not_the_end(rig: Rig) -> None:
    session = rig.open()
    for number in range(MAX_WAITING + 5):
        session.put(str(number))
    assert session.waiting == MAX_WAITING
    _, fetched = poll(rig.server, session.sid)
    assert fetched.split("\x1e") == [f"4{number}" for number in range(MAX_WAITING)]
    for number in range(MAX_WAITING):
        session.put(str(number))
    session.close()
    assert (session.is_closed, session.waiting) == (True, MAX_WAITING + 1)


def test_the_server_ends_a_session_by_its_disconnect_without_waiting_for_the_client(rig: Rig) -> None:
    session = rig.open()
    session.put("never fetched")
    with gevent.Timeout(5):
        status, _ = poll(rig.server, session.sid, body="9")  # no packet has this type
    assert status.startswith("400")
    assert (session.is_closed, rig.ended) == (True, [session.sid])
    rig.server.disconnect("unknown")


def test_a_session_whose_client_answers_no_ping_ends(rig: Rig) -> None:
    session = rig.open()
    rig.server.sockets[session.sid].last_ping = 1.0
    assert not session.check_timeout()
    assert session.is_closed
    with pytest.raises(SocketIsClosedError):
        session.check_timeout()


def test_a_session_with_a_websocket(rig: Rig) -> None:
    with rig.websocket() as pair:
        assert texts(pair)[0].startswith("0{")
        (session,) = rig.engine.sessions()
        assert session.is_upgraded
        session.put("a")
        assert texts(pair) == ["4a"]
        pair.send(TextMessage(data="4hello"))
        gevent.sleep(0.01)
        assert rig.received == ["hello"]
    assert (session.is_closed, rig.ended) == (True, [session.sid])


def test_an_upgrade_from_polling(rig: Rig) -> None:
    session = rig.open()
    with rig.websocket(session.sid) as pair:
        assert (session.is_upgrading, session.is_upgraded) == (True, False)
        pair.send(TextMessage(data="2probe"))
        assert texts(pair) == ["3probe"]
        pair.send(TextMessage(data="5"))
        assert texts(pair) == ["6"]
        assert (session.is_upgrading, session.is_upgraded) == (False, True)


def test_an_upgrade_that_takes_too_long_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(internals, "UPGRADE_SECONDS", 0.01)
    session = rig.open()
    with rig.websocket(session.sid):
        with gevent.Timeout(5):
            while session.is_upgrading:
                gevent.sleep(0.01)
        assert (session.is_upgraded, session.is_closed) == (False, False)


@pytest.mark.parametrize("message", [BytesMessage(data=b"4a"), TextMessage(data=""), TextMessage(data="x")])
def test_a_message_that_is_no_packet_ends_the_session(message: TextMessage | BytesMessage, rig: Rig) -> None:
    with rig.websocket() as pair:
        texts(pair)
        pair.send(message)
        assert pair.receive() == [CloseConnection(CloseReason.NORMAL_CLOSURE, "")]
    assert rig.received == []


def test_a_message_above_the_limit_is_answered_with_a_close(rig: Rig) -> None:
    with rig.websocket() as pair:
        texts(pair)
        pair.send(TextMessage(data="4" + "x" * LIMIT))
        (close,) = pair.receive()
        assert close.code == CloseReason.MESSAGE_TOO_BIG


@pytest.mark.parametrize("is_stopping", [True, False])
def test_closing_a_session_closes_its_websocket(is_stopping: bool, rig: Rig) -> None:
    rig.is_stopping = is_stopping
    with rig.websocket() as pair:
        texts(pair)
        rig.engine.sessions()[0].close()
        *packets, close = [*pair.receive(), *pair.receive()]
        assert [packet.data for packet in packets] == ["1"]
        assert close.code == (CloseReason.GOING_AWAY if is_stopping else CloseReason.NORMAL_CLOSURE)
