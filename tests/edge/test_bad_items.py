"""Invalid items: each is a 422 when sent alone, and one error of the receipt in a batch."""

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.edge.items import at, nested
from tests.edge.wire import check_problem, check_still_works, counted, post
from tests.server import Server

INVALID = "validation_failed"


class Bad(NamedTuple):
    """An item as JSON text, and the expected code and field of the error."""

    text: str
    code: str
    field: str | None


def changed(base: dict[str, Any], name: str, value: Any, code: str = INVALID, field: str | None = None) -> Bad:
    return Bad(json.dumps({**base, name: value}), code, field or name)


def wrong_types(base: dict[str, Any], name: str, *values: Any) -> list[Bad]:
    return [changed(base, name, value) for value in values]


EVENT = {"type": "search", "service": "bad-items"}
METRIC = {"name": "cpu", "value": 1, "tags": {"service": "bad-items"}}
BEAT = {"service": "bad-items", "status": "healthy"}
CONTROLS = ("a\x00b", "a\nb", "\t", "a\x1f", "\x7f", "a\x85", "\x9f")
WRONG_TIMES = (
    12,
    1.5,
    True,
    [],
    {},
    "",
    "now",
    "2024-01-15",
    "10:30:00Z",
    "2024-01-15T10:30:00",
    "2024-01-15 10:30",
    "2024-13-15T10:30:00Z",
    "2024-02-30T10:30:00Z",
    "2024-01-15T25:30:00Z",
    "2024-01-15T10:61:00Z",
    "2024-01-15T10:30:00+25:00",
    "2024-01-15T10:30:00ZZ",
    "0000-00-00T00:00:00Z",
    "1705314600",
    "Mon, 15 Jan 2024 10:30:00 GMT",
    " 2024-01-15T10:30:00Z",
    "20240115T103000Z",
    "2024-W03-1T10:30:00Z",
    "2024-01-15T10:30:00.Z",
    "٢٠٢٤-01-15T10:30:00Z",
)


def times(base: dict[str, Any]) -> list[Bad]:
    """Timestamps of wrong types and formats, and valid ones out of range."""
    return [
        *wrong_types(base, "timestamp", *WRONG_TIMES),
        changed(base, "timestamp", "0001-01-01T00:00:00Z", "timestamp_too_old"),
        changed(base, "timestamp", "1969-12-31T23:59:59Z", "timestamp_too_old"),
        changed(base, "timestamp", at(days=-91), "timestamp_too_old"),
        changed(base, "timestamp", at(hours=2), "timestamp_in_future"),
        changed(base, "timestamp", "9999-12-31T23:59:59Z", "timestamp_in_future"),
    ]


EVENTS = [
    Bad("{}", INVALID, None),
    Bad('{"type":"a"}', INVALID, "service"),
    Bad('{"service":"a"}', INVALID, "type"),
    Bad('{"TYPE":"a","type":"a","service":"a"}', INVALID, "TYPE"),
    *wrong_types(EVENT, "type", None, "", 1, 1.5, True, [], {}, ["a"], "a" * 129, *CONTROLS),
    *wrong_types(EVENT, "service", None, "", 1, True, [], {}, "a" * 129, "é" * 129, *CONTROLS),
    *wrong_types(EVENT, "user_id", 1, True, [], {}, "a" * 257, *CONTROLS),
    *wrong_types(EVENT, "id", "", 1, True, [], {}, "a" * 129, *CONTROLS),
    *wrong_types(EVENT, "data", 1, True, "a", [], [{}], 1.5),
    *wrong_types(EVENT, "userId", "u"),
    *wrong_types(EVENT, "received_at", at()),
    *wrong_types(EVENT, "", 1),
    *wrong_types(EVENT, "data", {"text": "x" * 33_000}, {"text": "é" * 17_000}, {str(n): n for n in range(4_000)}),
    *wrong_types(EVENT, "data", nested(65), nested(100)),
    Bad('{"type":"a","service":"b","data":{"a":' + "[" * 100 + "]" * 100 + "}}", INVALID, "data"),
    *times(EVENT),
]
METRICS = [
    Bad("{}", INVALID, None),
    Bad('{"name":"a"}', INVALID, "value"),
    Bad('{"value":1}', INVALID, "name"),
    *wrong_types(METRIC, "name", None, "", 1, True, [], {}, "a" * 129, *CONTROLS),
    *wrong_types(METRIC, "value", None, "1", "", True, False, [], {}, 10**400, -(10**400)),
    *wrong_types(METRIC, "unit", 1, True, [], {}, "a" * 33, *CONTROLS),
    *wrong_types(METRIC, "tags", 1, True, "a", [], ["a"], {f"t{n}": "x" for n in range(33)}),
    changed(METRIC, "tags", {"a": 1}, field="tags.a.value"),
    changed(METRIC, "tags", {"a": None}, field="tags.a.value"),
    changed(METRIC, "tags", {"a": ["b"]}, field="tags.a.value"),
    changed(METRIC, "tags", {"a": "b" * 257}, field="tags.a.value"),
    changed(METRIC, "tags", {"a": "b\nc"}, field="tags.a.value"),
    changed(METRIC, "tags", {"": "b"}, field="tags..key"),
    changed(METRIC, "tags", {"a\n": "b"}, field="tags.a\n.key"),
    *wrong_types(METRIC, "id", "", 1, "a" * 129, *CONTROLS),
    *wrong_types(METRIC, "labels", {}),
    changed(METRIC, "name", "events", "reserved_name"),
    *(
        Bad(json.dumps({**METRIC, "name": name, "value": -1}), "negative_value", "value")
        for name in ("requests", "errors", "latency")
    ),
    *times(METRIC),
]
BEATS = [
    Bad("{}", INVALID, None),
    Bad('{"status":"healthy"}', INVALID, "service"),
    Bad('{"service":"a"}', INVALID, "status"),
    *wrong_types(BEAT, "service", None, "", 1, True, [], {}, "a" * 129, *CONTROLS),
    *wrong_types(BEAT, "status", None, "", "Healthy", "ok", "down", "stale", 1, True, [], {}),
    *wrong_types(BEAT, "metrics", 1, True, "a", []),
    *wrong_types(BEAT, "timestamp", at()),
    *(
        changed(BEAT, "metrics", {figure: value}, field=f"metrics.{figure}")
        for figure in ("request_count", "error_count", "avg_latency", "uptime")
        for value in (-1, -0.5, "1", True, [], {}, 10**400)
    ),
    *wrong_types(BEAT, "metrics", {"text": "x" * 33_000}, nested(100)),
]


