"""Requests that ask for more than they should."""

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import count

import zstandard
from cramjam import snappy

MIB = 1024 * 1024
JSON = "Content-Type: application/json"
POLLING = "/socket.io/?EIO=4&transport=polling"


def head(method: str, path: str, *lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()


def post(path: str, body: bytes, *lines: str, media_type: str = JSON) -> bytes:
    """A whole POST."""
    return head("POST", path, media_type, f"Content-Length: {len(body)}", *lines) + body


def bombs() -> Iterator[bytes]:
    """100 MiB of zeros, and a body that is just too large, in each encoding."""
    for size in (100 * MIB, 11 * MIB):
        plain = bytes(size)
        raw = zlib.compressobj(9, wbits=-15)
        for encoding, packed in (
            ("gzip", gzip.compress(plain, 9)),
            ("deflate", zlib.compress(plain, 9)),
            ("deflate", raw.compress(plain) + raw.flush()),
            ("zstd", zstandard.ZstdCompressor(19).compress(plain)),
        ):
            yield post("/events", packed, f"Content-Encoding: {encoding}")
    for block in (bytes(snappy.compress_raw(bytes(100 * MIB))), b"\xff\xff\xff\xff\x0f"):
        yield post(
            "/api/v1/write", block, "Content-Encoding: snappy", media_type="Content-Type: application/x-protobuf"
        )
    blanks = b'{"type":"a","service":"s"}' + b" " * (10 * MIB - 100)
    yield post("/events", gzip.compress(blanks), "Content-Encoding: gzip")
    yield post("/events", gzip.compress(b"[" * (10 * MIB - 100)), "Content-Encoding: gzip")


def documents() -> Iterator[bytes]:
    """JSON that is deeply nested, or has huge numbers, keys and texts."""
    deep = 5_000_000
    number = b"9" * MIB
    for data in (
        b'{"a":' * (deep // 5) + b"1" + b"}" * (deep // 5),
        b"[" * deep + b"]" * deep,
        b'{"n":' + number + b"}",
        b'{"n":1e' + number + b"}",
        b'{"n":0.' + number + b"}",
        b'{"n":-' + b"1e308," * 100_000 + b"0}",
        b'{"' + b"k" * 8 * MIB + b'":1}',
        b'{"k":"' + b"\\u0000" * MIB + b'"}',
        b'{"k":"' + b"\\ud800" * MIB + b'"}',
        b"{" + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}",
        b"[" + b"0," * (4 * MIB) + b"0]",
        b"[" + b"[]," * (3 * MIB) + b"[]]",
    ):
        yield post("/events", b'{"type":"a","service":"s","data":' + data + b"}")
        yield post("/metrics", b'{"name":"a","value":' + data + b"}")
        yield post("/events", data)
    for value in (b"1e400", b"-1e400", number, b"0." + number, b"1e-" + number):
        yield post("/metrics", b'{"name":"a","value":' + value + b"}")
        yield post("/heartbeat", b'{"service":"a","status":"healthy","metrics":{"n":' + value + b"}}")


def batches() -> Iterator[bytes]:
    """Full batches of invalid items with different faults."""
    wrong = [
        {"type": "a"},
        {"type": "a", "service": "s", "more": 1},
        {"type": "x" * 200, "service": "s"},
        {"type": "a", "service": "s", "timestamp": "tomorrow"},
        {"type": "a", "service": "s", "data": [1]},
        {"type": "a", "service": "s", "timestamp": "2999-01-01T00:00:00Z"},
        {str(n): n for n in range(50)},
        7,
        None,
    ]
    for item in wrong:
        yield post("/events", json.dumps([item] * 10_000).encode())
    yield post("/metrics", json.dumps([{"name": "a", "value": "no"}] * 10_000).encode())
    yield post("/events", b"\n".join([b"{"] * 10_000), media_type="Content-Type: application/x-ndjson")


def collisions() -> Iterator[bytes]:
    """Keys and names whose hashes are the same in Python without randomization, or in simpler hash functions."""
    same = ["".join(("Aa", "BB")[n >> bit & 1] for bit in range(13)) for n in range(8_192)]
    numbers = [str(n * (2**61 - 1)) for n in range(20_000)]
    for keys in (same, numbers):
        half = len(keys) // 10
        data = dict.fromkeys(keys[:half], 1)
        yield post("/events", json.dumps({"type": "a", "service": "s", "data": data}).encode())
        items = [{"type": "a", "service": "s", "user_id": key, "id": key} for key in keys[:8_000]]
        yield post("/events", json.dumps(items).encode())
        metrics = [{"name": "flood", "value": 1, "tags": {"k": key}} for key in keys[:8_000]]
        yield post("/metrics", json.dumps(metrics).encode())


def texts() -> Iterator[bytes]:
    """Batches of texts that are hard for patterns, and bodies with parts of names everywhere.

    They are redacted before their time is found to be too old, so that nothing of them is kept.
    """
    old = {"timestamp": "2000-01-01T00:00:00Z"}
    units = ("eyJ-", "eyJaaaaa.", "a@", "a@b.", "4444 ", "ghp_-", "Bearer ", "password")
    many: list[str | list[str]] = [unit * (32_000 // len(unit)) for unit in units]
    for value in (*many, ["4444 4444"] * 2_500):
        yield post("/events", json.dumps([{"type": "a", "service": "s", "data": {"t": value}, **old}] * 300).encode())
    tags = {f"k{n}": "eyJ-" * 64 for n in range(16)}
    yield post("/metrics", json.dumps([{"name": "a", "value": 1, "tags": tags, **old}] * 2_000).encode())


def names() -> Iterator[bytes]:
    """Batches of records with new services, types, endpoints, users, metrics and tags."""
    for start in count(0, 1_000):
        numbers = range(start, start + 1_000)
        data = {"status": 200, "latency": 5}
        events = [
            {"type": f"t{n}", "service": f"s{n}", "user_id": f"u{n}", "data": {**data, "endpoint": f"/e/{n}"}}
            for n in numbers
        ]
        requests = [{**event, "type": "request", "service": "flooded"} for event in events]
        metrics = [{"name": f"m{n}", "value": n, "tags": {f"k{n}": f"v{n}", "service": "flooded"}} for n in numbers]
        tagged = [{"name": "tagged", "value": n, "tags": {"k": f"v{n}"}} for n in numbers]
        yield post("/events", json.dumps(events).encode())
        yield post("/events", json.dumps(requests).encode())
        yield post("/metrics", json.dumps(metrics).encode())
        yield post("/metrics", json.dumps(tagged).encode())
        for n in numbers[:5]:
            yield post("/heartbeat", b'{"service":"flooded","instance":"i%d","status":"healthy"}' % n)


def reads() -> Iterator[bytes]:
    """The most expensive reads: the largest limits, ranges and steps, and filters that match nothing."""
    far = "from=2000-01-01T00:00:00Z&to=2999-01-01T00:00:00Z"
    for path in (
        "/events?limit=1000",
        "/events?q=" + "a%00" * 60,
        "/events?q=" + "aaaaaaaaab" * 25,
        "/events?q=%5Cu00e9&limit=1000",
        "/events?since=2000-01-01T00:00:00Z&until=2999-01-01T00:00:00Z&user_id=nobody",
        "/events?limit=100000000000000000000",
        "/events?cursor=9223372036854775807&limit=1000",
        "/errors?limit=1000",
        "/stats/hourly?hours=2160",
        "/stats/daily?days=3650",
        "/services",
        "/services/flooded/metrics",
        "/services/flooded/history?limit=1000",
        "/metrics",
        "/stats",
        "/dashboard",
        *(
            f"/series?name={name}&agg={agg}&{span}"
            for name in ("requests", "latency", "events", "tagged&tag.k=v1", "tagged&tag.zone=z")
            for agg in ("p99", "sum", "unique")
            for span in (far, "step=1", "step=60", "step=7776000", f"{far}&step=86400", f"{far}&step=1")
        ),
    ):
        yield head("GET", path, "Connection: close")


def polls() -> Iterator[bytes]:
    """Reads that dashboards poll, and Socket.IO sessions that are never used."""
    for path in ("/dashboard", "/stats", "/services", "/health", "/", "/metrics", "/openapi.json", POLLING, POLLING):
        yield head("GET", path, "Connection: close")
