"""Decoders of what live clients send: WebSocket frames, commands, and packets of Socket.IO."""

import logging
from collections.abc import Callable
from functools import partial

import gevent
from gevent.event import Event
from simple_websocket import Server
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from analytics.config import Settings
from analytics.errors import ValidationFailed
from analytics.factory import create_app
from analytics.internals.simple_websocket import NoThread, listen
from analytics.live.commands import options_in_query
from analytics.live.hub import Client
from analytics.live.outbox import OutboxContents
from analytics.live.wire.handshake import INBOUND_LIMIT
from analytics.live.wire.websocket import _answer
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder
from tests.internals.websockets import environ
from tests.live.stage import DeadConnection, Stage

COMMANDS = (
    '{"type":"subscribe","events":["purchase","a,b"],"service":"shop","updates":"patch","since":0}',
    '{"type":"subscribe","events":"none","service":"all"}',
    '{"type":"ping"}',
    '{"type":["subscribe"],"events":{"a":1}}',
    '{"type":"subscribe","since":1e400,"events":"\\ud800"}',
    "[" * 300,
)
OPTIONS = (b"events=purchase,a%20b&service=shop&updates=patch&since=7", b"events=none&events=all", b"since=-1&%ff=%00")
PACKETS = (
    "40",
    '40{"token":"x"}',
    '42["subscribe",{"events":"none"}]',
    '4212["subscribe",{"events":["a"],"since":3},1]',
    '42["disconnect"]\x1e42[]\x1e42["subscribe",5]\x1e3probe',
    '431["a"]\x1e44{"message":"x"}\x1e2probe\x1e5\x1e6',
    '451-["a",{"_placeholder":true,"num":0}]\x1ebAAEC',
    '40/other?a=b,{"a":1}\x1e41/other,',
    "d=4%1e42",
    "\x1e".join(["40"] * 20),
    "42" + "[" * 300,
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    client = Connection(ConnectionType.CLIENT)
    encode = lambda *events: b"\0" + b"".join(map(client.send, events))  # noqa: E731
    frames = (
        *(encode(TextMessage(data=text)) for text in COMMANDS),
        encode(Ping(payload=b"a"), Pong(payload=b"b"), BytesMessage(data=b"\xff")),
        encode(TextMessage(data='{"type"', message_finished=False), TextMessage(data=':"ping"}')),
        encode(TextMessage(data="é" * 2000)),
        Connection(ConnectionType.CLIENT).send(CloseConnection(code=1000, reason="done")),
        b"\x01\xf7\xff" * 9,
    )
    query = lambda data: options_in_query(data.decode("latin-1"))  # noqa: E731
    return [
        Decoder("WebSocket frames", _frames(), (), frames),
        Decoder("commands", _command(), (), [text.encode() for text in COMMANDS]),
        Decoder("options of live clients", query, (ValidationFailed,), OPTIONS, size=1024),
        Decoder("Socket.IO packets", _packets(), (), [packets.encode() for packets in PACKETS]),
    ]


class Deaf(DeadConnection):
    """A connection whose client receives nothing."""

    def send(self, backlog: OutboxContents) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _joined() -> tuple[Stage, Client]:
    """A hub and its one client."""
    stage = Stage()
    return stage, stage.commands.join(options_in_query(""), Deaf())


class Wire:
    """The server's end of a connection on which a client has sent some bytes and then closed."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = data, step
        self.is_closing = False

    def recv(self, size: int) -> bytes:
        size = min(size, self._step)
        data, self._data = self._data[:size], self._data[size:]
        return data

    def receive_skipping_pongs(self, size: int, on_pong: Callable[[], None]) -> bytes:
        return self.recv(size)

    def send(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        """Do nothing."""


def _frames() -> Callable[[bytes], None]:
    """Receive frames; the first byte says how many bytes arrive at once."""
    stage, client = _joined()

    def receive(data: bytes) -> None:
        wire = Wire(data[1:], (data[0] if data else 0) or 65_536)
        ws = Server(
            environ(wire),
            ping_interval=None,
            max_message_size=INBOUND_LIMIT,
            thread_class=NoThread,
            event_class=Event,
        )
        listen(ws, partial(_answer, ws, partial(stage.commands.answer, client)))
        stage.received(client)

    return receive


def _command() -> Callable[[bytes], None]:
    stage, client = _joined()

    def answer(data: bytes) -> None:
        stage.received(client)
        for text in (data.decode(errors="replace"), data):
            stage.commands.answer(client, text)
        assert {message["type"] for message in stage.received(client)} & {"error", "pong", "subscribed"}

    return answer


def _packets() -> Callable[[bytes], None]:
    """Post packets to a session by polling, as clients without a WebSocket do."""
    app = create_app(Settings(data_dir=""), FakeClock())
    client = app.test_client(use_cookies=False)
    path = "/socket.io/?EIO=4&transport=polling"
    logging.getLogger("analytics.socketio").setLevel(logging.CRITICAL)
    sid, posted = "", 0

    def post(data: bytes) -> None:
        nonlocal sid, posted
        if not sid:
            sid = client.get(path).text.partition('"sid":"')[2].partition('"')[0]
        posted += 1
        for body in (data, b"1") if posted % 20 == 0 else (data,):  # 1 closes the session, whose answers nobody fetches
            answer = client.post(f"{path}&sid={sid}", data=body, content_type="text/plain")
            assert answer.status_code in (200, 400, 422), answer.text
            if answer.status_code != 200 or body == b"1":
                sid = ""
                break
        gevent.sleep(0)

    return post
