"""Decompresses request bodies, up to the size limit; yields to other requests after each `BYTES_PER_YIELD` bytes."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

from analytics.doors.limits import BodyLimits
from analytics.errors import MalformedBody, UnsupportedMedia
from analytics.yielding import yield_to_others

Decompress = Callable[[bytes, BodyLimits], bytes]
"""Returns the decompressed body. Raises TooLarge beyond the limit, and MalformedBody for invalid or truncated data."""


class Encoding(NamedTuple):
    """A content encoding, and the error code for a body that is not valid in it."""

    name: str
    code: str

    def malformed(self, problem: str) -> MalformedBody:
        """Error for a body with `problem`, such as "ends early"."""
        return MalformedBody(f"The {self.name} body {problem}.", code=self.code)


GZIP = Encoding("gzip", code="malformed_gzip")
DEFLATE = Encoding("deflate", code="malformed_deflate")
ZSTD = Encoding("zstd", code="malformed_zstd")
GZIP_FORMAT, ZLIB_FORMAT, RAW_FORMAT = 31, 15, -15
"""Values of zlib's `wbits`, which select the format."""
BYTES_PER_YIELD = 1024 * 1024
ZSTD_WINDOW = 8 * 1024 * 1024
"""Largest window, in bytes, that `Content-Encoding: zstd` allows (RFC 9659)."""
ZSTD_INPUT = 256
"""Compressed bytes fed to the decoder at once. The decoder has no output limit, and 4 bytes can expand to 128 KiB."""
ZSTD_OUTPUT = 32 * 1024


def inflate_gzip(data: bytes, limits: BodyLimits) -> bytes:
    """Decompress gzip (RFC 1952) of one or more members."""
    inflated = bytearray()
    for _ in range(limits.members):
        if not data:
            break
        data = _inflate(data, GZIP_FORMAT, inflated, limits, GZIP)
    if data:
        raise GZIP.malformed(f"has more than {limits.members} members")
    return bytes(inflated)


def inflate_deflate(data: bytes, limits: BodyLimits) -> bytes:
    """Decompress deflate: the zlib format (RFC 1950) that HTTP specifies, or raw (RFC 1951) as some clients send it."""
    if not data:
        return data
    inflated = bytearray()
    # a zlib header; raw deflate starts like this only if its padding is not zero
    is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
    if _inflate(data, ZLIB_FORMAT if is_zlib else RAW_FORMAT, inflated, limits, DEFLATE):
        raise DEFLATE.malformed("has data after its end")
    return bytes(inflated)


def inflate_zstd(data: bytes, limits: BodyLimits) -> bytes:
    """Decompress zstd (RFC 8878) of one or more frames.

    Raises:
        UnsupportedMedia: `zstandard` is not installed.
    """
    try:
        from zstandard import ZstdDecompressor, ZstdError
    except ImportError:
        raise UnsupportedMedia(
            "Content-Encoding 'zstd' is not supported here, because zstandard is not installed "
            "(pip install 'analytics-dashboard[zstd]'); send gzip, deflate, or none."
        ) from None
    decompressor = ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    inflated, place = bytearray(), 0
    try:
        for _ in range(limits.members):
            if place >= len(data):
                break
            frame = decompressor.decompressobj(write_size=ZSTD_OUTPUT)
            while not frame.eof and place < len(data):
                chunk = data[place : place + ZSTD_INPUT]
                before = len(inflated)
                inflated += frame.decompress(chunk)
                limits.check(len(inflated))
                if len(inflated) // BYTES_PER_YIELD > before // BYTES_PER_YIELD:
                    yield_to_others()
                place += len(chunk) - len(frame.unused_data)
            if not frame.eof:
                raise ZSTD.malformed("ends early")
    except ZstdError as error:
        raise ZSTD.malformed(f"is not valid: {error}") from None
    if place < len(data):
        raise ZSTD.malformed(f"has more than {limits.members} frames")
    return bytes(inflated)


def _inflate(data: bytes, format_: int, inflated: bytearray, limits: BodyLimits, encoding: Encoding) -> bytes:
    """Append the content of one stream to `inflated`, and return the bytes after the stream."""
    stream = zlib.decompressobj(wbits=format_)
    while True:
        most = min(BYTES_PER_YIELD, limits.size + 1 - len(inflated))
        try:
            part = stream.decompress(data, most)
        except zlib.error as error:
            raise encoding.malformed(f"is not valid: {error}") from None
        inflated += part
        limits.check(len(inflated))
        if stream.eof or len(part) < most:
            break
        data = stream.unconsumed_tail  # may be empty although there is more to come
        yield_to_others()
    if not stream.eof:
        raise encoding.malformed("ends early")
    return stream.unused_data
