"""A faulty item of a batch does not affect the others, in every form of a batch, on a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import websocket
from playwright.sync_api import Browser

from tests.edge.mortal import Mortal
from tests.edge.socketio_clients import client, events
from tests.edge.wire import check_problem, check_still_works, counted, eventually, post, unique, websocket_url
from tests.schemas.faults import HOLE, REFUSED_IN_DATA, TAKEN, Fault, with_fault
from tests.server import GUNICORN, Server

FORMS = ("array", "object", "lines", "beacon", "object beacon")
MANY = pytest.mark.parametrize("form", FORMS)
KINDS = pytest.mark.parametrize("kind", ["events", "metrics"])
PATIENT = {"timeout": 30, "headers": {"Connection": "close"}}


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


@MANY
def test_half_an_emoji_becomes_the_replacement_character(shared_server: Server, form: str) -> None:
    service = unique("half")
    items = [
        b'{"type":"a","service":"s"}',
        rb'{"type":"b","service":"s","data":{"q":"\ud83d"}}',
        b'{"type":"c","service":"s"}',
    ]
    items = [item.replace(b'"s"', b'"%b"' % service.encode()) for item in items]
    with counted(shared_server, accepted=3):
        answer = send(shared_server, form, "events", items)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"accepted": 3, "duplicates": 0, "rejected": 0, "errors": []}
    newest = shared_server.get(f"/events?service={service}")["events"]
    assert [(event["type"], event["data"]) for event in newest] == [("c", {}), ("b", {"q": "\ufffd"}), ("a", {})]


@MANY
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
@KINDS
def test_an_invalid_literal_affects_only_its_item(shared_server: Server, kind: str, literal: str, form: str) -> None:
    name = unique("nan")
    good = {"events": {"type": "a", "service": name}, "metrics": {"name": name, "value": 1}}[kind]
    bad = {
        "events": b'{"type":"b","service":"s","data":{"n":%b}}',
        "metrics": b'{"name":"b","value":%b}',
    }[kind] % literal.encode()
    with counted(shared_server, kind, accepted=2, drops={"malformed_json": 1}):
        answer = send(shared_server, form, kind, [json.dumps(good).encode(), bad, json.dumps(good).encode()])
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, 2, 1)
    (error,) = answer.json()["errors"]
    assert (error["index"], error["code"]) == (1, "malformed_json")
    assert literal in error["message"]


@MANY
@KINDS
def test_all_faults_in_one_batch_do_not_affect_valid_items(shared_server: Server, kind: str, form: str) -> None:
    name = unique("beside")
    good, hole = {
        "events": ({"type": "a", "service": name}, {"type": "a", "service": name, "data": {"q": HOLE}}),
        "metrics": ({"name": name, "value": 1}, {"name": name, "value": 1, "tags": {"q": HOLE}}),
    }[kind]
    whole = json.dumps(good).encode()
    faults: list[Fault] = [*REFUSED_IN_DATA, *TAKEN]
    items = [
        item for fault in faults for item in (whole, with_fault(hole, fault, lambda item: json.dumps(item).encode()))
    ]
    answer = send(shared_server, form, kind, [*items, whole])
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (len(faults) + 1 + len(TAKEN), len(REFUSED_IN_DATA))
    assert [error["index"] for error in receipt["errors"]] == [2 * n + 1 for n in range(len(REFUSED_IN_DATA))]
    if kind == "events":
        stored = shared_server.get(f"/events?service={name}&limit=1000")["events"]
        assert [event["data"]["q"] for event in reversed(stored) if event["data"]] == [fault.becomes for fault in TAKEN]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/events", rb'{"type":"a\ud83d","service":"half","user_id":"\ude80","id":"\ud83d","data":{"\ud83d":1}}', 201),
        ("/metrics", rb'{"name":"half\ud83d","value":1,"unit":"\ud83d","tags":{"\ud83d":"\ude80"}}', 201),
        ("/heartbeat", rb'{"service":"half \ud83d","status":"healthy","metrics":{"note":"\ud83d"}}', 200),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "byte order mark"])
def test_a_single_record_with_half_a_character_is_accepted(
    shared_server: Server, path: str, body: bytes, status: int, mark: bytes
) -> None:
    body = body.replace(b'"id":"', b'"id":"' + unique("id").encode())
    answer = post(shared_server, path, mark + body, "text/plain")
    assert answer.status_code == status, answer.text
    check_still_works(shared_server)


@pytest.mark.parametrize(
    ("body", "accepted", "message"),
    [
        (b'[{"type":"a","service":"cut"}', 1, "The body ends at byte 29, before its array does"),
        (b'[{"type":"a","service":"cut"},', 1, "The body ends within this item, which begins at byte 30:"),
        (b'[{"type":"a","service":"cut"},{"type":"b"', 1, "The body ends within this item, which begins at byte 30:"),
        (b'{"events":[{"type":"a","service":"cut"},{"', 1, "The body ends within this item, which begins at byte 40:"),
        (
            b'{"events":[{"type":"a","service":"cut"}]',
            1,
            "The body ends at byte 40, before the object around the array",
        ),
        (b'[{"type":"a","service":"cut"}]]', 1, "The array ends at byte 30; the bytes after it were not recorded."),
        (
            b'[{"type":"a","service":"cut"},' + b"[" * 100_000 + b"]" * 100_000 + b"]",
            1,
            "The JSON is nested too deeply",
        ),
    ],
)
def test_the_rest_after_complete_items_is_one_error(
    shared_server: Server, body: bytes, accepted: int, message: str
) -> None:
    answer = post(shared_server, "/events", body)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, accepted, 1), answer.text
    (error,) = answer.json()["errors"]
    assert error["index"] == accepted
    assert error["message"].startswith(message)


@pytest.mark.parametrize("how", ["sendBeacon", "fetch"])
def test_a_real_browser_sends_half_an_emoji(shared_server: Server, browser: Browser, how: str) -> None:
    """As an escape in its JSON, and as text encoded by the browser."""
    service = unique("browser")
    page = browser.new_page()
    page.goto(shared_server.url)
    with counted(shared_server, accepted=3):
        page.evaluate(
            """async ([how, service]) => {
                const half = "🚀".slice(0, 1);
                const events = [0, 1].map((n) => ({ type: `t${n}`, service, data: { half, n } }));
                const raw = `{"type":"raw","service":"${service}","data":{"half":"${half}"}}`;
                const body = `[${JSON.stringify(events[0])},${raw},${JSON.stringify(events[1])}]`;
                if (how === "sendBeacon") navigator.sendBeacon("/events", body);
                else await fetch("/events", { method: "POST", body, headers: { "Content-Type": "application/json" } });
            }""",
            [how, service],
        )
        eventually(lambda: shared_server.get(f"/events?service={service}")["count"] == 3)
    page.close()
    events = shared_server.get(f"/events?service={service}")["events"]
    assert [(event["type"], event["data"]["half"]) for event in events] == [
        ("t1", "\ufffd"),
        ("raw", "\ufffd"),
        ("t0", "\ufffd"),
    ]


@KINDS
def test_a_truncated_batch_keeps_its_complete_items(shared_server: Server, kind: str) -> None:
    good = {"events": b'{"type":"a","service":"cut"}', "metrics": b'{"name":"cut","value":1}'}[kind]
    body = b'{"%b":[%b,%b,{"type' % (kind.encode(), good, good)
    with counted(shared_server, kind, accepted=2, drops={"malformed_json": 1}):
        answer = post(shared_server, f"/{kind}", body)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (200, 2, 1)


def test_a_batch_without_recognizable_items_is_refused(shared_server: Server) -> None:
    check_problem(post(shared_server, "/events", b'[{"type":"a","service":"s'), 400, "malformed_json")
    answer = post(shared_server, "/events", b"[NaN]")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_accepted")
    assert [error["index"] for error in answer.json()["errors"]] == [0]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    with Mortal(tmp_path / "server.log", tmp_path / "data", GUNICORN).running() as server:
        yield server


def test_every_read_returns_valid_json_after_faulty_items(mortal: Mortal) -> None:
    """In GET /events, live updates and exports, also after a kill."""
    item = rb'{"type":"a\ud83d","service":"half","data":{"\ud83d":["\ude80",{"q":"a\ud83d\ude80\ud83d"}]}}'
    data = {"\ufffd": ["\ufffd", {"q": "a🚀\ufffd"}]}
    live = websocket.create_connection(websocket_url(mortal), timeout=30)
    with client("python", mortal, "websocket") as socketio:
        assert post(mortal, "/events", item).status_code == 201
        assert post(mortal, "/events", b"[" + item + b",NaN]").status_code == 200
        received = eventually(lambda: len(found := events(socketio, "half")) == 2 and found)
    messages = []
    while len(messages) < 2:
        message = msgspec.json.decode(live.recv())
        messages += [message["data"]] if message["type"] == "event" else []
    live.shutdown()

    def read() -> list[dict[str, Any]]:
        answer = requests.get(f"{mortal.url}/events", **PATIENT)
        page: list[dict[str, Any]] = msgspec.json.decode(answer.content)["events"]
        lines = requests.get(f"{mortal.url}/export/events", **PATIENT)
        exported = [msgspec.json.decode(line) for line in lines.content.splitlines()]
        for form in ("json", "csv"):
            assert "\ufffd" in requests.get(f"{mortal.url}/export/events?format={form}", **PATIENT).content.decode()
        msgspec.json.decode(requests.get(f"{mortal.url}/dashboard", **PATIENT).content)
        return page + exported

    before = read()
    mortal.begin_again()
    for event in [*received, *messages, *before, *read()]:
        assert (event["type"], event["data"]) == ("a\ufffd", data)
    assert len(before) == 4
