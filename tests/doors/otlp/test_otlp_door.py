"""The door for OTLP metrics: both forms, answers in the form of the request, partial successes, and errors."""

import gzip
from typing import Any

import msgspec
import pytest
import zstandard
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from analytics.answer import Answer
from analytics.doors.limits import BodyLimits
from analytics.doors.otlp.door import OtlpMetricsDoor
from analytics.doors.point_recorder import POINTS_OF_ENTRY
from analytics.error_answers.otlp import refuse
from analytics.errors import AnalyticsError, TooLarge
from analytics.identity import INGEST, KEY, Identity
from tests.doors.otlp.messages import BEGIN, DELTA, JSON, PROTOBUF, body, gauge, point, request, total
from tests.doors.point_log import FakeLog, environ_of, recorder_of

BOTH = pytest.mark.parametrize("form", [JSON, PROTOBUF])
GOOD = request(gauge("queue", point(asInt="7")), service_name="shop")
HALF = request(gauge("good", point(asInt=1)), gauge("bad", point(asDouble="NaN"), point(asDouble="NaN")))


def ask(log: FakeLog, data: bytes, form: str = JSON, **more: Any) -> Answer:
    return OtlpMetricsDoor(recorder_of(log), BodyLimits(1_000_000))(environ_of(data, CONTENT_TYPE=form, **more))


def status_of(answer: Answer, form: str) -> tuple[int, str]:
    """The code and message of a google.rpc.Status."""
    assert answer.content_type == form
    if form == JSON:
        said = msgspec.json.decode(answer.body)
        return said["code"], said["message"]
    assert answer.body[0] == 1 << 3, "field 1, a number"
    assert answer.body[2] == 2 << 3 | 2, "field 2, a text"
    text = answer.body[4:] if answer.body[3] < 128 else answer.body[5:]
    return answer.body[1], text.decode()


@BOTH
def test_a_full_success_says_nothing_of_a_partial_one(form: str) -> None:
    log = FakeLog()
    answer = ask(log, body(GOOD, form), f"{form}; charset=utf-8")
    assert (answer.status, answer.content_type, answer.body) == (200, form, b"{}" if form == JSON else b"")
    assert log.values == {'queue{service="shop"}': 7}


@BOTH
def test_rejected_points_make_a_partial_success(form: str) -> None:
    log = FakeLog()
    answer = ask(log, body(HALF, form), form)
    assert (answer.status, answer.content_type) == (200, form)
    if form == JSON:
        partial = msgspec.json.decode(answer.body)["partialSuccess"]
        assert partial["rejectedDataPoints"] == "2"
        assert "'bad'" in partial["errorMessage"]
    else:
        response = ExportMetricsServiceResponse.FromString(answer.body)
        assert response.partial_success.rejected_data_points == 2
        assert "'bad'" in response.partial_success.error_message
    assert list(log.values) == ['good{service="unknown"}']
    assert log.rejected == ["malformed_point"] * 2


@BOTH
def test_a_request_of_which_nothing_is_taken_is_refused(form: str) -> None:
    answer = ask(FakeLog(lambda each: "too_many_series"), body(GOOD, form), form)
    assert answer.status == 400
    assert status_of(answer, form) == (3, "It is too_many_series.")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_may_be_compressed(encoding: str) -> None:
    log = FakeLog()
    pack = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[encoding]
    assert ask(log, pack(body(GOOD, PROTOBUF)), PROTOBUF, HTTP_CONTENT_ENCODING=encoding).status == 200
    assert len(log.points) == 1


