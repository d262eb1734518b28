"""The shapes of error answers: what the clients of each protocol read in them."""

from collections.abc import Mapping

import msgspec
from google.rpc.status_pb2 import Status

TEXT = ("/api/v1/write", "/api/v1/import/prometheus", "/loki/", "/metrics/job/", "/metrics/job@base64/")
KEYS = (
    ("/v1/", {"code", "message"}, "message"),
    ("/api/v1/", {"status", "errorType", "error"}, "error"),
    ("/api/v2/", {"code", "message"}, "message"),
    ("/api/v3/", {"error", "data"}, "error"),
    ("/write", {"error"}, "error"),
    ("/ping", {"error"}, "error"),
)
"""The keys of an error in JSON by the beginning of a path, and which of them has the message."""


def message_in(path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The message of an error answer, whose shape must be that of the path."""
    media_type = next(value for name, value in headers.items() if name.lower() == "content-type")
    if path.startswith(TEXT):
        assert media_type == "text/plain; charset=utf-8"
        return body.decode().removesuffix("\n")
    if path.startswith("/v1/") and media_type == "application/x-protobuf":
        return str(Status.FromString(body).message)
    assert media_type == "application/json"
    answer = msgspec.json.decode(body)
    for prefix, keys, key in KEYS:
        if path.startswith(prefix):
            assert answer.keys() == keys
            return str(answer[key])
    if path.startswith("/api/"):
        assert answer.keys() == {"data", "total", "limit", "offset", "errors"}
        return str(answer["errors"][0]["msg"])
    assert answer.keys() == {"error"}
    assert answer["error"].keys() == {"code", "message", "fields"}
    return str(answer["error"]["message"])
