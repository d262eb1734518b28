"""What request bodies may be: their content types, content encodings and limits.

The limits of one record, such as the size and depth of an event's `data`, are part of its schema: `schemas.fields`.
"""

from collections.abc import Mapping

from analytics.doors.decompression import Decompress, inflate_deflate, inflate_gzip, inflate_zstd

JSON_TYPE = "application/json"
BEACON_TYPE = "text/plain"
"""Content type of JSON that `navigator.sendBeacon` sends without a preflight."""
LINES_TYPE = "application/x-ndjson"
ONE_RECORD = (JSON_TYPE, BEACON_TYPE)
MANY_RECORDS = (JSON_TYPE, LINES_TYPE, BEACON_TYPE)

ENCODINGS: Mapping[str, Decompress] = {
    "gzip": inflate_gzip,
    "deflate": inflate_deflate,
    "zstd": inflate_zstd,
}
"""Content encodings that every door reads.

One that a single protocol needs (snappy for Prometheus' remote write) joins in that door: `{**ENCODINGS, "snappy": …}`.
"""
