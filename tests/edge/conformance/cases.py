"""Cases of the Autobahn suite that need no echo, by their numbers: what a client sends, and the expected reaction."""

from typing import NamedTuple

from tests.edge.frames import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame

RSV = 0x10
"""The lowest of the three reserved bits."""
NORMAL, PROTOCOL_ERROR, INVALID_PAYLOAD, NO_CODE = 1000, 1002, 1007, 0
HELLO = b"Hello, world!"
BYTES = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
GREEK = bytes.fromhex("cebae1bdb9cf83cebcceb5")
SURROGATE = b"\xed\xa0\x80"


class Case(NamedTuple):
    """Parts that a client sends, and the expected pongs, number of answers and close code.

    If `code` is None, nothing was wrong, and the client closes.
    """

    sent: list[bytes]
    pongs: tuple[bytes, ...] = ()
    answers: int = 0
    code: int | None = None


def octets(data: bytes) -> list[bytes]:
    """Each octet separately."""
    return [bytes((octet,)) for octet in data]


def text(payload: bytes = HELLO) -> bytes:
    return frame(payload)


def ping(payload: bytes = b"") -> bytes:
    return frame(payload, PING)


def fragments(*payloads: bytes) -> list[bytes]:
    """A text message in frames."""
    last = len(payloads) - 1
    return [
        frame(payload, CONTINUATION if place else TEXT, FIN if place == last else 0)
        for place, payload in enumerate(payloads)
    ]


def close(payload: bytes = b"") -> bytes:
    return frame(payload, CLOSE)


def close_with(code: int, reason: bytes = b"") -> bytes:
    return close(code.to_bytes(2, "big") + reason)


def refused(*sent: bytes, code: int = PROTOCOL_ERROR) -> Case:
    return Case(list(sent), code=code)


def closed(*sent: bytes, code: int = NORMAL) -> Case:
    return Case(list(sent), code=code)


TEN = tuple(b"payload-%d" % number for number in range(10))
LONGEST = b"\xfe" * 125
PINGS = {
    "2.1": Case([ping()], (b"",)),
    "2.2": Case([ping(HELLO)], (HELLO,)),
    "2.3": Case([ping(BYTES)], (BYTES,)),
    "2.4": Case([ping(LONGEST)], (LONGEST,)),
    "2.5": refused(ping(LONGEST + b"\xfe")),
    "2.6": Case(octets(ping(LONGEST)), (LONGEST,)),
    "2.7": Case([frame(b"", PONG)]),
    "2.8": Case([frame(b"unsolicited", PONG)]),
    "2.9": Case([frame(b"unsolicited", PONG), ping(b"ping")], (b"ping",)),
    "2.10": Case([ping(payload) for payload in TEN], TEN),
    "2.11": Case(octets(b"".join(map(ping, TEN))), TEN),
}

RESERVED_BITS = {
    "3.1": refused(frame(HELLO, TEXT, FIN | 1 * RSV)),
    "3.2": refused(text() + frame(HELLO, TEXT, FIN | 2 * RSV) + ping()),
    "3.3": refused(text(), frame(HELLO, TEXT, FIN | 3 * RSV) + ping()),
    "3.4": refused(*octets(text()), *octets(frame(HELLO, TEXT, FIN | 4 * RSV)[:2])),
    "3.5": refused(frame(BYTES, BINARY, FIN | 5 * RSV)),
    "3.6": refused(frame(HELLO, PING, FIN | 6 * RSV)),
    "3.7": refused(frame(b"", CLOSE, FIN | 7 * RSV)),
}

OPCODES: dict[str, Case] = {}
for group, first in ((1, 3), (2, 11)):
    OPCODES |= {
        f"4.{group}.1": refused(frame(b"", first)),
        f"4.{group}.2": refused(frame(b"reserved opcode", first + 1)),
        f"4.{group}.3": refused(text() + frame(b"", first + 2) + ping()),
        f"4.{group}.4": refused(text(), frame(HELLO, first + 3) + ping()),
        f"4.{group}.5": refused(*octets(text()), *octets(frame(HELLO, first + 4)[:2])),
    }

ONE, TWO = fragments(b"fragment1", b"fragment2")
STRAY = {bits: frame(b"non-continuation payload", CONTINUATION, bits) for bits in (FIN, 0)}
FRAGMENTATION = {
    "5.1": refused(frame(b"fragment1", PING, 0) + frame(b"fragment2", CONTINUATION)),
    "5.2": refused(frame(b"fragment1", PONG, 0) + frame(b"fragment2", CONTINUATION)),
    "5.3": Case([ONE + TWO], answers=1),
    "5.4": Case([ONE, TWO], answers=1),
    "5.5": Case(octets(ONE + TWO), answers=1),
    "5.6": Case([ONE + ping(HELLO) + TWO], (HELLO,), 1),
    "5.7": Case([ONE, ping(HELLO), TWO], (HELLO,), 1),
    "5.8": Case(octets(ONE + ping(HELLO) + TWO), (HELLO,), 1),
    "5.9": refused(STRAY[FIN] + text()),
    "5.10": refused(STRAY[FIN]),
    "5.11": refused(*octets(STRAY[FIN])[:7]),
    "5.12": refused(STRAY[0] + text()),
    "5.13": refused(STRAY[0]),
    "5.14": refused(*octets(STRAY[0])[:7]),
    "5.15": refused(ONE + TWO + frame(b"fragment3", CONTINUATION, 0) + text(b"fragment4")),
    "5.16": refused((frame(b"fragment1", CONTINUATION, 0) + ONE + TWO) * 2),
    "5.17": refused((frame(b"fragment1", CONTINUATION) + ONE + TWO) * 2),
    "5.18": refused(ONE + frame(b"fragment2", TEXT)),
}

ALLOWED_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
FORBIDDEN_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)
CLOSING = {
    "7.1.1": Case([text()], answers=1),
    "7.1.2": closed(close_with(NORMAL) * 2),
    "7.1.3": closed(close_with(NORMAL) + ping()),
    "7.1.4": closed(close_with(NORMAL) + text()),
    "7.1.5": closed(ONE + close_with(NORMAL) + TWO),
    "7.3.1": closed(close(), code=NO_CODE),
    "7.3.2": refused(close(b"a")),
    "7.3.3": closed(close_with(NORMAL)),
    "7.3.4": closed(close_with(NORMAL, b"Hello World!")),
    "7.3.5": closed(close_with(NORMAL, b"*" * 123)),
    "7.3.6": refused(close_with(NORMAL, b"*" * 124)),
    "7.5.1": refused(close_with(NORMAL, GREEK + SURROGATE + b"edited"), code=INVALID_PAYLOAD),
    **{f"7.7.{number}": closed(close_with(code), code=code) for number, code in enumerate(ALLOWED_CODES, 1)},
    **{f"7.9.{number}": refused(close_with(code)) for number, code in enumerate(FORBIDDEN_CODES, 1)},
}