@pytest.mark.parametrize(
    ("data", "form", "status", "code"),
    [
        (b"{", JSON, 400, 3),
        (b"[]", JSON, 400, 3),
        (b"", JSON, 400, 3),
        (b'{"resourceMetrics": 5}', JSON, 400, 3),
        (b'{"resourceMetrics": [{"resource": "\xff"}]}', JSON, 400, 3),
        (b"\xff\xff", PROTOBUF, 400, 3),
        (body(GOOD, PROTOBUF)[:-3], PROTOBUF, 400, 3),
        (b"x" * 1_000_001, PROTOBUF, 413, 8),
        (b"x", "text/plain", 415, 3),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_status(data: bytes, form: str, status: int, code: int) -> None:
    answer = ask(FakeLog(), data, form)
    assert answer.status == status
    assert status_of(answer, PROTOBUF if form == PROTOBUF else JSON)[0] == code


@pytest.mark.parametrize("field", ["asInt", "timeUnixNano", "startTimeUnixNano"])
def test_json_numbers_of_400_digits_are_refused(field: str) -> None:
    point = {"asInt": "5", field: "9" * 400}
    metric = {"name": "wide", "gauge": {"dataPoints": [point]}}
    answer = ask(FakeLog(), body(request(metric, service_name="shop"), JSON))
    assert answer.status == 400
    assert status_of(answer, JSON)[0] == 3


def test_deep_json_is_refused() -> None:
    deep = b'{"arrayValue":{"values":[' * 5_000
    data = b'{"resourceMetrics":[{"resource":{"attributes":[{"value":' + deep
    assert ask(FakeLog(), data).status == 400


@BOTH
def test_deep_attributes_are_cut_off(form: str) -> None:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(20):
        value = {"arrayValue": {"values": [value]}}
    log = FakeLog()
    assert ask(log, body(request(gauge("a", point({"k": value}, asInt=1))), form), form).status == 200
    assert dict(log.points[0].labels)["k"] == "[[[[[[null]]]]]]"


@BOTH
@pytest.mark.parametrize(("status", "code"), [(429, 8), (503, 14)])
def test_what_passes_is_told_to_be_tried_again(status: int, code: int, form: str) -> None:
    error = AnalyticsError("Later.")
    error.status = status
    answer = refuse(error, {"CONTENT_TYPE": form})
    assert (answer.status, dict(answer.headers)) == (status, {"Retry-After": "1"})
    assert status_of(answer, form) == (code, "Later.")


def test_a_full_log_is_told_to_the_sender_who_repeats_the_request() -> None:
    answer = ask(FakeLog(room=0), body(GOOD, PROTOBUF), PROTOBUF)
    assert (answer.status, dict(answer.headers)) == (503, {"Retry-After": "5"})


@pytest.mark.parametrize(("temporality", "start", "status"), [(2, "0", 503), (DELTA, BEGIN, 503), (DELTA, "0", 200)])
def test_a_log_that_fills_up_meanwhile_is_repeated_only_if_nothing_counts_twice(
    temporality: int, start: str, status: int
) -> None:
    points = [point({"n": str(n)}, asInt=1, startTimeUnixNano=start) for n in range(2 * POINTS_OF_ENTRY)]
    answer = ask(FakeLog(room=1), body(request(total("a", *points, temporality=temporality))))
    assert answer.status == status
    if status == 200:
        assert msgspec.json.decode(answer.body)["partialSuccess"]["rejectedDataPoints"] == str(POINTS_OF_ENTRY)


def test_too_many_points_are_refused() -> None:
    log = FakeLog()
    door = OtlpMetricsDoor(recorder_of(log, most=100), BodyLimits(1_000_000))
    data = body(request(gauge("a", *(point({"n": str(n)}, asInt=1) for n in range(101)))))
    assert door(environ_of(data, CONTENT_TYPE=JSON)).status == TooLarge.status
    assert log.points == []


def test_a_bound_key_may_send_its_services_alone() -> None:
    bound = Identity("a", frozenset({INGEST}), services=frozenset({"shop"}))
    assert ask(FakeLog(), body(GOOD), **{KEY: bound}).status == 200
    other = body(request(gauge("queue", point(asInt="7")), service_name="other"))
    answer = ask(FakeLog(), other, **{KEY: bound})
    assert answer.status == 400
    assert "may not send" in status_of(answer, JSON)[1]
