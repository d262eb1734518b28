"""Snappy blocks: their limit, and damaged ones."""

import pytest
from cramjam import snappy

from analytics.doors.limits import BodyLimits
from analytics.doors.snappy import inflate_snappy
from analytics.errors import MalformedBody, TooLarge

LIMITS = BodyLimits(10_000)


def packed(data: bytes) -> bytes:
    return bytes(snappy.compress_raw(data))


def test_a_block_is_decompressed_up_to_the_limit() -> None:
    assert inflate_snappy(packed(b"ab" * 5_000), LIMITS) == b"ab" * 5_000
    with pytest.raises(TooLarge):
        inflate_snappy(packed(b"ab" * 5_001), LIMITS)


def test_a_block_that_says_it_is_huge_is_refused_by_its_first_bytes() -> None:
    with pytest.raises(TooLarge):
        inflate_snappy(b"\xff\xff\xff\xff\x0f", LIMITS)


DAMAGED = {
    "nothing": b"",
    "half of a block": packed(b"abcd" * 1_000)[:20],
    "a block without its end": packed(bytes(range(256)))[:-1],
    "the framing format": b"\xff\x06\x00\x00sNaPpY",
    "JSON": b'{"a":1}',
    "a length without end": b"\x80" * 11,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_block_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBody) as refused:
        inflate_snappy(data, LIMITS)
    assert refused.value.code == "malformed_snappy"
