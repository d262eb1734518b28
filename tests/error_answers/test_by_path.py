"""Errors of access and of the application, in the shape of each path."""

from typing import Any

import msgspec
import pytest
from google.rpc.status_pb2 import Status
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request

from analytics.access.chain import Chain
from analytics.access.ready_gate import ReadyGate
from analytics.error_answers.by_path import failure
from analytics.errors import AnalyticsError, Unavailable
from tests.access.rig import ADMIN, OTHER_MACHINE, Rig
from tests.access.shapes import message_in

PROTOBUF, JSON, TEXT = "application/x-protobuf", "application/json", "text/plain; charset=utf-8"
WRITES = (
    *("/v1/metrics", "/api/v1/write", "/api/v1/import/prometheus", "/metrics/job/backup"),
    *("/metrics/job@base64/YQ", "/write", "/api/v2/write", "/api/v3/write_lp"),
)
READS = ("/api/v1/query", "/api/v1/label/job/values", "/api/v1/status/buildinfo")


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/write", 401, {"error": "No."}),
        ("/ping", 503, {"error": "No."}),
        ("/api/v2/write", 401, {"code": "unauthorized", "message": "No."}),
        ("/api/v2/write", 403, {"code": "forbidden", "message": "No."}),
        ("/api/v2/write", 429, {"code": "too many requests", "message": "No."}),
        ("/api/v2/write", 500, {"code": "internal error", "message": "No."}),
        ("/api/v3/write_lp", 401, {"error": "No.", "data": None}),
        ("/api/v1/query", 401, {"status": "error", "errorType": "unauthorized", "error": "No."}),
        ("/api/v1/query", 413, {"status": "error", "errorType": "bad_data", "error": "No."}),
        ("/api/v1/query", 422, {"status": "error", "errorType": "bad_data", "error": "No."}),
        ("/api/v1/labels", 503, {"status": "error", "errorType": "unavailable", "error": "No."}),
        ("/api/v1/labels", 500, {"status": "error", "errorType": "internal", "error": "No."}),
        ("/v1/metrics", 401, {"code": 16, "message": "No."}),
        ("/v1/traces", 404, {"code": 5, "message": "No."}),
        ("/events", 403, {"error": {"code": "internal_error", "message": "No.", "fields": {}}}),
        ("/writes", 403, {"error": {"code": "internal_error", "message": "No.", "fields": {}}}),
        ("/metrics", 403, {"error": {"code": "internal_error", "message": "No.", "fields": {}}}),
    ],
)
def test_errors_in_json_have_the_shape_of_the_protocol(path: str, status: int, expected: dict[str, Any]) -> None:
    error = AnalyticsError("No.", headers={"RateLimit-Remaining": "0"})
    error.status = status
    answer = failure(error, {"PATH_INFO": path})
    assert (answer.status, answer.content_type, answer.error_code) == (status, JSON, "internal_error")
    assert ("RateLimit-Remaining", "0") in answer.headers
    assert msgspec.json.decode(answer.body) == expected


@pytest.mark.parametrize(
    "path", ["/api/v1/write", "/api/v1/import/prometheus", "/metrics/job/a", "/metrics/job@base64/YQ"]
)
def test_senders_of_prometheus_get_text(path: str) -> None:
    answer = failure(Unavailable("Later.", headers={"Retry-After": "1"}), {"PATH_INFO": path})
    assert (answer.status, answer.content_type, answer.body) == (503, TEXT, b"Later.\n")
    assert answer.headers == (("Retry-After", "1"),)


@pytest.mark.parametrize("path", WRITES)
def test_refusals_of_writes_have_the_shape_and_headers(path: str) -> None:
    rig = Rig()
    method = "PUT" if path.startswith("/metrics/job") else "POST"
    unknown = rig.ask(method, path, data=b"x")
    assert unknown.status_code == 401
    assert unknown.headers["WWW-Authenticate"].startswith("Bearer")
    assert "needs a key" in message_in(path, unknown.headers, unknown.data)
    reader = rig.ask(method, path, rig.key("read"), data=b"x")
    assert reader.status_code == 403
    assert "`ingest`" in message_in(path, reader.headers, reader.data)
    slow = rig.key("ingest", limits={"ingest": {"per_second": 0.1, "burst": 1}})
    for _ in range(2):
        limited = rig.ask(method, path, slow, data=b"\xff")
    assert limited.status_code == 429
    assert "items a second" in message_in(path, limited.headers, limited.data)
    assert (limited.headers["Retry-After"], limited.headers["RateLimit-Remaining"]) == ("10", "0")


@pytest.mark.parametrize("path", READS)
def test_refusals_of_reads_have_the_shape_and_headers(path: str) -> None:
    rig = Rig(read_rate=1)
    unknown, writer = rig.get(path), rig.get(path, rig.key("ingest"))
    assert (unknown.status_code, writer.status_code) == (401, 403)
    assert "WWW-Authenticate" in unknown.headers
    assert "needs a key" in message_in(path, unknown.headers, unknown.data)
    assert "`read`" in message_in(path, writer.headers, writer.data)
    key = rig.key("read")
    limited = [rig.get(path, key) for _ in range(4)][-1]
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    assert message_in(path, limited.headers, limited.data)


def test_refusals_of_otlp_have_the_content_type_of_the_request() -> None:
    rig = Rig()
    guesses = [rig.ask("POST", "/v1/metrics", content_type=PROTOBUF, data=b"") for _ in range(2)]
    assert guesses[0].content_type == PROTOBUF
    status = Status.FromString(guesses[0].data)
    assert (guesses[0].status_code, status.code, "needs a key" in status.message) == (401, 16, True)
    answer = rig.ask("POST", "/v1/metrics", rig.key("read"), content_type="application/json", data=b"{}")
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, 7)


@pytest.mark.parametrize("path", [*WRITES, *READS, "/events"])
def test_recovery_is_told_in_the_shape_of_the_protocol(path: str) -> None:
    closed = Chain(lambda environ, start: [], (ReadyGate(lambda: True),), ())
    for media_type in (PROTOBUF, JSON):
        environ = Request.from_values(path, method="POST", content_type=media_type).environ
        body, status, headers = run_wsgi_app(closed, environ)
        assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "1")
        assert "replaying its journal" in message_in(path, headers, b"".join(body))
        if path == "/v1/metrics":
            assert headers["Content-Type"] == media_type


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/metrics", 405),
        ("POST", "/v1/profiles", 404),
        ("GET", "/api/v2/write", 405),
        ("GET", "/api/v3/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/query", 405),
        ("GET", "/write", 405),
        ("GET", "/api/v1/write", 405),
        ("GET", "/metrics/job/a", 405),
    ],
)
def test_errors_of_routing_have_the_shape_of_the_path(method: str, path: str, status: int) -> None:
    answer = Rig().ask(method, path, ADMIN, address=OTHER_MACHINE)
    assert answer.status_code == status
    assert ("Allow" in answer.headers) == (status == 405)
    assert path in message_in(path, answer.headers, answer.data)
