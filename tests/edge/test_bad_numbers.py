"""Bad input of the protocols for numbers: each gets the error of its own protocol, and costs itself alone."""

import math
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from tests.conftest import StartServer
from tests.doors.otlp.messages import JSON, PROTOBUF, body, gauge, point
from tests.doors.otlp.messages import request as metrics
from tests.doors.prometheus.messages import message, packed, request, series
from tests.edge.wire import unique
from tests.server import Server

DAY_MS = 86_400_000
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
TEXT = "text/plain; charset=utf-8"


def now_ms() -> int:
    return int(time.time() * 1000)


def write(server: Server, data: bytes) -> requests.Response:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    return requests.post(f"{server.url}/api/v1/write", data, headers=headers, timeout=60)


def values(server: Server, selector: str) -> dict[str, float]:
    """The value of each series now, by its name."""
    found = server.get("/api/v1/query", params={"query": f"last_over_time({selector}[5m])"})["data"]["result"]
    return {each["metric"].get("__name__", ""): float(each["value"][1]) for each in found}


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"labels": [{"name": "__name__", "value": "a"}, *[{"name": "x", "value": "1"}] * 2]}, "'x' is given twice"),
        (series({"__name__": "n" * 10_240}), "is longer than 256 characters"),
        (series({"__name__": "n", "n" * 10_240: "v"}), "is longer than 256 characters"),
        (series({"__name__": "n", "l": "v" * 10_240}), "is longer than 1024 characters"),
        (series({"__name__": "n_total"}, math.nan), "nan of 'n_total' is not a finite number"),
        (series({"__name__": "n"}, math.inf), "inf of 'n' is not a finite number"),
        (series({"__name__": "n"}, -math.inf), "-inf of 'n' is not a finite number"),
        (series({"__name__": "n"}, 1.0, at=now_ms() + DAY_MS), "is more than 300 seconds ahead"),
        (series({"__name__": "n"}, 1.0, at=now_ms() - 3_652 * DAY_MS), "the oldest day that is kept"),
    ],
)
def test_a_bad_series_of_remote_write_costs_itself_alone(shared_server: Server, bad: Any, text: str) -> None:
    if not bad.get("samples"):
        bad = {**bad, "samples": [{"value": 1.0, "timestamp": now_ms()}]}
    elif bad["samples"][0]["timestamp"] == series({}, 1.0)["samples"][0]["timestamp"]:
        bad["samples"][0]["timestamp"] = now_ms()
    job = unique("beside")
    answer = write(shared_server, request(bad, series({"__name__": "good", "job": job}, 7.0, at=now_ms())))
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, TEXT)
    assert answer.text.startswith("1 of 2 samples were rejected: ")
    assert text in answer.text
    assert values(shared_server, f'{{job="{job}"}}') == {"good": 7.0}


@pytest.mark.parametrize("what", ["half a block", "another message", "JSON", "nothing compressed"])
def test_a_body_of_remote_write_that_cannot_be_read_records_nothing(shared_server: Server, what: str) -> None:
    job = unique("unread")
    good = request(series({"__name__": "good", "job": job}, 7.0, at=now_ms()))
    otlp = body(metrics(gauge("good", point(asInt="7")), service_name=job), PROTOBUF)
    bodies = {
        "half a block": good[: len(good) // 2],
        "another message": packed(otlp),
        "JSON": packed(b'{"timeseries": []}'),
        "nothing compressed": b'{"timeseries": []}',
    }
    answer = write(shared_server, bodies[what])
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, TEXT)
    assert values(shared_server, f'{{job="{job}"}}') == values(shared_server, f'{{service="{job}"}}') == {}


def test_stale_markers_and_samples_out_of_order_are_no_error(shared_server: Server) -> None:
    job, now = unique("ends"), now_ms()
    sent = [
        series({"__name__": "ended", "job": job}, 3.0, STALE, at=now - 2_000),
        series({"__name__": "good_total", "job": job}, 5.0, at=now - 9_000),
        series({"__name__": "good_total", "job": job}, 20.0, at=now - 1_000),
        series({"__name__": "good_total", "job": job}, 8.0, at=now - 5_000),
        series({"__name__": "good_total", "job": job}, 20.0, at=now - 1_000),
    ]
    assert write(shared_server, request(*sent)).status_code == 204
    query = {"query": f'{{job="{job}"}}'}
    found = shared_server.get("/api/v1/query", params=query)["data"]["result"]
    assert {each["metric"]["__name__"]: each["value"][1] for each in found} == {"good_total": "20"}


def test_a_hundred_thousand_series_in_one_request_are_answered(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_MAX_SERIES": "1000"})
    many = message(*(series({"__name__": "many", "n": str(n)}, 1.0, at=now_ms()) for n in range(100_000)))
    answer = write(server, packed(many))
    assert answer.status_code == 400
    assert "of 100000 samples were rejected: too_many_series: There is no room" in answer.text
    counted = server.get("/stats")["ingest"]["points"]
    assert counted["accepted"] + counted["rejected"] == 100_000
    kept = server.get("/api/v1/query", params={"query": "count(many)"})["data"]["result"][0]["value"][1]
    assert counted["accepted"] == int(kept)
    answer = write(server, packed(many + message(series({"__name__": "many", "n": "0"}, 1.0, at=now_ms()))))
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, TEXT)


