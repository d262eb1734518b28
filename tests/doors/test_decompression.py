"""Decompression of bodies: complete, within the limit, or refused."""

import gzip
import random
import sys
import zlib
from collections.abc import Callable

import gevent
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from analytics.doors.decompression import BYTES_PER_YIELD, ZSTD_INPUT, ZSTD_WINDOW
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ENCODINGS
from analytics.errors import MalformedBody, TooLarge, UnsupportedMedia

Compress = Callable[[bytes], bytes]
LIMITS = BodyLimits(100_000, 4)
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
"""A skippable zstd frame (RFC 8878, 3.1.2)."""


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def stored_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(0, wbits=-15)
    return packer.compress(data) + packer.flush()


def streamed_zstd(data: bytes) -> bytes:
    """A frame without a content size."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return packer.compress(data) + packer.flush()


WAYS: list[tuple[str, Compress]] = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", lambda data: zlib.compress(data, 9)),
    ("deflate", raw_deflate),
    ("deflate", stored_deflate),
    ("zstd", zstandard.compress),
    ("zstd", lambda data: zstandard.compress(data, 19)),
    ("zstd", streamed_zstd),
]
each_way = pytest.mark.parametrize(
    ("encoding", "compress"),
    WAYS,
    ids=["gzip", "zlib", "zlib 9", "raw deflate", "stored deflate", "zstd", "zstd 19", "streamed zstd"],
)
ONE_AFTER_ANOTHER = pytest.mark.parametrize(
    ("encoding", "compress", "part"), [("gzip", gzip.compress, "members"), ("zstd", zstandard.compress, "frames")]
)


def decompressed(encoding: str, data: bytes, limits: BodyLimits = LIMITS) -> bytes:
    return ENCODINGS[encoding](data, limits)


@each_way
@given(data=st.one_of(st.binary(max_size=2_000), st.binary(max_size=20).map(lambda part: part * 3_000)))
def test_a_compressed_body_is_decompressed(encoding: str, compress: Compress, data: bytes) -> None:
    assert decompressed(encoding, compress(data)) == data


@each_way
@pytest.mark.parametrize("size", [BYTES_PER_YIELD - 1, BYTES_PER_YIELD, BYTES_PER_YIELD + 1, 3 * BYTES_PER_YIELD + 300])
def test_a_large_body_is_restored_in_steps_between_which_others_run(
    encoding: str, compress: Compress, size: int
) -> None:
    turns: list[None] = []

    def other() -> None:
        while True:
            gevent.sleep(0)
            turns.append(None)

    running = gevent.spawn(other)
    for data in (bytes(size), random.Random(size).randbytes(size)):
        turns.clear()
        assert decompressed(encoding, compress(data), BodyLimits(4 * BYTES_PER_YIELD)) == data
        assert size == BYTES_PER_YIELD or bool(turns) == (size > BYTES_PER_YIELD)
    running.kill()


@each_way
def test_a_body_at_the_limit_is_decompressed_and_a_larger_one_refused(encoding: str, compress: Compress) -> None:
    assert decompressed(encoding, compress(bytes(LIMITS.size))) == bytes(LIMITS.size)
    with pytest.raises(TooLarge):
        decompressed(encoding, compress(bytes(LIMITS.size + 1)))


@each_way
def test_a_bomb_is_too_large(encoding: str, compress: Compress) -> None:
    with pytest.raises(TooLarge):
        decompressed(encoding, compress(bytes(64 * 1024 * 1024)))


@each_way
def test_a_truncated_body_is_malformed(encoding: str, compress: Compress) -> None:
    whole = compress(bytes(range(256)) * 4)
    for end in range(1, len(whole)):
        with pytest.raises(MalformedBody) as refused:
            decompressed(encoding, whole[:end])
        assert refused.value.code == f"malformed_{encoding}"


@each_way
def test_trailing_bytes_are_malformed(encoding: str, compress: Compress) -> None:
    with pytest.raises(MalformedBody):
        decompressed(encoding, compress(b"[]") + b"x")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("data", [b"[]", b"x", b"\xff" * 300, b"\x78\x9c", b"\x28\xb5\x2f\xfd"])
def test_a_body_of_another_format_is_malformed(encoding: str, data: bytes) -> None:
    with pytest.raises(MalformedBody):
        decompressed(encoding, data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_empty_body_is_empty(encoding: str) -> None:
    assert decompressed(encoding, b"") == b""


@ONE_AFTER_ANOTHER
def test_several_parts_are_decompressed_up_to_a_number(encoding: str, compress: Compress, part: str) -> None:
    assert decompressed(encoding, compress(b"ab") + compress(b"") + compress(b"c" * 999)) == b"ab" + b"c" * 999
    assert decompressed(encoding, compress(b"ab") * LIMITS.members) == b"ab" * LIMITS.members
    with pytest.raises(MalformedBody, match=f"more than {LIMITS.members} {part}"):
        decompressed(encoding, compress(b"ab") * (LIMITS.members + 1))


@ONE_AFTER_ANOTHER
def test_the_limit_holds_for_all_parts_together(encoding: str, compress: Compress, part: str) -> None:
    half = compress(bytes(LIMITS.size // 2))
    assert len(decompressed(encoding, half * 2)) == LIMITS.size
    with pytest.raises(TooLarge):
        decompressed(encoding, half * 2 + compress(b"x"))


@pytest.mark.parametrize("size", [ZSTD_INPUT - 1, ZSTD_INPUT, ZSTD_INPUT + 1])
def test_a_zstd_frame_may_end_anywhere_in_a_piece(size: int) -> None:
    for content in range(size - 20, size):
        frame = streamed_zstd(bytes(n * n % 251 for n in range(content)))
        assert len(decompressed("zstd", frame + frame)) == 2 * content


def test_skippable_zstd_frames_are_skipped() -> None:
    assert decompressed("zstd", SKIPPABLE + zstandard.compress(b"[]") + SKIPPABLE) == b"[]"


def test_a_zstd_window_larger_than_http_allows_is_malformed() -> None:
    for window, is_allowed in ((ZSTD_WINDOW.bit_length() - 1, True), (ZSTD_WINDOW.bit_length(), False)):
        parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=window)
        packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        body = packer.compress(b"[]") + packer.flush()
        if is_allowed:
            assert decompressed("zstd", body) == b"[]"
        else:
            with pytest.raises(MalformedBody):
                decompressed("zstd", body)


def test_without_zstandard_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UnsupportedMedia, match=r"analytics-dashboard\[zstd\].*gzip"):
        decompressed("zstd", zstandard.compress(b"[]"))
