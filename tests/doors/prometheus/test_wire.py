"""The wire format of Protocol Buffers, compared with the protobuf package, and damaged messages."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.prometheus.wire import MalformedProtobuf, fields, varint
from tests.doors.prometheus.messages import WriteRequest, message, series

DAMAGED = {
    "a number without end": b"\x08\xff",
    "a long number": b"\x08" + b"\xff" * 10 + b"\x01",
    "a text that is cut off": b"\x0a\x05ab",
    "a length beyond all": b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "a double that is cut off": b"\x09\0\0",
    "field 0": b"\x02\x00",
    "a group": b"\x0b\x0c",
    "an unknown wire type": b"\x0f",
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_messages_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedProtobuf):
        list(fields(data))


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_every_number_is_read_to_its_end(value: int, before: bytes) -> None:
    data, rest = bytearray(before), value
    while rest > 0x7F:
        data.append(rest & 0x7F | 0x80)
        rest >>= 7
    data.append(rest)
    assert varint(bytes(data) + b"\xff", len(before)) == (value, len(data))


@given(st.binary(max_size=40))
def test_what_is_read_is_what_the_protobuf_package_reads(data: bytes) -> None:
    try:
        WriteRequest.FromString(data)
    except DecodeError:
        return
    try:
        list(fields(data))
    except MalformedProtobuf as error:
        assert "unknown wire type" in error.message, "groups alone, which nobody sends"  # noqa: PT017


def test_fields_say_where_they_end() -> None:
    data = message(series({"a": "1"}, 2.5)) + b"\x18\x96\x01"
    found = list(fields(data))
    assert [(field.number, field.integer, field.end) for field in found] == [(1, 0, len(data) - 3), (3, 150, len(data))]
