"""Forms of bodies: accepted ones, and malformed ones that are refused."""

import random

import pytest

from tests.edge.bodies import JSON, LINES, counts, encoded, event, receipt
from tests.edge.wire import check_problem, check_still_works, counted, exchange, head, post, unique
from tests.server import Server


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
def test_batches_are_accepted_in_every_form(shared_server: Server, media_type: str, body: bytes, accepted: int) -> None:
    service = unique("forms")
    with counted(shared_server, accepted=accepted):
        answer = post(shared_server, "/events", body.replace(b"S", service.encode()), media_type)
    assert answer.json() == {**receipt(accepted), "errors": []}
    types = [item["type"] for item in shared_server.get(f"/events?service={service}")["events"]]
    assert types == ["b", "a"][-accepted:]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "text/plain;charset=UTF-8"])
def test_a_single_event_is_accepted_as_json_or_as_a_beacon(shared_server: Server, media_type: str) -> None:
    with counted(shared_server, accepted=1):
        assert post(shared_server, "/events", encoded(event("beacon")), media_type).status_code == 201


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'[{"name":"cpu","value":1},{"name":"cpu","value":2}]'),
        ("application/json", b'{"metrics":[{"name":"cpu","value":1},{"name":"cpu","value":2}]}'),
        (LINES, b'{"name":"cpu","value":1}\n{"name":"cpu","value":2}\n'),
    ],
)
def test_metrics_have_the_same_forms(shared_server: Server, media_type: str, body: bytes) -> None:
    with counted(shared_server, "metrics", accepted=2):
        assert counts(post(shared_server, "/metrics", body, media_type)) == receipt(2)


def test_a_malformed_line_does_not_affect_the_others(shared_server: Server) -> None:
    body = b'{"type":"a","service":"lines"}\n{"type":\n\n{"type":"b","service":"lines"}\n'
    with counted(shared_server, accepted=2, drops={"malformed_json": 1}):
        answer = post(shared_server, "/events", body, LINES)
    assert counts(answer) == receipt(2, 1)
    (error,) = answer.json()["errors"]
    assert (error["index"], error["code"]) == (1, "malformed_json")
    assert error["message"]


# Refused bodies.

MALFORMED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "empty_body"),
    ("blanks", b" \r\n\t ", "empty_body"),
    ("an empty array", b"[]", "empty_batch"),
    ("an empty array in an object", b'{"events":[]}', "empty_batch"),
    ("half an object", b'{"type":"a",', "malformed_json"),
    ("text behind the object", b'{"type":"a","service":"b"} x', "malformed_json"),
    ("two objects", b'{"type":"a","service":"b"}{"type":"a","service":"b"}', "malformed_json"),
    ("no JSON", b"type=a&service=b", "malformed_json"),
    ("single quotes", b"{'type':'a','service':'b'}", "malformed_json"),
    ("a comma too many", b'{"type":"a","service":"b",}', "malformed_json"),
    ("a comment", b'{"type":"a","service":"b"/* x */}', "malformed_json"),
    ("NaN", b'{"type":"a","service":"b","data":{"x":NaN}}', "malformed_json"),
    ("Infinity", b'{"type":"a","service":"b","data":{"x":-Infinity}}', "malformed_json"),
    ("a number beyond range", b'{"type":"a","service":"b","data":{"x":1e999}}', "malformed_json"),
    ("UTF-16", '{"type":"a","service":"b"}'.encode("utf-16"), "malformed_json"),
    ("invalid UTF-8", b'{"type":"a\xff","service":"b"}', "malformed_json"),
    ("overlong UTF-8", b'{"type":"a\xc0\xaf","service":"b"}', "malformed_json"),
    ("a surrogate in UTF-8", b'{"type":"a\xed\xa0\x80","service":"b"}', "malformed_json"),
    ("invalid UTF-8 in data", b'{"type":"a","service":"b","data":{"x":"\xff"}}', "malformed_json"),
    ("invalid UTF-8 in a name", b'{"type":"a","service":"b","data":{"\xff":1}}', "malformed_json"),
    ("a wrong escape in data", b'{"type":"a","service":"b","data":{"x":"\\x41"}}', "malformed_json"),
    ("a raw control character in data", b'{"type":"a","service":"b","data":{"x":"\x01"}}', "malformed_json"),
    ("a comma too many in data", b'{"type":"a","service":"b","data":{"x":1,}}', "malformed_json"),
    ("a number with a leading zero in data", b'{"type":"a","service":"b","data":{"x":01}}', "malformed_json"),
    ("a raw control character", b'{"type":"a\x01","service":"b"}', "malformed_json"),
    ("NUL bytes", b"\x00\x00\x00\x00", "malformed_json"),
    ("100,000 objects deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested_too_deeply"),
    (
        "data nested 90,000 deep",
        b'{"type":"a","service":"b","data":{"x":' + b"[" * 90_000 + b"]" * 90_000 + b"}}",
        "nested_too_deeply",
    ),
    ("100,000 opening brackets", b"[" * 100_000, "nested_too_deeply"),
]


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_malformed_bodies_are_400(shared_server: Server, body: bytes, code: str) -> None:
    with counted(shared_server, drops={code: 1}):
        check_problem(post(shared_server, "/events", body), 400, code)
    check_still_works(shared_server)


