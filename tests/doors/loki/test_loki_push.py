"""The door for pushes of Loki, in JSON and in protobuf."""

import gzip
import json
from typing import Any

import cramjam
import pytest

from analytics.doors.loki.labels import BadLabelsError, parse_labels
from analytics.error_answers.otlp import bytes_field, number_field
from tests.doors.records.record_rig import JSON, NOW, PROTOBUF, SPAN, TRACE, RecordRig

PATH = "/loki/api/v1/push"
LABELS = {"app": "shop", "env": "prod", "level": "warn"}


def push(*values: list[Any], **labels: str) -> dict[str, Any]:
    return {"streams": [{"stream": labels or LABELS, "values": list(values)}]}


def value(text: str, *metadata: dict[str, str], at: int = NOW) -> list[Any]:
    return [str(at), text, *metadata]


def in_protobuf(message: dict[str, Any]) -> bytes:
    """A push in protobuf, compressed."""
    body = b""
    for stream in message["streams"]:
        labels = "{" + ", ".join(f"{name}={json.dumps(text)}" for name, text in stream["stream"].items()) + "}"
        inner = bytes_field(1, labels.encode())
        for at, text, *metadata in stream["values"]:
            seconds, nanos = divmod(int(at), 10**9)
            entry = bytes_field(1, number_field(1, seconds) + number_field(2, nanos)) + bytes_field(2, text.encode())
            for name, each in (metadata[0] if metadata else {}).items():
                entry += bytes_field(3, bytes_field(1, name.encode()) + bytes_field(2, each.encode()))
            inner += bytes_field(2, entry)
        body += bytes_field(1, inner)
    return bytes(cramjam.snappy.compress_raw(body))


def sent(message: dict[str, Any], form: str, rig: RecordRig | None = None) -> list[Any]:
    """The lines of a push."""
    rig = rig or RecordRig()
    answer = rig.post(PATH, message if form == JSON else in_protobuf(message), form)
    assert (answer.status, answer.body) == (204, b"")
    return rig.lines


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
def test_lines_are_kept_with_their_labels_and_metadata(form: str) -> None:
    first, second = sent(push(value("one é", {"k": "v"}), value("two", at=NOW + 5)), form)
    assert (first.service, first.body, first.time, first.severity) == ("shop", "one é", NOW, 13)
    assert (first.severity_text, json.loads(bytes(first.attributes))) == ("warn", {"k": "v"})
    assert (second.time, bytes(second.attributes)) == (NOW + 5, b"{}")
    assert json.loads(bytes(second.resource)) == LABELS


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
def test_a_trace_is_found_in_metadata_and_in_text(form: str) -> None:
    lines = sent(
        push(value("x", {"trace_id": TRACE, "span_id": SPAN}), value(f'{{"traceID":"{TRACE.upper()}"}}')), form
    )
    assert [(line.trace_id, line.span_id) for line in lines] == [(TRACE, SPAN), (TRACE, "")]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("ts=1 level=error msg=x", 17),
        ('{"time":1,"level":"warn"}', 13),
        ("[ERROR] broken", 17),
        ("2026/11/29 10:00:00 [error] 7#7: broken", 17),
        ("2026-11-29 INFO shop started", 9),
        ("\x1b[31mERROR\x1b[0m broken", 17),
        ('{"level":30,"msg":"pino"}', 9),
        ("levelling an INFORMAL errors list", 0),
        ("", 0),
    ],
)
def test_a_level_is_found_in_the_text(text: str, severity: int) -> None:
    (line,) = sent(push(value(text), app="shop"), JSON)
    assert (line.severity, line.severity_text) == (severity, "")


def test_the_level_of_metadata_comes_before_that_of_labels() -> None:
    (line,) = sent(push(value("x", {"detected_level": "error"})), JSON)
    assert (line.severity, line.severity_text) == (17, "error")


@pytest.mark.parametrize(
    ("labels", "service"),
    [({"service_name": "a", "job": "b"}, "a"), ({"job": "b", "host": "h"}, "b"), ({"host": "h"}, "unknown")],
)
def test_the_service_is_in_the_labels(labels: dict[str, str], service: str) -> None:
    assert [line.service for line in sent(push(value("x"), **labels), JSON)] == [service]


@pytest.mark.parametrize(
    ("body", "form", "status"),
    [
        (b"{", JSON, 400),
        (b'{"streams":[{"stream":{},"values":[["x","y"]]}]}', JSON, 400),
        (b'{"streams":[{"stream":{"a":1},"values":[]}]}', JSON, 400),
        (b"nothing", PROTOBUF, 400),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\xff\x01x")), PROTOBUF, 400),
        (b"a=1", "text/plain", 415),
    ],
)
def test_what_cannot_be_read_is_answered_with_text(body: bytes, form: str, status: int) -> None:
    answer = RecordRig().post(PATH, body, form)
    assert (answer.status, answer.content_type) == (status, "text/plain; charset=utf-8")


def test_a_stream_with_malformed_labels_is_rejected_alone() -> None:
    rig = RecordRig()
    good, bad = bytes_field(1, b'{a="b"}'), bytes_field(1, b"{a=b}")
    entry = bytes_field(2, bytes_field(1, number_field(1, NOW // 10**9)) + bytes_field(2, b"\xffx"))
    body = bytes(cramjam.snappy.compress_raw(bytes_field(1, bad + entry) + bytes_field(1, good + entry)))
    answer = rig.post(PATH, body, PROTOBUF)
    assert (answer.status, answer.error_code) == (400, "malformed_stream")
    assert answer.body.startswith(b"1 of 2 lines were rejected: malformed_stream: ")
    assert [line.body for line in rig.lines] == ["�x"]


def test_lines_that_are_too_old_are_rejected_and_the_others_kept() -> None:
    rig = RecordRig()
    assert rig.post(PATH, push(value("old", at=5), value("new"))).error_code == "timestamp_too_old"
    assert [line.body for line in rig.lines] == ["new"]


def test_gzip_is_read() -> None:
    rig = RecordRig()
    body = gzip.compress(json.dumps(push(value("x"))).encode())
    assert rig.post(PATH, body, HTTP_CONTENT_ENCODING="gzip").status == 204
    assert len(rig.lines) == 1


def test_a_push_over_the_rate_is_refused_as_a_whole() -> None:
    rig = RecordRig(logs_rate=1.0)
    assert rig.post(PATH, push(*[value("x")] * 10)).status == 204
    both = push(value("x"), app="other")
    both["streams"] += push(value("x"))["streams"]
    answer = rig.post(PATH, both)
    assert (answer.status, dict(answer.headers)["Retry-After"], rig.drops) == (429, "1", {"logs_rate": 2})
    assert len(rig.lines) == 10


def test_labels_are_unquoted() -> None:
    text = '{a="b\\n\\"\\u00e9", c=`d\\e`, __e__="" }'
    assert parse_labels(text) == {"a": 'b\n"é', "c": "d\\e", "__e__": ""}
    assert parse_labels("{}") == {}
    for bad in ("", "a", "{a}", '{a="b}', '{a="b" c="d"}'):
        with pytest.raises(BadLabelsError):
            parse_labels(bad)
