"""One faulty item of a batch costs only itself, in every form in which a batch can be sent, on a real server."""

import json
from typing import Any

import pytest

from tests.edge.wire import booked, post, unique
from tests.server import Server

FORMS = ("array", "object", "lines", "beacon", "object beacon")
HALF = "\ufffd"


def send(server: Server, form: str, kind: str, items: list[bytes]) -> Any:
    """POST `items` as they are, in one of the forms."""
    array = b"[" + b",".join(items) + b"]"
    body, media_type = {
        "array": (array, "application/json"),
        "object": (b'{"%b":%b}' % (kind.encode(), array), "application/json"),
        "lines": (b"\n".join(items), "application/x-ndjson"),
        "beacon": (array, "text/plain;charset=UTF-8"),
        "object beacon": (b'{"%b":%b}' % (kind.encode(), array), "text/plain;charset=UTF-8"),
    }[form]
    return post(server, f"/{kind}", body, media_type)


@pytest.mark.parametrize("form", FORMS)
def test_half_an_emoji_is_taken_as_the_replacement_character(shared_server: Server, form: str) -> None:
    service = unique("half")
    items = [
        b'{"type":"a","service":"s"}',
        rb'{"type":"b","service":"s","data":{"q":"\ud83d"}}',
        b'{"type":"c","service":"s"}',
    ]
    with booked(shared_server, accepted=3):
        answer = send(
            shared_server, form, "events", [item.replace(b'"s"', b'"%b"' % service.encode()) for item in items]
        )
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"accepted": 3, "duplicates": 0, "rejected": 0, "errors": []}
    newest = shared_server.get(f"/events?service={service}")["events"]
    assert [(event["type"], event["data"]) for event in newest] == [("c", {}), ("b", {"q": HALF}), ("a", {})]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_a_literal_that_is_no_json_costs_its_item_alone(shared_server: Server, form: str, literal: str) -> None:
    service = unique("nan")
    good = json.dumps({"type": "a", "service": service}).encode()
    bad = b'{"type":"b","service":"s","data":{"n":%b}}' % literal.encode()
    with booked(shared_server, accepted=2, drops={"malformed_json": 1}):
        answer = send(shared_server, form, "events", [good, bad, good])
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, 2, 1)
    (error,) = answer.json()["errors"]
    assert (error["index"], error["code"]) == (1, "malformed_json")
    assert literal in error["message"]
