"""Odd but valid items: accepted, returned unchanged, and harmless for later reads."""

import json
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.items import at, nested
from tests.edge.wire import check_problem, check_still_works, counted, post, unique
from tests.server import Server

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert('1')>",
    "'; DROP TABLE events; --",
    "{{7*7}}",
    "../../etc/passwd",
    "a b",
    "naïve 🚀 日本語 \u202eabc",
    "__proto__",
    "constructor",
    "a" * 128,
    "🚀" * 128,
    "\\",
    '"',
    "%00",
    "null",
    "\u2028",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_printable_text_is_a_name_and_is_returned_unchanged(shared_server: Server, name: str) -> None:
    with counted(shared_server, accepted=1):
        event = {"type": name, "service": "hostile", "user_id": name, "id": unique("x")[:9] + name[:100]}
        assert shared_server.post("/events", {**event, "data": {name: name}}).status_code == 201
    answer = shared_server.get("/events", params={"service": "hostile", "type": name, "user_id": name})
    stored = answer["events"][0]
    assert {key: stored[key] for key in (*event, "data")} == {**event, "data": {name: name}}
    assert name in shared_server.get("/stats")["events_by_type"]


def test_html_in_names_is_only_returned_as_json(shared_server: Server) -> None:
    html = "<b>x</b>"
    shared_server.post("/events", {"type": html, "service": html})
    for path in (
        "/events",
        "/dashboard",
        "/services",
        "/stats",
        f"/services/{html}/metrics",
        f"/services/{html}x/metrics",
    ):
        answer = requests.get(shared_server.url + path, timeout=10)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ('{"type":"first","type":"last","service":"odd"}', {"type": "last"}),
        ('{"type":"a\\u00e9\\ud83d\\ude80","service":"odd"}', {"type": "aé🚀"}),
        ('{"\\u0074ype":"escaped key","service":"odd"}', {"type": "escaped key"}),
        ('{"type":"null","service":"odd","user_id":null,"data":null,"id":null,"timestamp":null}', {"user_id": None}),
        ('{"type":"no user","service":"odd","user_id":""}', {"user_id": ""}),
        ('{"type":"controls in data","service":"odd","data":{"a":"x\\u0000\\n"}}', {"data": {"a": "x\0\n"}}),
        ('{"type":"64 levels","service":"odd","data":' + json.dumps(nested(64)) + "}", {"data": nested(64)}),
        ('{"type":"brackets in text","service":"odd","data":{"a":"' + "[{" * 200 + '"}}', {"data": {"a": "[{" * 200}}),
        ('{"type":"int64","service":"odd","data":{"n":9223372036854775807}}', {"data": {"n": 2**63 - 1}}),
        ('{"type":"uint64","service":"odd","data":{"n":18446744073709551615}}', {"data": {"n": 2**64 - 1}}),
        ('{"type":"small","service":"odd","data":{"n":-0.0,"e":1e-300}}', {"data": {"n": 0, "e": 1e-300}}),
        ('{"type":"strange","service":"odd","data":{"status":"500","latency":"x","endpoint":5}}', {}),
        ('{"type":"request","service":"odd","data":{"status":true,"latency":-1,"endpoint":[]}}', {}),
    ],
)
def test_odd_but_valid_events_are_accepted(shared_server: Server, text: str, stored: dict[str, Any]) -> None:
    with counted(shared_server, accepted=1):
        answer = post(shared_server, "/events", text.encode())
        assert answer.status_code == 201, answer.text
    newest = shared_server.get("/events?service=odd&limit=1")["events"][0]
    assert {name: newest[name] for name in stored} == stored


@pytest.mark.parametrize("number", ["1" + "0" * 30, "-" + "9" * 25, "18446744073709551616"])
def test_an_integer_beyond_64_bits_is_kept_or_refused_but_never_a_500(shared_server: Server, number: str) -> None:
    answer = post(shared_server, "/events", f'{{"type":"big","service":"big","data":{{"n":{number}}}}}'.encode())
    if answer.status_code == 201:
        assert shared_server.get("/events?service=big&limit=1")["events"][0]["data"]["n"] == pytest.approx(int(number))
    else:
        check_problem(answer, 400)


RIGHT_TIMES = {
    "soon": at(seconds=240),
    "months ago": at(days=-89),
    "+00:00": at(hours=-1)[:-1] + "+00:00",
    "small letters": at(hours=-1).lower(),
    "whole seconds": at(hours=-1)[:19] + "Z",
    "+01:00": at(hours=-1)[:19] + "+01:00",
    "-05:30": at(hours=-9)[:19] + "-05:30",
    "nanoseconds": at(hours=-1)[:19] + ".123456789Z",
}


