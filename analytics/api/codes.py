"""Error codes: the meaning of each, and the codes that each kind of operation answers with."""

from collections.abc import Mapping

PROBLEMS: Mapping[int, Mapping[str, str]] = {
    400: {
        "malformed_json": "The body or an item of the batch is not valid JSON.",
        "malformed_gzip": "Content-Encoding is `gzip`, but the body is not valid gzip.",
        "malformed_deflate": "Content-Encoding is `deflate`, but the body is not valid deflate.",
        "malformed_zstd": "Content-Encoding is `zstd`, but the body is not valid zstd.",
        "malformed_snappy": "Content-Encoding is `snappy`, but the body is not a valid block of it.",
        "malformed_protobuf": "The body is not the expected message in Protocol Buffers.",
        "malformed_yaml": "The body is not YAML as it is read here, or not one group of rules.",
        "malformed_line": "A line is not in the format that the path is for.",
        "malformed_span": "A span has ids or attributes that are not valid.",
        "malformed_log_record": "A log record has attributes or a body that are not valid.",
        "malformed_stream": "The labels of a stream are not in the format of Loki.",
        "malformed_point": "A data point is not valid, or of a kind that is not supported.",
        "query_refused": "The query is not exactly one SELECT, or uses what is not allowed; the message names it.",
        "query_failed": "The query names something that does not exist, or failed on a value; the message says which.",
        "bad_parameter": "A parameter of the query has a value that the path does not know.",
        "invalid_grouping": "The path of a push is not a job followed by names and values of labels.",
        "too_many_groups": "The limit of groups of pushed metrics, or of their series, is reached.",
        "incomplete_body": "The connection ended before the whole body arrived.",
        "malformed_chunks": "The chunked transfer encoding of the body is invalid.",
        "empty_body": "The body is empty.",
        "bad_request": "The request is not valid for this path; for example, the path only accepts WebSockets.",
        "bad_handshake": "The WebSocket handshake is incomplete.",
        "empty_batch": "The batch has no items.",
        "nested_too_deeply": "The JSON of the body or of an item of the batch is nested too deeply.",
        "too_many_values": "The JSON of the body or of an item of the batch has too many values.",
        "timestamp_in_future": "A time is more than 5 minutes ahead.",
        "timestamp_too_old": "A time is older than the retention of daily statistics.",
        "too_many_series": "The limit of series is reached.",
        "too_many_services": "The limit of services is reached.",
        "bad_data": "A query is not valid or uses what is left out, or a parameter is missing or invalid.",
        "user_erased": "The events of this user were erased, and are not brought back.",
        "nothing_accepted": "No item of the batch was recorded; `errors` in the receipt says why.",
    },
    401: {
        "unauthorized": "Keys are required, and the request has none, or its header is malformed.",
        "unknown_key": "The key is unknown; it may have been revoked.",
        "key_expired": "The key has expired.",
        "key_in_url": "The key must not stand in a URL.",
    },
    403: {
        "missing_scope": "The key lacks the scope that the message names.",
        "origin_not_allowed": "Pages of this origin may not do this; see ANALYTICS_CORS_ORIGINS, or the key's origins.",
        "service_not_allowed": "The key is bound to other services.",
        "type_not_allowed": "The key is bound to other event types.",
        "too_many_new_names": "The key may not create another service, event type or series.",
        "cross_site_request": "A page of another site tried to act for a person, or to manage an open service.",
        "no_role": "The person that the proxy names has none of the groups that may use the service.",
    },
    404: {
        "not_found": "No such path.",
        "unknown_service": "No data from a service with this name.",
        "unknown_trace": "No span of this trace is kept.",
        "unknown_series": "No data for a metric with this name.",
        "unknown_resource": "No resource with this name.",
        "unknown_line": "No log line with this id; it may be no longer kept.",
        "no_status_page": "There is no status page; a resource switches it on.",
        "no_store": "The service keeps no long-term store; its settings say so.",
    },
    405: {
        "method_not_allowed": "The path does not support this method; the Allow header lists those that it supports."
    },
    408: {"body_timeout": "The body arrived too slowly."},
    409: {
        "from_file": "The resource comes from a configuration file, and can be changed there alone.",
        "last_admin_key": "The last admin key cannot be revoked, as the service would be open to everybody then.",
    },
    412: {"precondition_failed": "The resource does not have the version that If-Match or If-None-Match asks for."},
    413: {
        "body_too_large": "The body, after decompression, is larger than the limit.",
        "batch_too_large": "The batch has more items than the limit.",
    },
    415: {"unsupported_media_type": "The Content-Type or Content-Encoding is not supported."},
    422: {
        "validation_failed": "A field or parameter is missing, unknown or invalid; `fields` says which and why.",
        "timestamp_in_future": "The time is more than 5 minutes ahead; of an annotation, more than 5 years.",
        "timestamp_too_old": "The time is older than the retention of daily statistics.",
        "negative_value": "`requests`, `errors` and `latency` must not be negative.",
        "reserved_name": "The metric name is reserved: `events`, and names of figures of endpoints.",
        "too_many_services": "The limit of services is reached.",
        "too_many_instances": "The limit of instances of this service is reached.",
        "too_many_series": "The limit of series is reached.",
        "not_finite": "A value is infinite, or that of a counter is not a number.",
        "unsupported_histogram": "A native histogram has custom buckets, may fall, or has counts that are none.",
        "kind_conflict": "A metric of that name has another kind already.",
        "invalid_labels": "The labels of a series are too many or too long, or one is given twice.",
        "figure_too_large": "A figure is larger than numbers of JSON; the message says how to leave such values out.",
        "query_too_large": "The query needs more memory or time than it may use; ask for less.",
        "end_before_time": "The end is before the time.",
        "scopes_of_bound_key": "A key that is bound to services, event types or origins can have `ingest` only.",
        "execution": "The data does not allow an answer to the query, or it exceeds a limit.",
        "collection_full": "The limit of resources in this collection is reached.",
    },
    429: {
        "rate_limited": "The sender exceeded its rate; try again after Retry-After.",
        "logs_rate": "The service exceeded its rate of log lines; try again after Retry-After.",
        "spans_rate": "The service exceeded its rate of spans; try again after Retry-After.",
        "too_many_live": "The limit of live connections of this address is reached; try again after Retry-After.",
    },
    503: {
        "timeout": "The query took longer than it may, or found no place to run in that time.",
        "unavailable": "The journal cannot be written now, or is still being replayed; try again after Retry-After.",
        "store_unavailable": "The long-term store cannot be read now; try again after Retry-After.",
        "query_timeout": "The query took longer than it may; ask for a shorter time.",
        "too_many_queries": "Too many others ask the long-term store; try again after Retry-After.",
        "too_many_exports": "The limit of exports at the same time is reached; try again after Retry-After.",
        "too_many_sessions": "The limit of live connections is reached; try again after Retry-After.",
    },
    507: {"store_full": "The long-term store has no room for older events, which would be the first to be deleted."},
}
"""Meaning of each error code, by HTTP status."""

