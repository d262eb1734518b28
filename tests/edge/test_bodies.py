"""How bodies arrive: every form, every framing, every limit; nothing that arrives badly is half recorded."""

import gzip
import json
import random
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.edge.wire import (
    BODY_LIMIT,
    booked,
    check_problem,
    check_still_works,
    chunked,
    connect,
    eventually,
    exchange,
    head,
    post,
    read_answer,
    resident_mib,
    unique,
    worker_pid,
)
from tests.server import Server

LINES = "application/x-ndjson"
JSON = "Content-Type: application/json"
MIB = 1024 * 1024


def event(service: str, **more: Any) -> dict[str, Any]:
    return {"type": "search", "service": service, **more}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def receipt(accepted: int, errors: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "duplicates": 0, "rejected": errors}


def counts(answer: Any) -> dict[str, int]:
    assert answer.status_code == 200, answer.text
    return {name: count for name, count in answer.json().items() if name != "errors"}


@pytest.mark.parametrize(
    ("media_type", "body", "accepted"),
    [
        ("application/json", b'[{"type":"a","service":"S"},{"type":"b","service":"S"}]', 2),
        ("application/json", b'{"events":[{"type":"a","service":"S"},{"type":"b","service":"S"}]}', 2),
        ("application/json", b' \r\n\t{ "events" : [ {"type":"a","service":"S"} ] } \n', 1),
        ("application/json; charset=utf-8", b'[{"type":"a","service":"S"}]', 1),
        ("APPLICATION/JSON;charset=UTF-8", b'[{"type":"a","service":"S"}]', 1),
        ("text/plain;charset=UTF-8", b'{"events":[{"type":"a","service":"S"}]}', 1),
        (LINES, b'{"type":"a","service":"S"}\n{"type":"b","service":"S"}', 2),
        (LINES, b'\n\n{"type":"a","service":"S"}\r\n \t\r\n\r\n{"type":"b","service":"S"}\r\n\n', 2),
    ],
)
def test_batches_are_read_in_every_form(shared_server: Server, media_type: str, body: bytes, accepted: int) -> None:
    service = unique("forms")
    with booked(shared_server, accepted=accepted):
        answer = post(shared_server, "/events", body.replace(b"S", service.encode()), media_type)
    assert answer.json() == {**receipt(accepted), "errors": []}
    types = [item["type"] for item in shared_server.get(f"/events?service={service}")["events"]]
    assert types == ["b", "a"][-accepted:]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "text/plain;charset=UTF-8"])
def test_a_single_event_is_read_as_json_or_as_a_beacon(shared_server: Server, media_type: str) -> None:
    with booked(shared_server, accepted=1):
        assert post(shared_server, "/events", encoded(event("beacon")), media_type).status_code == 201


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'[{"name":"cpu","value":1},{"name":"cpu","value":2}]'),
        ("application/json", b'{"metrics":[{"name":"cpu","value":1},{"name":"cpu","value":2}]}'),
        (LINES, b'{"name":"cpu","value":1}\n{"name":"cpu","value":2}\n'),
    ],
)
def test_metrics_come_in_the_same_forms(shared_server: Server, media_type: str, body: bytes) -> None:
    with booked(shared_server, "metrics", accepted=2):
        assert counts(post(shared_server, "/metrics", body, media_type)) == receipt(2)


def test_a_malformed_line_leaves_the_others(shared_server: Server) -> None:
    body = b'{"type":"a","service":"lines"}\n{"type":\n\n{"type":"b","service":"lines"}\n'
    with booked(shared_server, accepted=2, drops={"malformed_json": 1}):
        answer = post(shared_server, "/events", body, LINES)
    assert counts(answer) == receipt(2, 1)
    (error,) = answer.json()["errors"]
    assert (error["index"], error["code"]) == (1, "malformed_json")
    assert error["message"]


# What is not taken at all.

