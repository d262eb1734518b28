"""The error codes: what each means, and which of them reads and writes answer."""

from collections.abc import Mapping

PROBLEMS: Mapping[int, Mapping[str, str]] = {
    400: {
        "malformed_json": "The body, or an item of the batch, is not valid JSON.",
        "malformed_gzip": "The body is not the gzip that its Content-Encoding says.",
        "malformed_deflate": "The body is not the deflate that its Content-Encoding says.",
        "malformed_zstd": "The body is not the zstd that its Content-Encoding says.",
        "incomplete_body": "The body ended before it was complete.",
        "malformed_chunks": "The chunked body is not framed as it must be.",
        "empty_body": "The body is empty.",
        "bad_request": "The path does not understand such a request: it wants a WebSocket, say.",
        "bad_handshake": "What claims to become a WebSocket lacks a part of the handshake.",
        "empty_batch": "The batch has no items.",
        "nested_too_deeply": "The JSON of the body, or of an item of the batch, is nested too deeply to be read.",
        "nothing_accepted": "No item of the batch could be recorded; the receipt says why.",
    },
    403: {"origin_not_allowed": "Pages of this origin may not connect live; see ANALYTICS_CORS_ORIGINS."},
    404: {
        "not_found": "There is nothing at this path.",
        "unknown_service": "No service of that name was ever seen.",
        "unknown_series": "No such metric was ever seen.",
        "unknown_resource": "There is no resource of that name.",
    },
    405: {"method_not_allowed": "This path has other methods; the Allow header names them."},
    408: {"body_timeout": "The body did not arrive in time."},
    409: {"from_file": "The resource comes from a configuration file, and can be changed there alone."},
    412: {"precondition_failed": "The resource does not have the version that If-Match or If-None-Match asks for."},
    413: {
        "body_too_large": "The body is larger than the limit, after decompression.",
        "batch_too_large": "The batch has more items than are taken at once.",
    },
    415: {"unsupported_media_type": "The Content-Type or Content-Encoding is not one that is read."},
    422: {
        "validation_failed": "Something well-formed says what is not allowed; `fields` names it.",
        "timestamp_in_future": "The timestamp is more than 5 minutes ahead.",
        "timestamp_too_old": "The timestamp lies before the oldest day that is kept.",
        "negative_value": "requests, errors and latency cannot be negative.",
        "reserved_name": "The name `events` is taken by the count of events.",
        "too_many_services": "There is no room for another service.",
        "too_many_instances": "There is no room for another instance of this service.",
        "too_many_series": "There is no room for another series.",
        "end_before_time": "The end lies before the time.",
        "collection_full": "There is no room for another resource in this collection.",
    },
    503: {
        "unavailable": "The journal cannot be written now, or what was kept is still being read; see Retry-After.",
        "too_many_sessions": "There is no room for another Socket.IO session now.",
    },
}
"""What each error code means, by status."""

Codes = Mapping[int, tuple[str, ...]]

READ: Codes = {405: ("method_not_allowed",), 422: ("validation_failed",), 503: ("unavailable",)}
DOCUMENT: Codes = {405: ("method_not_allowed",), 503: ("unavailable",)}
ONE_BODY: Codes = {
    400: (
        "malformed_json",
        "malformed_gzip",
        "malformed_deflate",
        "malformed_zstd",
        "malformed_chunks",
        "incomplete_body",
        "empty_body",
        "nested_too_deeply",
    ),
    405: ("method_not_allowed",),
    408: ("body_timeout",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("validation_failed", "too_many_services"),
    503: ("unavailable",),
}
HEARTBEATS: Codes = {**ONE_BODY, 422: (*ONE_BODY[422], "too_many_instances")}
PINGS: Codes = {404: ("not_found",), 405: ("method_not_allowed",), 422: HEARTBEATS[422], 503: ("unavailable",)}
BATCHES: Codes = {
    **ONE_BODY,
    400: (*ONE_BODY[400], "empty_batch"),
    413: ("body_too_large", "batch_too_large"),
}
RESOURCE: Codes = {404: ("unknown_resource", "not_found"), **READ}
WRITES: Codes = {409: ("from_file",), 412: ("precondition_failed",)}
TIMES = ("timestamp_in_future", "timestamp_too_old")