Codes = Mapping[int, tuple[str, ...]]

READ_CODES: Codes = {405: ("method_not_allowed",), 422: ("validation_failed",), 503: ("unavailable",)}
DOCUMENT_CODES: Codes = {405: ("method_not_allowed",), 503: ("unavailable",)}
BODY_CODES: Codes = {
    400: (
        "malformed_json",
        "malformed_gzip",
        "malformed_deflate",
        "malformed_zstd",
        "malformed_chunks",
        "incomplete_body",
        "empty_body",
        "nested_too_deeply",
        "too_many_values",
    ),
    405: ("method_not_allowed",),
    408: ("body_timeout",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("validation_failed", "too_many_services"),
    503: ("unavailable",),
}
HEARTBEAT_CODES: Codes = {**BODY_CODES, 422: (*BODY_CODES[422], "too_many_instances")}
PING_CODES: Codes = {
    404: ("not_found",),
    405: ("method_not_allowed",),
    422: HEARTBEAT_CODES[422],
    503: ("unavailable",),
}
ACCESS_CODES: Codes = {
    401: ("unauthorized", "unknown_key", "key_expired", "key_in_url"),
    403: ("missing_scope", "origin_not_allowed", "cross_site_request", "no_role"),
    429: ("rate_limited",),
}
"""Codes that every operation that needs a key may answer, in addition to its own."""
BOUND_KEY_CODES = ("service_not_allowed", "type_not_allowed", "too_many_new_names")
BATCH_CODES: Codes = {
    **BODY_CODES,
    400: (*BODY_CODES[400], "empty_batch"),
    413: ("body_too_large", "batch_too_large"),
}
RESOURCE_CODES: Codes = {404: ("unknown_resource", "not_found"), **READ_CODES}
WRITE_CODES: Codes = {409: ("from_file",), 412: ("precondition_failed",)}
TIME_CODES = ("timestamp_in_future", "timestamp_too_old")