MALFORMED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "empty_body"),
    ("blanks", b" \r\n\t ", "empty_body"),
    ("an empty array", b"[]", "empty_batch"),
    ("an empty array in an object", b'{"events":[]}', "empty_batch"),
    ("half an object", b'{"type":"a",', "malformed_json"),
    ("half an array", b'[{"type":"a","service":"b"}', "malformed_json"),
    ("text behind the object", b'{"type":"a","service":"b"} x', "malformed_json"),
    ("two objects", b'{"type":"a","service":"b"}{"type":"a","service":"b"}', "malformed_json"),
    ("text behind the array", b'[{"type":"a","service":"b"}]]', "malformed_json"),
    ("no JSON", b"type=a&service=b", "malformed_json"),
    ("single quotes", b"{'type':'a','service':'b'}", "malformed_json"),
    ("a comma too many", b'{"type":"a","service":"b",}', "malformed_json"),
    ("a comment", b'{"type":"a","service":"b"/* x */}', "malformed_json"),
    ("NaN", b'{"type":"a","service":"b","data":{"x":NaN}}', "malformed_json"),
    ("Infinity", b'{"type":"a","service":"b","data":{"x":-Infinity}}', "malformed_json"),
    ("a number beyond range", b'{"type":"a","service":"b","data":{"x":1e999}}', "malformed_json"),
    ("a byte order mark", b'\xef\xbb\xbf{"type":"a","service":"b"}', "malformed_json"),
    ("UTF-16", '{"type":"a","service":"b"}'.encode("utf-16"), "malformed_json"),
    ("invalid UTF-8", b'{"type":"a\xff","service":"b"}', "malformed_json"),
    ("overlong UTF-8", b'{"type":"a\xc0\xaf","service":"b"}', "malformed_json"),
    ("a surrogate in UTF-8", b'{"type":"a\xed\xa0\x80","service":"b"}', "malformed_json"),
    ("a lone surrogate", b'{"type":"a\\ud800","service":"b"}', "malformed_json"),
    ("invalid UTF-8 in data", b'{"type":"a","service":"b","data":{"x":"\xff"}}', "malformed_json"),
    ("invalid UTF-8 in a name", b'{"type":"a","service":"b","data":{"\xff":1}}', "malformed_json"),
    ("a lone surrogate in data", b'{"type":"a","service":"b","data":{"x":"\\udc00"}}', "malformed_json"),
    ("half a surrogate pair in data", b'{"type":"a","service":"b","data":{"x":"\\ud83dx"}}', "malformed_json"),
    ("a wrong escape in data", b'{"type":"a","service":"b","data":{"x":"\\x41"}}', "malformed_json"),
    ("a raw control character in data", b'{"type":"a","service":"b","data":{"x":"\x01"}}', "malformed_json"),
    ("a comma too many in data", b'{"type":"a","service":"b","data":{"x":1,}}', "malformed_json"),
    ("a number with a leading zero in data", b'{"type":"a","service":"b","data":{"x":01}}', "malformed_json"),
    ("a raw control character", b'{"type":"a\x01","service":"b"}', "malformed_json"),
    ("NUL bytes", b"\x00\x00\x00\x00", "malformed_json"),
    ("100,000 arrays deep", b"[" * 100_000 + b"]" * 100_000, "nested_too_deeply"),
    ("100,000 objects deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested_too_deeply"),
    (
        "data nested 100,000 deep",
        b'{"type":"a","service":"b","data":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        "nested_too_deeply",
    ),
    ("100,000 opening brackets", b"[" * 100_000, "nested_too_deeply"),
]


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_malformed_bodies_are_400(shared_server: Server, body: bytes, code: str) -> None:
    with booked(shared_server, drops={code: 1}):
        check_problem(post(shared_server, "/events", body), 400, code)
    check_still_works(shared_server)


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in MALFORMED[4:]], ids=[c[0] for c in MALFORMED[4:]])
def test_malformed_heartbeats_are_400(shared_server: Server, body: bytes, code: str) -> None:
    with booked(shared_server, "heartbeats", drops={code: 1}):
        check_problem(post(shared_server, "/heartbeat", body), 400, code)