@pytest.mark.parametrize(("body", "code"), [case[1:] for case in MALFORMED[4:]], ids=[c[0] for c in MALFORMED[4:]])
def test_malformed_heartbeats_are_400(shared_server: Server, body: bytes, code: str) -> None:
    with counted(shared_server, "heartbeats", drops={code: 1}):
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
        ("/heartbeat", "heartbeats", b"", "application/json", "empty_body"),
    ],
)
def test_empty_and_malformed_bodies_elsewhere(
    shared_server: Server, path: str, kind: str, body: bytes, media_type: str, code: str
) -> None:
    with counted(shared_server, kind, drops={code: 1}):
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
def test_json_that_is_not_an_event_is_422(shared_server: Server, body: bytes, field: str | None) -> None:
    with counted(shared_server, drops={"validation_failed": 1}):
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
        ((JSON, "Content-Encoding: br"), "send gzip, deflate, zstd or none"),
        ((JSON, "Content-Encoding: snappy"), "send gzip, deflate, zstd or none"),
        ((JSON, "Content-Encoding: gzip, gzip"), "'gzip, gzip' is not supported"),
        ((JSON, "Content-Encoding: gzip, zstd"), "'gzip, zstd' is not supported"),
    ],
)
@pytest.mark.parametrize(
    ("path", "kind"), [("/events", "events"), ("/metrics", "metrics"), ("/heartbeat", "heartbeats")]
)
def test_unknown_types_and_encodings_are_415(
    shared_server: Server, path: str, kind: str, headers: tuple[str, ...], words: str
) -> None:
    body = encoded(event("b"))
    with counted(shared_server, kind, drops={"unsupported_media_type": 1}):
        answer = exchange(shared_server, head(shared_server, path, *headers, f"Content-Length: {len(body)}"), body)
        assert words in check_problem(answer, 415, "unsupported_media_type")["message"]


def test_a_heartbeat_cannot_be_sent_as_lines(shared_server: Server) -> None:
    with counted(shared_server, "heartbeats", drops={"unsupported_media_type": 1}):
        check_problem(post(shared_server, "/heartbeat", b'{"service":"a","status":"healthy"}', LINES), 415)


def test_random_bytes_are_never_a_500(shared_server: Server, dice: random.Random) -> None:
    whole = encoded({**event("noise", data={"a": [1, 2.5, None, "é"]}), "timestamp": "2024-01-15T10:30:00Z"})
    for _ in range(200):
        body = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        answer = post(shared_server, "/events", bytes(body))
        assert answer.status_code in (201, 400, 422), (bytes(body), answer.text)
    check_still_works(shared_server)
