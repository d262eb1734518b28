"""Rates of senders: what each request costs, and that it is refused before any work is done for it."""

from typing import Any

import pytest

from tests.access.rig import ADMIN, OTHER_MACHINE, SHOP, Rig, check_refused, event
from tests.access.test_chain import Unread

OWN = {"Sec-Fetch-Site": "same-origin"}
DOORS = ("/events", "/metrics", "/heartbeat")
JSON = {"Content-Type": "application/json"}
ANNOTATION = {"text": "Deploy", "time": "2023-11-14T22:13:20Z"}


def limited(*scopes: str, rig: Rig, **limits: float) -> str:
    """The secret of a key with these bursts, which fill up at one in a hundred seconds."""
    rates = {name: {"per_second": 0.01, "burst": burst} for name, burst in limits.items()}
    return rig.key(*scopes, limits=rates)


def left(rig: Rig, key: str) -> int:
    """How many single events a key may still send."""
    for sent in range(30):
        if rig.post("/events", event(), key).status_code == 429:
            return sent
    return 30


@pytest.mark.parametrize(
    ("path", "data", "cost"),
    [
        ("/events", b"[" + b",".join([b'{"type": 1}'] * 4) + b"]", 4),
        ("/events", b'[{"type": "view", "service": "shop"}, {}, {"type": ', 3),
        ("/events", b"{", 1),
        ("/events", b"", 1),
        ("/events", b"{}", 1),
        ("/metrics", b'[{"name": "m", "value": 1}, {"name": "m", "value": "x"}]', 2),
        ("/metrics", b"nonsense", 1),
        ("/heartbeat", b"nonsense", 1),
        ("/heartbeat", b'{"service": "shop", "status": "healthy"}', 1),
    ],
)
def test_refused_items_count_against_the_rate(path: str, data: bytes, cost: int) -> None:
    rig = Rig()
    key = limited("ingest", rig=rig, ingest=9)
    assert rig.ask("POST", path, key, data=data, headers=JSON).status_code in (200, 400, 422)
    assert left(rig, key) == 9 - cost


@pytest.mark.parametrize("content_type", ["application/xml", "application/json"])
def test_a_body_of_another_type_or_size_costs_one_item(content_type: str) -> None:
    rig = Rig(max_body=1_024)
    key = limited("ingest", rig=rig, ingest=9)
    answer = rig.ask("POST", "/events", key, data=b"x" * 2_000, headers={"Content-Type": content_type})
    assert answer.status_code in (413, 415)
    assert left(rig, key) == 8


@pytest.mark.parametrize("path", [*DOORS, "/annotations", "/heartbeat/shop"])
def test_the_body_of_an_exhausted_sender_is_not_read(path: str) -> None:
    rig = Rig(address_ingest_rate=1)
    key = limited("ingest", rig=rig, ingest=1)
    assert rig.post("/events", event(), key).status_code == 201
    unread = {"wsgi.input": Unread(), "CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json"}
    body: dict[str, Any] = {"environ_overrides": unread}
    check_refused(rig.ask("POST", path, key, **body), 429, "rate_limited")
    open_rig = Rig(admin_key="", address_ingest_rate=1)
    for _ in range(2):
        assert open_rig.post("/events", event(), address=OTHER_MACHINE).status_code == 201
    check_refused(open_rig.ask("POST", path, address=OTHER_MACHINE, **body), 429, "rate_limited")


def test_changes_of_the_configuration_cost_one_item() -> None:
    rig = Rig()
    ingest = limited("ingest", rig=rig, ingest=3)
    assert rig.ask("PUT", "/annotations/a", ingest, json=ANNOTATION).status_code == 201
    assert rig.ask("DELETE", "/annotations/a", ingest).status_code == 204
    assert left(rig, ingest) == 1
    admin = limited("admin", rig=rig, ingest=3, reads=3)
    made = rig.post("/keys", {"name": "a", "scopes": ["read"]}, admin).json
    assert made is not None
    assert rig.ask("DELETE", f"/keys/{made['id']}", admin).status_code == 204
    assert rig.ask("DELETE", "/users/alice", admin).status_code < 300
    check_refused(rig.ask("DELETE", "/users/alice", admin), 429, "rate_limited")
    assert rig.get("/keys", admin).status_code == 200, "that is a read"


def test_a_session_shares_the_limits_of_its_key() -> None:
    rig = Rig()
    made = rig.create(
        *("ingest", "read"),
        new_names=0,
        limits={"reads": {"per_second": 0.01, "burst": 2}, "ingest": {"per_second": 0.01, "burst": 3}},
    )
    key, page = made["secret"], {"Cookie": rig.session(made["secret"]), **OWN}
    assert rig.post("/metrics", {"name": "m", "value": 1}, ADMIN).status_code == 201
    assert rig.get("/stats", key).status_code == 200
    assert rig.get("/stats", headers=page).status_code == 200
    check_refused(rig.get("/stats", headers=page), 429, "rate_limited")
    check_refused(rig.get("/stats", headers={"Cookie": rig.session(key), **OWN}), 429, "rate_limited")
    check_refused(rig.post("/events", event(), headers=page), 403, "too_many_new_names")
    assert rig.post("/metrics", {"name": "m", "value": 1}, headers=page).status_code == 201
    assert rig.post("/metrics", {"name": "m", "value": 1}, key).status_code == 201
    check_refused(rig.post("/metrics", {"name": "m", "value": 1}, headers=page), 429, "rate_limited")
    assert rig.get("/stats", ADMIN).status_code == 200


def test_polls_and_tickets_count_as_reads() -> None:
    rig = Rig()
    key = limited("read", rig=rig, reads=3)
    ticket = rig.ticket(key)
    path = f"/socket.io/?EIO=4&transport=polling&ticket={ticket}"
    sid = rig.get(path).text.partition('"sid":"')[2].partition('"')[0]
    for status in (200, 429):
        answer = rig.ask("POST", f"{path}&sid={sid}", data="40", content_type="text/plain")
        assert answer.status_code == status
    rig.clock.advance(100)
    assert rig.ask("POST", f"{path}&sid={sid}", data="3", content_type="text/plain").status_code == 200


def test_browser_keys_pay_for_what_is_refused_too() -> None:
    rig = Rig()
    key, headers = rig.key("ingest", origins=[SHOP]), {"Origin": SHOP}
    assert rig.post("/events", [{}] * 200, key, headers=headers).status_code == 400
    check_refused(rig.post("/events", event(), key, headers=headers), 429, "rate_limited")
