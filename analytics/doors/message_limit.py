"""Limits the messages inside a request in Protocol Buffers, before all of them are made at once."""

from collections.abc import Sequence

from analytics.errors import TooLarge
from analytics.yielding import yield_if_due

LARGE = 1024 * 1024
"""Bytes of a large request: in a smaller one are too few messages to matter."""
MOST_FIELDS = 500_000
"""Fields of the messages along a path, counted in about 0.5 s while others run; large requests may have more."""
BYTES_OF_FIELD = 8
"""Each has so many bytes, at least, in a request of a real sender: a small metric of one number is five of them."""
FIELDS_PER_PAUSE = 1_024
RECORDS = ((1,), (2,), (2,))
"""The numbers of the fields that lead to spans or log records in a request of OTLP."""
DATA_POINTS = (*RECORDS, (5, 7, 9, 10, 11), (1,))
"""The same for data points: the metrics have them by kind."""
PUSHED = ((1,), (2,))
"""The same for lines in a push of Loki."""
BYTES = 2
Path = Sequence[Sequence[int]]


def check_messages(data: bytes, path: Path) -> None:
    """Refuse a large request whose messages along a path have too many fields: these messages, and others beside them.

    A request that is malformed passes: its decoder says so.

    Raises:
        TooLarge: these are too many.
    """
    most = max(MOST_FIELDS, len(data) // BYTES_OF_FIELD)
    if len(data) >= LARGE and _rest(data, 0, len(data), path, most) < 0:
        raise TooLarge(f"The request has more than {most} messages; send smaller ones.", code="batch_too_large")


def _rest(data: bytes, at: int, end: int, path: Path, rest: int) -> int:
    """What is left of the fields that are allowed after those from one place to another; negative if nothing is."""
    tags, deeper = [number << 3 | BYTES for number in path[0]], path[1:]
    while at < end and rest >= 0:
        rest -= 1
        if not rest % FIELDS_PER_PAUSE:
            yield_if_due()
        tag, at = _varint(data, at, end)
        kind = tag & 7
        if kind == BYTES:
            size, at = _varint(data, at, end)
            if deeper and size and tag in tags:
                rest = _rest(data, at, min(end, at + size), deeper, rest)
            at += size
        elif kind == 0:
            _, at = _varint(data, at, end)
        else:
            at += 8 if kind == 1 else 4
    return rest


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The variable-length integer at a place, and the place after it."""
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80 or shift > 56:
            break
        shift += 7
    return value, at
