"""Exports by a real server: formats, file names, compression, memory, slow readers, and detectable failures."""

import csv
import gzip
import io
import json
import re
import socket
import time
from codecs import BOM_UTF8
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.wire import (
    check_problem,
    check_still_works,
    connect,
    eventually,
    head,
    resident_mib,
    unique,
    worker_pid,
)
from tests.server import GUNICORN, Server

KINDS = ("events", "metrics", "services", "hourly", "daily")
TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson", "json": "application/json"}
JSON = {"Content-Type": "application/json"}
PLAIN = {"Accept-Encoding": "identity"}
MINUTE = timedelta(minutes=1)
MANY = 400_000
MILLION = 1_000_000
LIMIT = 50.0
"""MB that an export may need in addition to the stored records."""


def ask(server: Server, path: str, **more: Any) -> requests.Response:
    return requests.get(server.url + path, timeout=30, **{"headers": PLAIN, **more})


@pytest.mark.parametrize("format_", TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_exported_in_each_format_with_a_file_name(shared_server: Server, kind: str, format_: str) -> None:
    service = unique("export")
    shared_server.post("/events", {"type": "request", "service": service, "data": {"status": 200}})
    shared_server.post("/metrics", {"name": "cpu", "value": 1, "tags": {"service": service}})
    answer = ask(shared_server, f"/export/{kind}?format={format_}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == TYPES[format_]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in answer.headers
    name = re.fullmatch(rf'attachment; filename="{kind}-(.*Z)\.{format_}"', answer.headers["Content-Disposition"])
    assert name is not None
    made = datetime.strptime(name[1], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - made) < MINUTE
    if format_ == "csv":
        names, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True)
        assert rows
        assert all(len(cells) == len(names) for cells in rows)
    else:
        lines = answer.json()[kind] if format_ == "json" else list(map(json.loads, answer.content.splitlines()))
        assert lines
        assert all(isinstance(line, dict) for line in lines)


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_table_may_begin_with_a_byte_order_mark(shared_server: Server, kind: str, accepted: str) -> None:
    filters = "&from=2024-01-15T10:30:00Z&to=2024-01-16T10:30:00Z" if kind in ("hourly", "daily") else "&service=é"
    shared_server.post("/events", {"type": "ä", "service": "é"})
    shared_server.post("/metrics", {"name": "ä", "value": 1, "tags": {"service": "é"}})
    headers = {"Accept-Encoding": accepted}
    plain, unmarked, marked = (
        ask(shared_server, f"/export/{kind}?format=csv{filters}{bom}", headers=headers)
        for bom in ("", "&bom=0", "&bom=1")
    )
    assert marked.status_code == 200
    assert marked.headers["Content-Type"] == TYPES["csv"]
    assert not plain.content.startswith(BOM_UTF8)
    assert not unmarked.content.startswith(BOM_UTF8)
    plain_rows, unmarked_rows, marked_rows = (
        without_uptime(answer.content.decode("utf-8-sig")) for answer in (plain, unmarked, marked)
    )
    assert plain_rows == unmarked_rows == marked_rows
    assert marked.content.startswith(BOM_UTF8)
    assert "ä" in marked.content.decode("utf-8-sig") or kind not in ("events", "metrics")


def without_uptime(text: str) -> list[dict[str, str]]:
    """Rows of a table without the uptime, which changes between requests."""
    return [
        {name: value for name, value in row.items() if name != "uptime_hours"}
        for row in csv.DictReader(io.StringIO(text))
    ]


def test_the_default_format_is_ndjson(shared_server: Server) -> None:
    assert ask(shared_server, "/export/events").headers["Content-Type"] == TYPES["ndjson"]


def test_an_export_is_gzipped_if_accepted(shared_server: Server) -> None:
    service = unique("zip")
    shared_server.post("/events", [{"type": "a", "service": service, "data": {"n": n}} for n in range(1_000)])
    plain = ask(shared_server, f"/export/events?service={service}")
    for accepted, packed in (("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("", False)):
        answer = ask(
            shared_server, f"/export/events?service={service}", headers={"Accept-Encoding": accepted}, stream=True
        )
        body = answer.raw.read(decode_content=False)
        assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None), accepted
        assert (gzip.decompress(body) if packed else body) == plain.content


@pytest.mark.parametrize("kind", ["events", "metrics"])
@pytest.mark.parametrize("format_", ["json", "ndjson"])
def test_json_exports_can_be_posted_unchanged(shared_server: Server, kind: str, format_: str) -> None:
    service = unique("back")
    item = {"type": "a", "service": service} if kind == "events" else {"name": service, "value": 1}
    shared_server.post(f"/{kind}", [{**item, "id": f"{service}-{n}"} for n in range(3)])
    asked = "service" if kind == "events" else "name"
    exported = ask(shared_server, f"/export/{kind}?{asked}={service}&format={format_}")
    headers = {"Content-Type": exported.headers["Content-Type"]}
    receipt = requests.post(f"{shared_server.url}/{kind}", exported.content, headers=headers, timeout=10).json()
    assert receipt == {"accepted": 0, "duplicates": 3, "rejected": 0, "errors": []}


def test_head_has_the_same_headers_without_rows(shared_server: Server) -> None:
    answer = requests.head(f"{shared_server.url}/export/events?format=csv", headers=PLAIN, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == TYPES["csv"]
    assert answer.headers["Content-Disposition"].endswith('.csv"')


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/export/events?typ=a", "typ"),
        ("/export/events?format=xml", "format"),
        ("/export/events?format=csv&format=csv", "format"),
        ("/export/events?from=yesterday", "from"),
        ("/export/events?name=cpu", "name"),
        ("/export/metrics?type=a", "type"),
        ("/export/metrics?tag.=a", "tag."),
        ("/export/metrics?tag.a=1&tag.a=2", "tag.a"),
        ("/export/services?from=2024-01-15T10:30:00Z", "from"),
        ("/export/hourly?service=a", "service"),
        ("/export/daily?limit=1", "limit"),
        ("/export/events?bom=1", "bom"),
        ("/export/events?bom=1&format=json", "bom"),
        ("/export/daily?bom=1&format=ndjson", "bom"),
        ("/export/events?bom=2&format=csv", "bom"),
        ("/export/metrics?bom=true&format=csv", "bom"),
        ("/export/events?bom=1&bom=1&format=csv", "bom"),
    ],
)
def test_a_wrong_parameter_is_refused_and_named(shared_server: Server, path: str, field: str) -> None:
    check_problem(ask(shared_server, path), 422, "validation_failed", field)


def test_an_unknown_kind_is_not_found_and_nothing_can_be_posted(shared_server: Server) -> None:
    check_problem(ask(shared_server, "/export/heartbeats"), 404, "not_found")
    check_problem(shared_server.post("/export/events", []), 405, "method_not_allowed")


def test_filters_combine(shared_server: Server) -> None:
    service = unique("filter")
    now = datetime.now(UTC)
    events = [
        {
            "type": type_,
            "service": service,
            "timestamp": (now - timedelta(minutes=n)).isoformat(),
            "id": f"{service}-{n}",
        }
        for n, type_ in enumerate("abcab")
    ]
    shared_server.post("/events", events)
    since, until = (now - 3 * MINUTE).isoformat(), now.isoformat()
    answer = ask(shared_server, "/export/events", params={"service": service, "type": "a", "from": since, "to": until})
    assert [row["id"] for row in map(json.loads, answer.content.splitlines())] == [f"{service}-3"]
    metrics = [{"name": "cpu", "value": n, "tags": {"service": service, "host": f"h{n}"}} for n in range(3)]
    shared_server.post("/metrics", metrics)
    answer = ask(shared_server, "/export/metrics", params={"service": service, "tag.host": "h1", "format": "json"})
    assert [row["value"] for row in answer.json()["metrics"]] == [1]


def test_a_failed_export_does_not_look_complete(start_server: StartServer) -> None:
    server = start_server(command=(*GUNICORN[:-1], "tests.edge.breaking_export:app"))
    server.post("/events", [{"type": "a", "service": "s", "data": {"x": "x" * 1_000}} for _ in range(200)])
    for format_ in TYPES:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            ask(server, f"/export/events?format={format_}")
    with connect(server) as raw:
        raw.sendall(head(server, "/export/events", method="GET"))
        received = b""
        while part := raw.recv(65_536):
            received += part
    assert b"Transfer-Encoding: chunked" in received
    assert not received.endswith(b"0\r\n\r\n")
    check_still_works(server)


def test_readers_that_stall_or_disconnect_do_not_disturb_others(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_EVENTS_RING": "50000"})
    for _ in range(5):
        server.post("/events", [{"type": "a", "service": "s", "data": {"x": "x" * 300}} for _ in range(10_000)])
    before = resident_mib(worker_pid(server))
    stalled = [socket.socket() for _ in range(20)]
    try:
        for reader in stalled:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(head(server, "/export/events", method="GET"))
            assert reader.recv(15) == b"HTTP/1.1 200 OK"
        started = time.monotonic()
        for _ in range(8):
            server.post("/events", [{"type": "b", "service": "s", "data": {"x": "y" * 300}} for _ in range(10_000)])
            assert server.get("/health/ready")["status"] == "ready"
        assert time.monotonic() - started < 10
        assert len(ask(server, "/export/events?type=b").content.splitlines()) == 50_000
        assert resident_mib(worker_pid(server)) - before < LIMIT
    finally:
        for reader in stalled:
            reader.close()
    check_still_works(server)
    assert "Traceback" not in server.log()


def open_files(server: Server) -> set[str]:
    """The open files of the worker; the name of a socket is unique."""
    found = set()
    for descriptor in Path(f"/proc/{worker_pid(server)}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return found


def test_a_reader_that_stalls_for_too_long_is_disconnected(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_SEND_TIMEOUT": "0.3"})
    server.post("/events", [{"type": "a", "service": "s", "data": {"x": "x" * 3_000}} for _ in range(3_000)])
    before = open_files(server)
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stalled.connect(("127.0.0.1", server.port))
        stalled.sendall(head(server, "/export/events", method="GET"))
        (own,) = eventually(lambda: open_files(server) - before)
        eventually(lambda: own not in open_files(server))
    check_still_works(server)
    assert "Traceback" not in server.log()


EVENT = {"type": "request", "service": "web", "user_id": "user-123", "data": {"endpoint": "/cart", "status": 200}}


@pytest.fixture
def full(start_server: StartServer, count: int) -> Server:
    """A server with so many events."""
    server = start_server({"ANALYTICS_EVENTS_RING": str(count)})
    body = json.dumps([EVENT] * 10_000).encode()
    with requests.Session() as session:
        for _ in range(count // 10_000):
            answer = session.post(
                f"{server.url}/events", body, headers={"Content-Type": "application/json"}, timeout=30
            )
            assert answer.json()["accepted"] == 10_000
    eventually(lambda: server.get("/stats")["totals"]["events_kept"] == count)
    return server


@pytest.mark.parametrize(("count", "limit"), [(MANY, LIMIT / 2), pytest.param(MILLION, LIMIT, marks=pytest.mark.long)])
def test_large_exports_need_constant_memory_and_yield_to_others(full: Server, count: int, limit: float) -> None:
    pid = worker_pid(full)
    before, most, rows, waits = resident_mib(pid), 0.0, 0, [0.0]
    with ask(full, "/export/events?format=csv", stream=True) as answer:
        for number, chunk in enumerate(answer.raw.stream(1 << 18, decode_content=False)):
            rows += chunk.count(b"\r\n")
            if number % 20 == 0:
                most = max(most, resident_mib(pid))
                started = time.perf_counter()
                full.post("/events", EVENT)
                waits.append(time.perf_counter() - started)
    assert rows >= count - 2 * len(waits)  # the rows that newer ones evicted
    assert rows <= count + 1
    assert (most - before) * 1.048576 < limit
    assert max(waits) < 2