@pytest.mark.parametrize("stamp", RIGHT_TIMES.values(), ids=RIGHT_TIMES)
def test_every_valid_time_is_accepted_and_returned_in_utc(shared_server: Server, stamp: str) -> None:
    service = unique("times")
    with counted(shared_server, accepted=1):
        answer = shared_server.post("/events", {"type": "late", "service": service, "timestamp": stamp})
        assert answer.status_code == 201, answer.text
    event = shared_server.get(f"/events?service={service}")["events"][0]
    meant = datetime.fromisoformat(stamp.upper()[:26] + stamp.upper()[29:] if "456789" in stamp else stamp.upper())
    assert abs(datetime.fromisoformat(event["timestamp"]) - meant) < timedelta(milliseconds=1)
    assert event["timestamp"].endswith("Z")
    assert event["received_at"].endswith("Z")


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "temperature", "value": -40},
        {"name": "tiny", "value": 5e-324},
        {"name": "huge", "value": 1e99},
        {"name": "zero", "value": -0.0},
        {"name": "requests", "value": 0},
        {"name": "latency", "value": 0.5, "tags": {}},
        {"name": "none", "value": 1, "unit": None, "tags": None, "timestamp": None, "id": None},
        {"name": "32 tags", "value": 1, "tags": {f"t{n}": "x" * 256 for n in range(32)}},
        {"name": "big integer", "value": 2**70},
    ],
)
def test_odd_but_valid_metrics_are_accepted(shared_server: Server, metric: dict[str, Any]) -> None:
    with counted(shared_server, "metrics", accepted=1):
        answer = shared_server.post("/metrics", metric)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        None,
        {"request_count": 0, "error_count": 0.0},
        {"request_count": None},
        {"version": "1.2", "queue": {"depth": 3}},
        {"request_count": 2**63},
    ],
)
def test_odd_but_valid_heartbeats_are_accepted(shared_server: Server, metrics: dict[str, Any] | None) -> None:
    service = unique("beats")
    with counted(shared_server, "heartbeats", accepted=1):
        answer = shared_server.post("/heartbeat", {"service": service, "status": "maintenance", "metrics": metrics})
        assert answer.status_code == 200, answer.text
    assert shared_server.get(f"/services/{service}/metrics")["status"] == "maintenance"


DETAILS = (
    '{"status":' + "9" * 400 + "}",
    '{"latency":1' + "0" * 400 + "}",
    '{"latency":-1' + "0" * 400 + "}",
    '{"status":500,"status":200,"latency":1,"latency":2}',
    '{"status":5e2,"latency":"12","endpoint":null}',
    '{"status":[500],"latency":{"p50":1},"endpoint":["/a"]}',
    '{"endpoint":"' + "x" * 5_000 + '"}',
    '{"endpoint":"a\\u0000\\ud83d\\ude80"}',
    '{"latency":true,"latency_ms":false,"status":true}',
    '{"latency":null,"latency_ms":7}',
    '{"more":' + "9" * 400 + "}",
    "null",
    "{}",
)


def test_data_of_any_kind_does_not_break_later_reads(start_server: StartServer) -> None:
    server = start_server()
    taken = {"request": 0, "error": 0}
    for kind, data in product(taken, DETAILS):
        item = f'{{"type":"{kind}","service":"details","data":{data}}}'
        answer = post(server, "/events", f'[{item},{{"type":"{kind}","service":"details"}}]'.encode())
        assert answer.status_code in (200, 400), (data[:60], answer.text)
        taken[kind] += answer.json().get("accepted", 0)
        for path in ("/dashboard", "/services/details/metrics", "/events?service=details", "/metrics"):
            answer = requests.get(server.url + path, headers={"Connection": "close"}, timeout=10)
            assert answer.status_code == 200, (data[:60], path)
    assert server.get("/stats")["events_by_type"] == taken
    assert server.get("/services/details/metrics")["request_count"] == taken["request"]
    assert min(taken.values()) >= 2 * (len(DETAILS) - 4)


def test_numbers_at_the_edge_of_range_do_not_break_later_reads(start_server: StartServer) -> None:
    """Whether accepted or refused: an infinite sum must not make later reads fail."""
    server, service = start_server(), "edge"
    tags = {"service": service, "endpoint": "/x"}
    for value in (1.7e308, -1.7e308, 1e300):
        for name in ("gauge", "requests", "errors", "latency"):
            answer = server.post("/metrics", [{"name": name, "value": value, "tags": tags}] * 3)
            assert answer.status_code in (200, 400), answer.text
    for count in (1.7e308, 0, 1.7e308, 10):
        figures = {"request_count": count, "error_count": count, "avg_latency": count, "uptime": count}
        answer = server.post("/heartbeat", {"service": "beats", "status": "healthy", "metrics": figures})
        assert answer.status_code in (200, 422), answer.text
    slow = {"endpoint": "/x", "latency": 1.7e308}
    answer = server.post("/events", [{"type": "request", "service": service, "data": slow}] * 3)
    assert answer.status_code in (200, 400), answer.text
    paths = ["/dashboard", "/services", "/stats", "/stats/hourly", "/stats/daily", "/metrics", "/events"]
    paths += [f"/services/{name}/metrics" for name in (service, "beats")]
    paths += [
        f"/series?name={name}&service={service}&agg={agg}"
        for name in ("gauge", "requests", "latency")
        for agg in ("sum", "avg", "rate", "max", "p99")
    ]
    answers = {path: requests.get(server.url + path, headers={"Connection": "close"}, timeout=10) for path in paths}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code not in (200, 404)} == {}
    overview = answers["/dashboard"].json()["overview"]
    assert all(type(value) in (int, float) for value in overview.values()), overview
    check_still_works(server)