@pytest.mark.parametrize(
    ("path", "kind", "body", "media_type", "code"),
    [
        ("/metrics", "metrics", b"[]", "application/json", "empty_batch"),
        ("/metrics", "metrics", b'{"metrics":[]}', "application/json", "empty_batch"),
        ("/metrics", "metrics", b'{"name":"x","value":NaN}', "application/json", "malformed_json"),
        ("/metrics", "metrics", b'{"name":"x","value":Infinity}', "application/json", "malformed_json"),
        ("/metrics", "metrics", b'{"name":"x","value":1e999}', "application/json", "malformed_json"),
        ("/metrics", "metrics", b"\n \r\n", LINES, "empty_batch"),
        ("/events", "events", b"", LINES, "empty_batch"),
        ("/events", "events", b"\r\n\r\n", LINES, "empty_batch"),
        ("/heartbeat", "heartbeats", b"", "application/json", "malformed_json"),
    ],
)
def test_empty_and_malformed_bodies_elsewhere(
    shared_server: Server, path: str, kind: str, body: bytes, media_type: str, code: str
) -> None:
    with booked(shared_server, kind, drops={code: 1}):
        check_problem(post(shared_server, path, body, media_type), 400, code)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"null", None),
        (b"true", None),
        (b"12", None),
        (b'"text"', None),
        (b'{"events":{}}', None),
        (b'{"events":null}', None),
        (b'{"events":"x"}', None),
        (b'{"events":[{"type":"a","service":"b"}],"more":1}', "more"),
        (b'{"metrics":[{"name":"a","value":1}]}', "metrics"),
    ],
)
def test_json_that_is_no_event_is_422(shared_server: Server, body: bytes, field: str | None) -> None:
    with booked(shared_server, drops={"validation_failed": 1}):
        problem = check_problem(post(shared_server, "/events", body), 422, "validation_failed")
    assert field is None or "Unknown field." in problem["fields"][field]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (("Content-Type: application/xml",), "application/xml"),
        (("Content-Type: application/x-www-form-urlencoded",), "application/json"),
        (("Content-Type: multipart/form-data; boundary=x",), "application/json"),
        (("Content-Type: application/jsonp",), "application/json"),
        (("Content-Type: ;;;",), "application/json"),
        ((), "none"),
        ((JSON, "Content-Encoding: br"), "gzip"),
        ((JSON, "Content-Encoding: deflate"), "gzip"),
        ((JSON, "Content-Encoding: gzip, gzip"), "gzip"),
    ],
)
@pytest.mark.parametrize(
    ("path", "kind"), [("/events", "events"), ("/metrics", "metrics"), ("/heartbeat", "heartbeats")]
)
def test_unknown_types_and_encodings_are_415(
    shared_server: Server, path: str, kind: str, headers: tuple[str, ...], words: str
) -> None:
    body = encoded(event("b"))
    with booked(shared_server, kind, drops={"unsupported_media_type": 1}):
        answer = exchange(shared_server, head(shared_server, path, *headers, f"Content-Length: {len(body)}"), body)
        assert words in check_problem(answer, 415, "unsupported_media_type")["message"]


def test_a_heartbeat_does_not_come_in_lines(shared_server: Server) -> None:
    with booked(shared_server, "heartbeats", drops={"unsupported_media_type": 1}):
        check_problem(post(shared_server, "/heartbeat", b'{"service":"a","status":"healthy"}', LINES), 415)


# gzip

BATCH = encoded([event("zip"), event("zip")])


