"""Decompresses bodies in Snappy's block format, which Prometheus' remote write and Loki use."""

from analytics.doors.decompression import Encoding
from analytics.doors.limits import BodyLimits

SNAPPY = Encoding("snappy", code="malformed_snappy")


def inflate_snappy(data: bytes, limits: BodyLimits) -> bytes:
    """Decompress a Snappy block; memory is reserved only if the length that it begins with is within the limits.

    Source: github.com/google/snappy/blob/main/format_description.txt
    """
    from cramjam import DecompressionError, snappy  # with the first block: the package takes 2 MB

    try:
        limits.check(snappy.decompress_raw_len(data))
        return bytes(snappy.decompress_raw(data))
    except DecompressionError:
        raise SNAPPY.malformed("is not a valid block of the Snappy format") from None
