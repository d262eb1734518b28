"""The doors for log lines and spans in the JSON of this service."""

import json
from typing import Any

import pytest

from analytics.doors.records import json_door
from analytics.identity import Identity
from tests.doors.records.record_rig import LINES, NOW, SPAN, TRACE, RecordRig
from tests.state.rig import NOON

LINE = {"service": "shop", "message": "hi"}
BAD: tuple[dict[str, Any], ...] = ({"trace_id": "0" * 32}, {"odd": 1}, {"level": 99})
ONE_SPAN: dict[str, Any] = {"trace_id": TRACE, "span_id": SPAN, "service": "shop", "name": "pay", "start": NOW - 10**9}


def test_a_line_is_recorded_with_all_it_has() -> None:
    rig = RecordRig()
    more = {"timestamp": NOW, "level": "error", "logger": "app", "id": "1", "attributes": {"n": {"m": [1]}}}
    answer = rig.post("/logs", {**LINE, **more, "trace_id": TRACE.upper(), "span_id": SPAN})
    assert (answer.status, json.loads(answer.body)) == (201, {"message": "log line recorded"})
    (line,) = rig.lines
    assert (line.service, line.body, line.time, line.severity, line.scope) == ("shop", "hi", NOW, 17, "app")
    assert (line.trace_id, line.span_id, line.id, bytes(line.attributes)) == (TRACE, SPAN, "1", b'{"n":{"m":[1]}}')
    assert json.loads(rig.post("/logs", {**LINE, **more}).body) == {"message": "log line recorded before"}


@pytest.mark.parametrize("time", [NOW, str(NOW), "2023-11-14T12:00:00Z", "2023-11-14T13:00:00.000000+01:00"])
def test_times_have_two_forms(time: Any) -> None:
    assert NOON * 10**9 == NOW
    rig = RecordRig()
    assert rig.post("/logs", {**LINE, "timestamp": time}).status == 201
    assert rig.lines[0].time == NOW


def test_a_batch_is_answered_with_a_receipt() -> None:
    rig = RecordRig()
    bad = [
        {"service": "shop"},
        {"message": "x"},
        {**LINE, "trace_id": "0" * 32},
        {**LINE, "odd": 1},
        {**LINE, "level": 99},
    ]
    for body, form in (
        ([LINE, *bad], "application/json"),
        ({"logs": [LINE, *bad]}, "application/json"),
        (b"\n".join(json.dumps(each).encode() for each in [LINE, *bad]), LINES),
    ):
        answer = rig.post("/logs", body, form)
        receipt = json.loads(answer.body)
        assert (answer.status, receipt["accepted"], receipt["rejected"]) == (200, 1, 5)
        assert [error["index"] for error in receipt["errors"]] == [1, 2, 3, 4, 5]


def test_text_is_kept_with_control_characters() -> None:
    rig = RecordRig()
    rig.post("/logs", {**LINE, "message": "a\nb\x00\x1b[31m"})
    assert rig.lines[0].body == "a\nb\x00\x1b[31m"


@pytest.mark.parametrize(
    "bad", [{}, {"message": "a", "body": "b"}, {"message": 5}, {"message": "a", "timestamp": "soon"}, {"message": None}]
)
def test_a_single_line_that_is_wrong_is_422(bad: dict[str, Any]) -> None:
    answer = RecordRig().post("/logs", {"service": "shop", **bad})
    assert (answer.status, answer.error_code) == (422, "validation_failed")


def test_a_span_is_recorded_with_all_it_has() -> None:
    rig = RecordRig()
    more = {
        "duration_ms": 1.5,
        "parent_id": "1" * 16,
        "kind": "server",
        "status": "error",
        "status_message": "broken",
        "attributes": {"http.route": "/pay", "user.id": "ann"},
        "events": [{"name": "exception", "time": NOW, "attributes": {"a": 1}}],
        "links": [{"trace_id": "2" * 32, "span_id": "3" * 16}],
    }
    assert rig.post("/spans", {**ONE_SPAN, **more}).status == 201
    (span,) = rig.spans
    assert (span.trace_id, span.span_id, span.parent_id, span.end - span.start) == (TRACE, SPAN, "1" * 16, 1_500_000)
    assert (span.kind, span.status, span.status_message, span.endpoint, span.user_id) == (2, 2, "broken", "/pay", "ann")
    assert json.loads(bytes(span.events)) == [{"name": "exception", "time": NOW, "attributes": {"a": 1}}]
    assert json.loads(bytes(span.links)) == [{"trace_id": "2" * 32, "span_id": "3" * 16, "attributes": {}}]
    assert rig.overview["total_requests"] == 1


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"end": NOW, "duration_ms": 1},
        {"end": NOW, "span_id": "0" * 16},
        {"end": NOW, "kind": "odd"},
        {"end": NOW, "links": [{"trace_id": "x", "span_id": "y"}]},
        {"end": NOW, "events": [{"time": NOW}]},
    ],
)
def test_a_single_span_that_is_wrong_is_422(bad: dict[str, Any]) -> None:
    answer = RecordRig().post("/spans", {**ONE_SPAN, **bad})
    assert (answer.status, answer.error_code) == (422, "validation_failed")


def test_a_key_of_another_service_is_403() -> None:
    bound = Identity("key", frozenset(("ingest",)), frozenset(("other",)))
    answer = RecordRig().post("/logs", LINE, identity=bound)
    assert (answer.status, answer.error_code) == (403, "service_not_allowed")


@pytest.mark.parametrize(("path", "item"), [("/logs", LINE), ("/spans", {**ONE_SPAN, "duration_ms": 1})])
def test_others_may_run_between_the_items_of_a_batch(
    path: str, item: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []
    monkeypatch.setattr(json_door, "yield_if_due", lambda: pauses.append(1))
    RecordRig().post(path, [item] * 5)
    assert len(pauses) == 5