@pytest.mark.parametrize(
    ("body", "media_type", "accepted"),
    [
        (gzip.compress(BATCH), "application/json", 2),
        (gzip.compress(BATCH[:20]) + gzip.compress(BATCH[20:]), "application/json", 2),
        (gzip.compress(encoded(event("zip")) + b"\n") * 3, LINES, 3),
        (gzip.compress(b"") + gzip.compress(BATCH), "application/json", 2),
    ],
    ids=["one member", "two members", "members as lines", "an empty member first"],
)
def test_gzip_bodies_are_read(shared_server: Server, body: bytes, media_type: str, accepted: int) -> None:
    with booked(shared_server, accepted=accepted):
        assert counts(post(shared_server, "/events", body, media_type, Content_Encoding="gzip")) == receipt(accepted)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (gzip.compress(BATCH)[:-9], "malformed_gzip"),
        (gzip.compress(BATCH)[:-4], "malformed_gzip"),
        (gzip.compress(BATCH)[:12], "malformed_gzip"),
        (BATCH, "malformed_gzip"),
        (zlib.compress(BATCH), "malformed_gzip"),
        (gzip.compress(BATCH) + b"x", "malformed_gzip"),
        (gzip.compress(BATCH)[:-8] + bytes(8), "malformed_gzip"),
        (gzip.compress(b""), "empty_body"),
        (gzip.compress(gzip.compress(BATCH)), "malformed_json"),
    ],
    ids=["cut", "cut sum", "head only", "plain", "zlib", "text behind", "wrong sum", "of nothing", "twice"],
)
def test_bad_gzip_is_400(shared_server: Server, body: bytes, code: str) -> None:
    with booked(shared_server, drops={code: 1}):
        check_problem(post(shared_server, "/events", body, Content_Encoding="gzip"), 400, code)
    check_still_works(shared_server)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """128 MiB of blanks in 128 KiB."""
    part = zlib.compressobj(9, wbits=31)
    return b"".join([*(part.compress(b" " * (16 * MIB)) for _ in range(8)), part.flush()])


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzip_bomb_is_a_413_at_once_and_in_little_memory(shared_server: Server, bomb: bytes, members: int) -> None:
    pid = worker_pid(shared_server)
    before = resident_mib(pid)
    started = time.monotonic()
    with booked(shared_server, drops={"body_too_large": 3}):
        for _ in range(3):
            answer = post(shared_server, "/events", bomb * members, LINES, Content_Encoding="gzip")
            check_problem(answer, 413, "body_too_large")
    assert time.monotonic() - started < 5
    assert resident_mib(pid) - before < 48
    assert resident_mib(pid, "VmHWM") < before + 96
    check_still_works(shared_server)


def test_a_bomb_of_many_small_members_is_a_413_too(shared_server: Server) -> None:
    members = gzip.compress(b" " * MIB) * 11
    with booked(shared_server, drops={"body_too_large": 1}):
        check_problem(post(shared_server, "/events", members, Content_Encoding="gzip"), 413, "body_too_large")


def test_a_crowd_of_members_does_not_hang_the_server(shared_server: Server) -> None:
    """Copying the rest after each member would make 100,000 of them seconds, and 10 MiB of them many minutes."""
    crowd = gzip.compress(b"") * 100_000
    started = time.monotonic()
    answer = post(shared_server, "/events", crowd, Content_Encoding="gzip")
    assert time.monotonic() - started < 1.5
    check_problem(answer, 400)
    check_still_works(shared_server)


# Size

EXACTLY = encoded([event("exact", data={"text": "x"})])
AT_LIMIT = EXACTLY + b" " * (BODY_LIMIT - len(EXACTLY))


def with_length(server: Server, body: bytes, *headers: str) -> list[bytes]:
    return [head(server, "/events", JSON, f"Content-Length: {len(body)}", *headers), body]


def in_chunks(server: Server, body: bytes, *headers: str) -> list[bytes]:
    return [head(server, "/events", JSON, "Transfer-Encoding: chunked", *headers), *chunked(body)]


@pytest.mark.parametrize("framing", [with_length, in_chunks])
def test_a_body_at_the_limit_is_taken_and_a_byte_more_is_a_413(
    shared_server: Server, framing: Callable[[Server, bytes], list[bytes]]
) -> None:
    with booked(shared_server, accepted=1):
        assert exchange(shared_server, *framing(shared_server, AT_LIMIT)).status == 200
    with booked(shared_server, drops={"body_too_large": 1}):
        check_problem(exchange(shared_server, *framing(shared_server, AT_LIMIT + b" ")), 413, "body_too_large")
    check_still_works(shared_server)


def test_a_gzip_body_at_the_limit_is_taken_and_a_byte_more_is_a_413(shared_server: Server) -> None:
    with booked(shared_server, accepted=1, drops={"body_too_large": 1}):
        assert post(shared_server, "/events", gzip.compress(AT_LIMIT), Content_Encoding="gzip").status_code == 200
        too_large = post(shared_server, "/events", gzip.compress(AT_LIMIT + b" "), Content_Encoding="gzip")
        check_problem(too_large, 413, "body_too_large")


