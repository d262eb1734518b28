"""The rules of events, metrics and heartbeats: a table of bad cases, each with its code and field."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from analytics.schemas.compiled import load
from analytics.schemas.derived import derive
from analytics.schemas.event import EventSchema
from analytics.schemas.heartbeat import STATUSES, HeartbeatSchema
from tests.schemas import decoders
from tests.schemas.decoders import outcome

EVENT = {"type": "purchase", "service": "checkout"}
METRIC = {"name": "latency", "value": 45.2}
BEAT = {"service": "cart", "status": "healthy"}
CONTROLS = [f"a{control}" for control in "\x00\x1f\n\t\x7f\x80\x9f"]
UNKNOWN_TIMES = [
    "yesterday",
    "",
    "2024-01-15",
    "2024-01-15T10:30:00",
    "2024-13-15T10:30:00Z",
    "2024-01-15T25:30:00Z",
    1705314600,
    1705314600.5,
    True,
    [],
    {},
]


def judge(kind: str, payload: Any) -> tuple[Any, ...]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if kind == "heartbeat":
        return outcome(partial(load, HeartbeatSchema(), body))
    return outcome(partial({"event": decoders.events, "metric": decoders.metrics}[kind].one, body))


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def sized(size: int) -> dict[str, str]:
    """An object of exactly so many bytes of compact JSON."""
    return {"a": "x" * (size - len('{"a":""}'))}


GOOD = [
    ("event", EVENT),
    ("event", {"type": "x" * 128, "service": "😀" * 128}),
    ("event", {**EVENT, "user_id": None, "timestamp": None, "id": None, "data": None}),
    ("event", {**EVENT, "user_id": "", "data": {}}),
    ("event", {**EVENT, "user_id": "u" * 256, "id": "i" * 128}),
    ("event", {**EVENT, "timestamp": "2024-01-15T10:30:00Z"}),
    ("event", {**EVENT, "timestamp": "2024-01-15T10:30:00.123456+05:30"}),
    ("event", {**EVENT, "type": "<script>alert(1)</script>"}),
    ("event", {**EVENT, "type": "naïve\u00a0\u200b type"}),
    ("event", {**EVENT, "data": nested(64)}),
    ("event", {**EVENT, "data": sized(32 * 1024)}),
    ("event", {**EVENT, "data": {"text": "line\nbreak\u0000"}}),
    ("event", {**EVENT, "data": {"big": 2**70}}),
    ("metric", METRIC),
    ("metric", {**METRIC, "value": -3}),
    ("metric", {**METRIC, "value": 10**15}),
    ("metric", {**METRIC, "value": -1e100}),
    ("metric", {**METRIC, "unit": None, "tags": None, "timestamp": None, "id": None}),
    ("metric", {**METRIC, "unit": "", "tags": {}}),
    ("metric", {**METRIC, "unit": "u" * 32, "tags": {f"t{number}": "" for number in range(32)}}),
    ("metric", {**METRIC, "tags": {"k" * 128: "v" * 256}}),
    ("heartbeat", BEAT),
    ("heartbeat", {**BEAT, "metrics": None}),
    ("heartbeat", {**BEAT, "metrics": {}}),
    ("heartbeat", {**BEAT, "metrics": {"request_count": 0, "error_count": 5, "avg_latency": 23.5, "uptime": 72.5}}),
    ("heartbeat", {**BEAT, "metrics": {"request_count": None, "anything": [1, {"a": -1}]}}),
    ("heartbeat", {**BEAT, "metrics": nested(64)}),
]


@pytest.mark.parametrize(("kind", "payload"), GOOD)
def test_valid_records_are_accepted_unchanged(kind: str, payload: dict[str, Any]) -> None:
    taken, fields = judge(kind, payload)
    assert taken == "taken"
    for name, value in payload.items():
        if name == "timestamp" and value is not None:
            assert fields[name] == datetime.fromisoformat(value)
        elif name == "data" and value is None:
            assert fields[name] == {}
        else:
            assert fields[name] == (float(value) if isinstance(value, int) else value)
    assert fields.keys() >= payload.keys()


def wrong(kind: str, good: dict[str, Any], name: str, values: Iterable[Any]) -> list[tuple[str, dict[str, Any], str]]:
    """Cases of `good` in which the field `name` is wrong in many ways."""
    return [(kind, {**good, name: value}, name) for value in values]


BAD: list[tuple[str, dict[str, Any], str]] = [
    *(
        (kind, {key: value for key, value in good.items() if key != name}, name)
        for kind, good in (("event", EVENT), ("metric", METRIC), ("heartbeat", BEAT))
        for name in good
    ),
    *wrong("event", EVENT, "type", (None, 5, True, [], {}, "", "x" * 129)),
    *wrong("event", EVENT, "service", (None, 5, True, [], {}, "", "x" * 129)),
    *(case for name in ("type", "service", "user_id", "id") for case in wrong("event", EVENT, name, CONTROLS)),
    *wrong("event", EVENT, "user_id", (5, True, [], {}, "u" * 257)),
    *wrong("event", EVENT, "id", (5, True, [], {}, "", "i" * 129)),
    *wrong("event", EVENT, "timestamp", UNKNOWN_TIMES),
    *wrong("event", EVENT, "data", (5, True, "text", [], [{}], "")),
    ("event", {**EVENT, "data": nested(65)}, "data"),
    ("event", {**EVENT, "data": nested(300)}, "data"),
    ("event", {**EVENT, "data": sized(32 * 1024 + 1)}, "data"),
    ("event", {**EVENT, "color": "red"}, "color"),
    ("event", {**EVENT, "Type": "x"}, "Type"),
    *wrong("metric", METRIC, "name", (None, 5, "", "x" * 129, "a\nb")),
    *wrong("metric", METRIC, "value", (None, "5", True, False, [], {}, 1.1e100, -1.1e100, 10**400)),
    *wrong("metric", METRIC, "unit", (5, "u" * 33, "m\ts", [])),
    *wrong("metric", METRIC, "tags", (5, "a=b", [], [["a", "b"]], {f"t{number}": "" for number in range(33)})),
    ("metric", {**METRIC, "tags": {"a": 5}}, "tags.a.value"),
    ("metric", {**METRIC, "tags": {"a": None}}, "tags.a.value"),
    ("metric", {**METRIC, "tags": {"a": "x" * 257}}, "tags.a.value"),
    ("metric", {**METRIC, "tags": {"a": "x\ny"}}, "tags.a.value"),
    ("metric", {**METRIC, "tags": {"": "x"}}, "tags..key"),
    *wrong("metric", METRIC, "timestamp", UNKNOWN_TIMES),
    *wrong("metric", METRIC, "id", (5, "", "i" * 129)),
    ("metric", {**METRIC, "service": "a"}, "service"),
    *wrong("heartbeat", BEAT, "service", (None, 5, "", "x" * 129, "a\x00")),
    *wrong(
        "heartbeat",
        BEAT,
        "status",
        (None, 5, True, "", "ok", "Healthy", "healthy ", "stale", "down", "unknown", "x" * 5_000),
    ),
    *wrong("heartbeat", BEAT, "metrics", (5, "x", [], nested(65), sized(32 * 1024 + 1))),
    *(
        ("heartbeat", {**BEAT, "metrics": {figure: value}}, f"metrics.{figure}")
        for figure in ("request_count", "error_count", "avg_latency", "uptime")
        for value in (-1, -0.5, "5", True, [], {}, 1.1e100, 10**400)
    ),
    ("heartbeat", {**BEAT, "timestamp": "2024-01-15T10:30:00Z"}, "timestamp"),
]


@pytest.mark.parametrize(("kind", "payload", "field"), BAD)
def test_invalid_records_are_refused_with_the_field(kind: str, payload: dict[str, Any], field: str) -> None:
    refused, status, code, message, fields = judge(kind, payload)
    assert (refused, status, code) == ("refused", 422, "validation_failed")
    assert list(fields) == [field]
    assert all(isinstance(text, str) and text for text in fields[field])
    assert field in message


@pytest.mark.parametrize("kind", ["event", "metric", "heartbeat"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty_body"),
        (b"{", 400, "malformed_json"),
        (b"{}}", 400, "malformed_json"),
        (b"{'type':'a'}", 400, "malformed_json"),
        (b'{"a":NaN}', 400, "malformed_json"),
        (b'{"a":Infinity}', 400, "malformed_json"),
        (b'{"a":1e999}', 400, "malformed_json"),
        (b'{"a":' + b"1" * 5_000 + b"}", 400, "malformed_json"),
        (b'{"a":"\xff"}', 400, "malformed_json"),
        (b'\xef\xbb\xbf{"a":1}', 400, "malformed_json"),
        (b'{"a":"\\ud8zz"}', 400, "malformed_json"),
        (b"[" * 100_000, 400, "nested_too_deeply"),
        (b'{"a":' * 100_000, 400, "nested_too_deeply"),
        (b"null", 422, "validation_failed"),
        (b"5", 422, "validation_failed"),
        (b'"text"', 422, "validation_failed"),
        (b"[]", 422, "validation_failed"),
        (b"{}", 422, "validation_failed"),
    ],
)
def test_payloads_other_than_objects_are_refused(kind: str, body: bytes, status: int, code: str) -> None:
    assert judge(kind, body)[:3] == ("refused", status, code)


def test_every_wrong_field_is_named() -> None:
    _, _, _, message, fields = judge("event", {"type": "", "service": 5, "user_id": 1, "color": 1})
    assert set(fields) == {"type", "service", "user_id", "color"}
    assert all(field in message for field in fields)


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_of_the_contract_is_accepted(status: str) -> None:
    assert judge("heartbeat", {**BEAT, "status": status})[0] == "taken"
    assert STATUSES == ("healthy", "degraded", "unhealthy", "maintenance")


def test_data_keeps_its_bytes() -> None:
    record = decoders.events.one(b'{"type":"a","service":"b","data":{ "n" : 1.50,\n "s":"\\u00e9"}}')
    assert bytes(record.data).replace(b"\t", b" ") == b'{ "n" : 1.50,  "s":"\\u00e9"}'


def test_a_schema_with_an_unsupported_field_is_an_error_at_startup() -> None:
    from marshmallow import Schema, fields

    class Odd(Schema):
        when = fields.Date()

    with pytest.raises(TypeError, match="when: no decoder is known for Date"):
        derive(Odd(), decoders.NewEvent)


def test_ordinary_records_are_decoded_without_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("marshmallow was asked")

    monkeypatch.setattr(EventSchema, "load", asked)
    body = json.dumps({**EVENT, "timestamp": "2024-01-15T10:30:00Z", "data": {"total": 99.99, "tags": ["a"]}}).encode()
    assert decoders.events.one(body).timestamp == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert len(decoders.events.many(b"[" + body + b"," + body + b"]").items) == 2
    assert len(decoders.events.lines(body + b"\n" + body).items) == 2
    assert decoders.events.one(json.dumps({**EVENT, "service": "café"}, ensure_ascii=False).encode()).service == "café"
