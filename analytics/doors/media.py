"""Content types and content encodings of request bodies.

Limits of a single record, such as the size and depth of an event's `data`, belong to its schema: `schemas.fields`.
"""

from collections.abc import Mapping

from analytics.doors.decompression import Decompress, inflate_deflate, inflate_gzip, inflate_zstd
from analytics.doors.snappy import inflate_snappy

JSON_TYPE = "application/json"
BEACON_TYPE = "text/plain"
"""JSON sent by `navigator.sendBeacon`, which needs no CORS preflight for this content type."""
LINES_TYPE = "application/x-ndjson"
ONE_RECORD = (JSON_TYPE, BEACON_TYPE)
MANY_RECORDS = (JSON_TYPE, LINES_TYPE, BEACON_TYPE)
ANY_TYPE: tuple[str, ...] = ("*/*",)
"""Every content type, also none."""

ENCODINGS: Mapping[str, Decompress] = {
    "gzip": inflate_gzip,
    "deflate": inflate_deflate,
    "zstd": inflate_zstd,
}
"""Content encodings that every door supports.

A door adds those that only its protocol needs, such as snappy.
"""
WITH_SNAPPY: Mapping[str, Decompress] = {"snappy": inflate_snappy, **ENCODINGS}
"""Content encodings of Prometheus' protocols."""