def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(shared_server: Server) -> None:
    with booked(shared_server, drops={"body_too_large": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", JSON, f"Content-Length: {2**40}"), b"[")
        check_problem(answer, 413, "body_too_large")


def test_chunks_without_end_are_a_413_in_little_memory(shared_server: Server) -> None:
    pid = worker_pid(shared_server)
    before = resident_mib(pid)
    part = b"10000\r\n%b\r\n" % (b" " * 65536)
    with booked(shared_server, drops={"body_too_large": 1}):
        lines = head(shared_server, "/events", JSON, "Transfer-Encoding: chunked")
        check_problem(exchange(shared_server, lines, *[part] * 1000), 413, "body_too_large")
    assert resident_mib(pid) - before < 48


@pytest.mark.parametrize("items", [10_000, 10_001])
@pytest.mark.parametrize("media_type", ["application/json", LINES])
def test_a_batch_may_have_ten_thousand_items(shared_server: Server, items: int, media_type: str) -> None:
    one = encoded(event("many"))
    body = b"\n".join([one] * items) if media_type == LINES else b"[" + b",".join([one] * items) + b"]"
    if items == 10_000:
        with booked(shared_server, accepted=items):
            assert counts(post(shared_server, "/events", body, media_type)) == receipt(items)
    else:
        with booked(shared_server, drops={"batch_too_large": 1}):
            problem = check_problem(post(shared_server, "/events", body, media_type), 413, "batch_too_large")
        assert "10001" in problem["message"]
        assert "10000" in problem["message"]


def test_too_many_bad_items_are_a_413_too(shared_server: Server) -> None:
    with booked(shared_server, drops={"batch_too_large": 1}):
        check_problem(post(shared_server, "/events", b"[" + b"0," * 10_000 + b"0]"), 413, "batch_too_large")


# Framing

ONE = encoded(event("framed"))
CHUNKED = (JSON, "Transfer-Encoding: chunked")


def test_a_chunked_body_works_with_extensions_and_trailers(shared_server: Server) -> None:
    body = b"%x;name=value\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(ONE), ONE)
    with booked(shared_server, accepted=2):
        assert exchange(shared_server, head(shared_server, "/events", *CHUNKED), *chunked(ONE, 7)).status == 201
        assert exchange(shared_server, head(shared_server, "/events", *CHUNKED), body).status == 201


def test_a_chunked_gzip_body_works(shared_server: Server) -> None:
    lines = head(shared_server, "/events", *CHUNKED, "Content-Encoding: gzip")
    with booked(shared_server, accepted=2):
        assert exchange(shared_server, lines, *chunked(gzip.compress(BATCH), 9)).status == 200


def test_a_client_that_expects_a_continue_gets_it(shared_server: Server) -> None:
    with booked(shared_server, accepted=1), connect(shared_server) as connection:
        lines = (JSON, "Expect: 100-continue", f"Content-Length: {len(ONE)}")
        connection.sendall(head(shared_server, "/events", *lines))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(ONE)
        assert read_answer(connection).status == 201


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((JSON, f"Content-Length: {len(ONE) + 1}"), ONE),
        ((JSON, "Content-Length: 1000"), b""),
        (CHUNKED, b"%x\r\n%b" % (len(ONE) + 9, ONE)),
        (CHUNKED, b"%x\r\n%b\r\n" % (len(ONE), ONE)),
        (CHUNKED, b""),
    ],
    ids=["a byte short", "no byte", "in a chunk", "between chunks", "before the first chunk"],
)
def test_a_body_that_ends_early_is_not_recorded(shared_server: Server, headers: tuple[str, ...], body: bytes) -> None:
    with booked(shared_server, drops={"incomplete_body": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", *headers), body, ends=True)
        check_problem(answer, 400, "incomplete_body")
    check_still_works(shared_server)


def test_a_client_that_vanishes_in_the_middle_leaves_nothing(shared_server: Server) -> None:
    rejected = shared_server.get("/stats")["drops"].get("incomplete_body", 0)
    with connect(shared_server) as connection:
        connection.sendall(head(shared_server, "/events", JSON, "Content-Length: 5000") + ONE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with a reset
    eventually(lambda: shared_server.get("/stats")["drops"].get("incomplete_body", 0) == rejected + 1)
    check_still_works(shared_server)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n" + ONE + b"\r\n0\r\n\r\n",
        b"-5\r\n" + ONE + b"\r\n0\r\n\r\n",
        b"%x\r\n%bXX0\r\n\r\n" % (len(ONE), ONE),
        b"%x\r\n%bXX0\r\n\r\n" % (len(ONE) - 3, ONE),
        b"ffffffffffffffffffff\r\n" + ONE,
    ],
    ids=["no number", "negative", "no line end", "too short", "huge"],
)
def test_wrong_chunks_are_a_400(shared_server: Server, body: bytes) -> None:
    with booked(shared_server, drops={"incomplete_body" if body.startswith(b"f") else "malformed_chunks": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", *CHUNKED), body, ends=True)
        check_problem(answer, 400)
    check_still_works(shared_server)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /health?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ],
    ids=["garbage", "negative length", "no length", "two framings", "header name", "long header", "long line"],
)
def test_what_is_no_http_gets_the_one_shape_too(shared_server: Server, request_text: bytes, status: int) -> None:
    with booked(shared_server):
        check_problem(exchange(shared_server, request_text), status)
    check_still_works(shared_server)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits."""
    limits = {"ANALYTICS_BODY_TIMEOUT": "0.5", "ANALYTICS_MAX_BODY": "2048", "ANALYTICS_MAX_BATCH": "3"}
    with Server(tmp_path_factory.mktemp("strict") / "server.log", limits) as server:
        yield server


def test_a_slow_body_is_a_408_and_its_connection_ends(strict: Server) -> None:
    for framing in ((JSON, "Content-Length: 500"), CHUNKED):
        with booked(strict, drops={"body_timeout": 1}), connect(strict, timeout=3) as connection:
            started = time.monotonic()
            connection.sendall(head(strict, "/events", *framing))
            answer = read_answer(connection)
            check_problem(answer, 408, "body_timeout")
            assert time.monotonic() - started > 0.4
            assert connection.recv(1) == b"", (
                "what comes later on this connection belongs to the body that was given up"
            )
        check_still_works(strict)


def test_a_trickling_body_is_bounded_as_a_whole(strict: Server) -> None:
    with connect(strict) as connection:
        connection.sendall(head(strict, "/events", JSON, "Content-Length: 500"))
        connection.settimeout(0.05)
        started = time.monotonic()
        heard = b""
        while not heard and time.monotonic() - started < 5:
            connection.sendall(b" ")
            try:
                heard = connection.recv(1000)
            except TimeoutError:
                continue
        assert heard.startswith(b"HTTP/1.1 408")


def test_limits_are_settings(strict: Server) -> None:
    with booked(strict, accepted=3, drops={"batch_too_large": 1, "body_too_large": 2}):
        assert counts(strict.post("/events", [event("s")] * 3)) == receipt(3)
        check_problem(strict.post("/events", [event("s")] * 4), 413, "batch_too_large")
        check_problem(post(strict, "/events", b" " * 2049), 413, "body_too_large")
        check_problem(post(strict, "/events", gzip.compress(b" " * 2049), Content_Encoding="gzip"), 413)


def test_noise_is_never_a_500(shared_server: Server) -> None:
    noise = random.Random(7)
    whole = encoded({**event("noise", data={"a": [1, 2.5, None, "é"]}), "timestamp": "2024-01-15T10:30:00Z"})
    for _ in range(200):
        body = bytearray(whole)
        for _ in range(noise.randint(1, 4)):
            body[noise.randrange(len(body))] = noise.randrange(256)
        answer = post(shared_server, "/events", bytes(body))
        assert answer.status_code in (201, 400, 422), (bytes(body), answer.text)
    check_still_works(shared_server)