@pytest.fixture(scope="module")
def queried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("queried") / "server.log", {}) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "form", "status", "kind", "text"),
    [
        ("/query", {"query": "sum(" + "x+" * 520_000 + "x)"}, 413, "bad_data", "larger than 1048576 bytes"),
        ("/query", {"query": "x " * 400_000}, 400, "bad_data", "more than 100,000"),
        ("/query", {"query": "(" * 100_000}, 400, "bad_data", "more than 64"),
        ("/query", {"query": 'count_over_time({__name__=~".+"}[90d:1s])'}, 422, "execution", "more than 500,000"),
        ("/query", {"query": '{__name__=~"((x{1000}){1000}){1000}"}'}, 400, "bad_data", "illegal regex"),
        ("/series", {"match[]": '{__name__=~"("}'}, 400, "bad_data", "illegal regex"),
        ("/query_range", {"query": "up", "start": "1", "end": "2", "step": "0"}, 400, "bad_data", "zero or negative"),
        ("/query_range", {"query": "up", "start": "1", "end": "9e8", "step": "1"}, 400, "bad_data", "11,000 points"),
        ("/query", {"query": "max_over_time(up[5m:0s])"}, 400, "bad_data", "greater than 0"),
    ],
)
def test_bad_queries_get_the_errors_of_prometheus(
    queried: Server, path: str, form: dict[str, str], status: int, kind: str, text: str
) -> None:
    answer = requests.post(f"{queried.url}/api/v1{path}", data=form, timeout=60)
    assert answer.status_code == status
    failure = answer.json()
    assert (failure["status"], failure["errorType"]) == ("error", kind)
    assert text in failure["error"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+b", "(a*)*b", "(x?){50}" * 10 + "x" * 50])
def test_patterns_that_blow_up_elsewhere_are_answered(queried: Server, pattern: str) -> None:
    name = "a" * 200
    assert requests.post(f"{queried.url}/api/v1/import/prometheus", f"{name} 1\n", timeout=10).status_code == 204
    answer = queried.get("/api/v1/query", params={"query": f'{{__name__=~"{pattern}"}}'})
    assert len(answer["data"]["result"]) == (pattern == "(a+)+$")


@pytest.mark.parametrize(
    ("path", "fragment"),
    [("/write", '{"error":"'), ("/api/v2/write", '{"code":"'), ("/api/v3/write_lp", '{"error":"partial write')],
)
@pytest.mark.parametrize(
    "bad",
    [
        "cpu,a=1,a=2 v=1",
        f"{'n' * 10_240} v=1",
        "cpu v=NaN",
        "cpu v=Inf",
        f"cpu v=1 {(now_ms() + DAY_MS) * 10**6}",
        f"cpu v=1 {(now_ms() - 3_652 * DAY_MS) * 10**6}",
    ],
    ids=["labels twice", "a long name", "NaN", "an infinity", "a day ahead", "ten years back"],
)
def test_a_bad_line_of_line_protocol_costs_itself_alone(
    shared_server: Server, path: str, fragment: str, bad: str
) -> None:
    service = unique("lines")
    answer = requests.post(shared_server.url + path, f"{bad}\ngood,service={service} v=7\n", timeout=10)
    assert answer.status_code in (400, 422)
    assert answer.text.startswith(fragment)
    assert values(shared_server, f'{{service="{service}"}}') == {"good_v": 7.0}


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
@pytest.mark.parametrize(
    "bad",
    [
        {"asDouble": "NaN"},
        {"asDouble": "-Infinity"},
        {"asInt": "1", "timeUnixNano": str((now_ms() + DAY_MS) * 10**6)},
        {"asInt": "1", "timeUnixNano": str((now_ms() - 3_652 * DAY_MS) * 10**6)},
    ],
    ids=["NaN", "an infinity", "a day ahead", "ten years back"],
)
def test_a_bad_point_of_otlp_is_a_partial_success(shared_server: Server, form: str, bad: dict[str, Any]) -> None:
    service, at = unique("points"), str(now_ms() * 10**6)
    good = gauge("good", point(asInt="7", timeUnixNano=at))
    sent = body(metrics(gauge("bad", point(**{"timeUnixNano": at, **bad})), good, service_name=service), form)
    answer = requests.post(f"{shared_server.url}/v1/metrics", sent, headers={"Content-Type": form}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, form)
    if form == JSON:
        assert msgspec.json.decode(answer.content)["partialSuccess"]["rejectedDataPoints"] == "1"
    assert values(shared_server, f'{{service="{service}"}}') == {"good": 7.0}


def test_another_message_than_that_of_otlp_is_a_status(shared_server: Server) -> None:
    sent = request(series({"__name__": "good"}, 7.0))
    answer = requests.post(f"{shared_server.url}/v1/metrics", sent, headers={"Content-Type": PROTOBUF}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROTOBUF)
    assert b"is not an ExportMetricsServiceRequest" in answer.content


def test_lines_that_are_bad_in_a_push_refuse_it_as_a_whole(shared_server: Server, tmp_path: Path) -> None:
    job = unique("pushed")
    for bad in ('a{x="1",x="2"} 1', "a +Inf", "a_total NaN", f"{'n' * 10_240} 1", f"a 1 {now_ms() + DAY_MS}"):
        answer = requests.put(f"{shared_server.url}/metrics/job/{job}", f"good 7\n{bad}\n", timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, TEXT)
        assert values(shared_server, f'{{job="{job}"}}') == {}