def named(case: Bad) -> str:
    """A test id that does not depend on the time."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", "then", case.text)
    return f"{case.field}-{case.code}-{text[-40:]}".encode("ascii", "backslashreplace").decode()


def check_single(server: Server, path: str, kind: str, bad: Bad) -> None:
    with counted(server, kind, drops={bad.code: 1}):
        problem = check_problem(post(server, path, bad.text.encode()), 422, bad.code)
    if bad.field is not None:
        assert list(problem["fields"]) == [bad.field]
        assert bad.code != INVALID or bad.field in problem["message"]


@pytest.mark.parametrize("bad", EVENTS, ids=named)
def test_a_bad_event_is_a_422_that_names_the_field(shared_server: Server, bad: Bad) -> None:
    check_single(shared_server, "/events", "events", bad)


@pytest.mark.parametrize("bad", METRICS, ids=named)
def test_a_bad_metric_is_a_422_that_names_the_field(shared_server: Server, bad: Bad) -> None:
    check_single(shared_server, "/metrics", "metrics", bad)


@pytest.mark.parametrize("bad", BEATS, ids=named)
def test_a_bad_heartbeat_is_a_422_that_names_the_field(shared_server: Server, bad: Bad) -> None:
    check_single(shared_server, "/heartbeat", "heartbeats", bad)


@pytest.mark.parametrize(("path", "kind", "good", "bads"), [
    ("/events", "events", EVENT, EVENTS),
    ("/metrics", "metrics", METRIC, METRICS),
])  # fmt: skip
@pytest.mark.parametrize("form", ["array", "object", "lines"])
def test_bad_items_do_not_affect_good_ones_in_a_batch(
    shared_server: Server, path: str, kind: str, good: dict[str, Any], bads: list[Bad], form: str
) -> None:
    whole = json.dumps(good)
    for start in range(0, len(bads), 50):
        some = bads[start : start + 50]
        items = [text for bad in some for text in (whole, bad.text)]
        body = {
            "array": "[" + ",".join(items) + "]",
            "object": '{"' + kind + '":[' + ",".join(items) + "]}",
            "lines": "\n".join(items),
        }[form]
        drops: dict[str, int] = {}
        for bad in some:
            drops[bad.code] = drops.get(bad.code, 0) + 1
        with counted(shared_server, kind, accepted=len(some), drops=drops):
            media_type = "application/x-ndjson" if form == "lines" else "application/json"
            answer = post(shared_server, path, body.encode(), media_type)
        assert answer.status_code == 200
        receipt = answer.json()
        assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (len(some), 0, len(some))
        assert [(error["index"], error["code"]) for error in receipt["errors"]] == [
            (2 * place + 1, bad.code) for place, bad in enumerate(some)
        ]
        for error, bad in zip(receipt["errors"], some, strict=True):
            assert error["message"]
            assert bad.field is None or error["field"] == bad.field


@pytest.mark.parametrize("text", ["null", "1", '"a"', "true", "[]", "[[]]"])
def test_an_item_that_is_not_an_object_is_rejected(shared_server: Server, text: str) -> None:
    with counted(shared_server, accepted=1, drops={INVALID: 1}):
        answer = post(shared_server, "/events", f"[{text},{json.dumps(EVENT)}]".encode())
    assert answer.json()["errors"][0].items() >= {"index": 0, "code": INVALID}.items()


def test_all_unknown_fields_are_named_at_once(shared_server: Server) -> None:
    answer = shared_server.post("/events", {**EVENT, "colour": 1, "size": 2, "type": 3})
    problem = check_problem(answer, 422, INVALID, "colour", "size", "type")
    assert all(name in problem["message"] for name in ("colour", "size", "type"))


def test_a_server_works_after_all_bad_items(shared_server: Server) -> None:
    check_still_works(shared_server)
