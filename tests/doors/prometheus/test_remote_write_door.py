"""Answers of the door for remote write, which say whether the sender tries again."""

from typing import Any

import pytest

from analytics.answer import Answer
from analytics.doors.limits import BodyLimits
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.remote_write_door import RemoteWriteDoor
from analytics.identity import INGEST, KEY, Identity
from analytics.keys.rates import TooManyRequests
from tests.doors.point_log import FakeLog, environ_of, recorder_of
from tests.doors.prometheus.messages import message, packed, request, series

HEADERS = {
    "CONTENT_TYPE": "application/x-protobuf",
    "HTTP_CONTENT_ENCODING": "snappy",
    "HTTP_X_PROMETHEUS_REMOTE_WRITE_VERSION": "0.1.0",
}
UP = {"__name__": "up", "job": "api"}


def sent(body: bytes, log: FakeLog | None = None, **environ: Any) -> Answer:
    door = RemoteWriteDoor(
        recorder_of(log or FakeLog(), most=1_000), MetricKinds(lambda name: None), BodyLimits(50_000)
    )
    return door(environ_of(body, **{**HEADERS, **environ}))


def test_a_request_that_is_recorded_is_a_204() -> None:
    log = FakeLog()
    answer = sent(request(series(UP, 1.0), series({"__name__": "a_total", "service": "shop"}, 2.0)), log)
    assert (answer.status, answer.body) == (204, b"")
    assert log.values == {'up{job="api",service="api"}': 1.0, 'a_total{service="shop"}': 2.0}


@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_TYPE": ""},
        {"HTTP_CONTENT_ENCODING": ""},
        {"CONTENT_TYPE": "application/x-protobuf;proto=prometheus.WriteRequest"},
    ],
)
def test_headers_may_be_left_out(environ: dict[str, str]) -> None:
    assert sent(request(series(UP, 1.0)), **environ).status == 204


@pytest.mark.parametrize(
    "media_type",
    ["application/x-protobuf;proto=io.prometheus.write.v2.Request", "application/json", "text/plain"],
)
def test_another_message_is_a_415_after_which_senders_fall_back(media_type: str) -> None:
    answer = sent(request(series(UP, 1.0)), CONTENT_TYPE=media_type)
    assert (answer.status, answer.content_type) == (415, "text/plain; charset=utf-8")
    assert b"remote write 1.0" in answer.body


BAD = {
    "half of a block": (request(series(UP, *range(100)))[:-30], 400, "malformed_snappy"),
    "no block": (message(series(UP, 1.0)), 400, "malformed_snappy"),
    "another message": (packed(b'{"streams": []}'), 400, "malformed_protobuf"),
    "a block that says it is huge": (b"\xff\xff\xff\xff\x0f", 413, "body_too_large"),
    "too many series": (packed(b"\x0a\x00" * 20_000), 413, "batch_too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_refused_as_a_whole(body: bytes, status: int, code: str) -> None:
    log = FakeLog()
    answer = sent(body, log)
    assert (answer.status, answer.error_code, answer.content_type) == (status, code, "text/plain; charset=utf-8")
    assert answer.body.endswith(b"\n")
    assert (log.points, log.rejected) == ([], [code])


def test_what_is_refused_of_a_request_is_a_400_with_the_reasons_and_the_rest_is_recorded() -> None:
    log = FakeLog(lambda point: "timestamp_too_old" if point.value == 2 else None)
    double = {**series({}, 3.0), "labels": [{"name": "__name__", "value": "a"}, *[{"name": "b", "value": "1"}] * 2]}
    answer = sent(request(series(UP, 1.0), series({"__name__": "a"}, 2.0), double), log)
    assert answer.status == 400
    assert answer.body == (
        b"2 of 3 samples were rejected: timestamp_too_old: It is timestamp_too_old. "
        b"invalid_labels: The label 'b' is given twice.\n"
    )
    assert list(log.values) == ['up{job="api",service="api"}']


def test_many_reasons_are_counted() -> None:
    bad = [series({"a": "b" * number, "c": "x" * 1_025}, 1.0) for number in range(1, 4)]
    bad += [series({"__name__": "n", f"l{number}": "x" * 1_025}, 1.0) for number in range(5)]
    assert sent(request(*bad)).body.endswith(b" (and 3 other reasons)\n")


def test_a_sender_beyond_its_rate_is_a_429() -> None:
    def admit(items: int) -> None:
        raise TooManyRequests("Too many.", headers={"Retry-After": "7"})

    answer = sent(request(series(UP, 1.0)), **{KEY: Identity("a", admit=admit)})
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("room", [0, 1])
def test_a_log_that_is_full_is_a_503_also_after_a_part(room: int) -> None:
    door = RemoteWriteDoor(recorder_of(FakeLog(room=room)), MetricKinds(lambda name: None), BodyLimits(5_000_000))
    answer = door(environ_of(request(series(UP, *range(3_000))), **HEADERS))
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")


def test_a_bound_key_writes_series_of_its_services_alone() -> None:
    log = FakeLog()
    sender = {KEY: Identity("a", frozenset({INGEST}), frozenset({"shop"}))}
    answer = sent(request(series(UP, 1.0), series({**UP, "service": "shop"}, 2.0)), log, **sender)
    assert answer.status == 400
    assert b"service_not_allowed" in answer.body
    assert list(log.values) == ['up{job="api",service="shop"}']
