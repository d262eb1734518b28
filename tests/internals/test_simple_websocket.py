"""The private parts of simple-websocket that the service relies on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simple_websocket import ConnectionClosed, Server
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

from analytics.internals.simple_websocket import (
    SOCKET_KEYS,
    NoThread,
    listen,
    replace_socket,
    socket_of,
    take_pong,
)
from tests.internals.websockets import Pair, environ


class Socket:
    """The server's end of a connection, as `listen` needs it."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.is_closing = False
        self.is_closed = False

    def receive_skipping_pongs(self, size: int, on_pong: Callable[[], None]) -> bytes:
        on_pong()
        return self.recv(size)

    def recv(self, size: int) -> bytes:
        data: bytes = self._sock.recv(size)
        return data

    def send(self, data: bytes) -> int:
        self._sock.sendall(data)
        return len(data)

    def close(self) -> None:
        self.is_closed = True


class Connected(Pair):
    """A WebSocket without a thread, whose handshake is done."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.sock = Socket(self.ours)
        self.ws = Server(environ(self.sock), thread_class=NoThread, **options)
        self.read_response()

    def handle(self, data: bytes) -> bool:
        self.ws.ws.receive_data(data)
        goes_on: bool = self.ws._handle_events()
        return goes_on


@pytest.fixture
def pair() -> Iterator[Connected]:
    with Connected() as pair:
        yield pair


def test_the_socket_is_the_first_that_the_environ_has() -> None:
    for keys in (SOCKET_KEYS, SOCKET_KEYS[1:]):
        with Pair() as pair:
            wrapped = Socket(pair.ours)
            given: dict[str, Any] = environ(pair.ours, keys[0], **{key: object() for key in keys[1:]})
            assert replace_socket(given, lambda sock, wrapped=wrapped: wrapped) is wrapped  # type: ignore[misc]
            assert socket_of(given) is wrapped
            assert Server(given, thread_class=NoThread).sock is wrapped
    assert socket_of({}) is None


def test_the_thread_is_made_and_started_by_its_class_alone(pair: Connected) -> None:
    assert isinstance(pair.ws.thread, NoThread)
    pair.send(TextMessage(data="hello"))
    assert pair.ws.input_buffer == []
    assert (pair.ws.connected, pair.ws.receive_bytes, pair.ws.pong_received) == (True, 4096, True)


def test_events_are_handled_into_the_input_buffer_and_answers(pair: Connected) -> None:
    parts = [TextMessage(data="a", message_finished=False), TextMessage(data="b"), BytesMessage(data=b"c")]
    assert pair.handle(pair.encode(Ping(payload=b"p"), *parts))
    assert pair.ws.input_buffer == ["ab", b"c"]
    assert pair.receive() == [Pong(payload=b"p")]


def test_a_pong_is_noted_and_taken_once(pair: Connected) -> None:
    assert [take_pong(pair.ws), take_pong(pair.ws)] == [True, False]
    assert pair.handle(pair.encode(Pong()))
    assert [take_pong(pair.ws), take_pong(pair.ws)] == [True, False]


def test_handling_a_close_answers_it_and_returns_false(pair: Connected) -> None:
    assert not pair.handle(pair.encode(CloseConnection(1000)))
    assert not pair.ws.connected
    assert pair.receive() == [CloseConnection(1000, "")]


def test_a_message_above_the_limit_is_answered_with_a_close() -> None:
    with Connected(max_message_size=10) as pair:
        assert not pair.handle(pair.encode(TextMessage(data="x" * 11)))
        (close,) = pair.receive()
        assert close.code == CloseReason.MESSAGE_TOO_BIG


def test_everything_is_sent_through_the_send_of_the_instance(pair: Connected) -> None:
    sent: list[Any] = []
    make = pair.ws.ws.send
    pair.ws.ws.send = lambda event: (sent.append(event), make(event))[1]
    pair.ws.send("hello")
    pair.handle(pair.encode(Ping()))
    pair.ws.close(1001, "bye")
    assert [type(event) for event in sent] == [TextMessage, Pong, CloseConnection]
    with pytest.raises(ConnectionClosed):
        pair.ws.close()


def test_listening_answers_messages_until_a_close() -> None:
    with Connected() as pair:
        pair.ws.pong_received = False
        messages = [TextMessage(data="a"), BytesMessage(data=b"b")]
        pair.send(*messages, Ping())
        received: list[str | bytes] = []

        def answer(message: str | bytes) -> None:
            received.append(message)
            if len(received) == 2:
                assert pair.receive() == [Pong()], "pings are answered first"
                assert not pair.sock.is_closing
                pair.send(CloseConnection(1000))

        listen(pair.ws, answer)
        assert received == ["a", b"b"]
        assert take_pong(pair.ws)
        assert (pair.sock.is_closing, pair.sock.is_closed, pair.ws.connected) == (True, True, False)


def test_listening_ends_when_the_connection_does() -> None:
    with Connected() as pair:
        pair.theirs.shutdown(1)
        listen(pair.ws, lambda _: None)
        assert (pair.sock.is_closing, pair.sock.is_closed, pair.ws.connected) == (False, True, False)
