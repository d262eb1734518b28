"""Stored bodies: what is packed is unpacked again, and damaged ones are refused."""

import tracemalloc

import pytest

from analytics.log.disk.packing import LZ4, MAX_RATIO, SIZE_BYTES, WORTH_BYTES, packed, unpacked


@pytest.mark.parametrize("body", [b"", b"a", b"a" * WORTH_BYTES, bytes(10 * 1024 * 1024)])
def test_what_is_packed_is_unpacked(body: bytes) -> None:
    assert unpacked(packed(body)) == body


@pytest.mark.parametrize(
    "stored", [b"", b"\2abc", LZ4, LZ4 + b"abc", LZ4 + (5).to_bytes(SIZE_BYTES, "little") + b"\xff" * 9]
)
def test_a_damaged_body_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"form|size|orrupt|long"):
        unpacked(stored)


def test_an_impossible_size_allocates_no_memory() -> None:
    stored = LZ4 + (2**31 - 1).to_bytes(SIZE_BYTES, "little") + bytes(1000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="not as long as it says"):
            unpacked(stored)
        assert tracemalloc.get_traced_memory()[1] < MAX_RATIO * len(stored)
    finally:
        tracemalloc.stop()
