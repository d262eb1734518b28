"""The gate: bounds of keys, keys in URLs, browser keys, rates of keys and addresses, and the counts of refusals."""

from itertools import count

import pytest
from werkzeug.test import TestResponse

from analytics.addresses import sender_at
from analytics.keys.check import FAILED_KEYS
from analytics.live.wire.socketio import PROTOCOL_FIELDS
from tests.access.rig import ADMIN, OTHER_MACHINE, SHOP, Rig, check_refused, event

BURST = int(FAILED_KEYS.burst)


def test_each_item_of_a_batch_is_checked_against_the_bounds_of_the_key() -> None:
    rig = Rig()
    key = rig.key("ingest", services=["shop"], types=["view", "buy"])
    batch = [event(), event("bank"), event(type="buy"), event(type="steal"), {"type": "view"}]
    receipt = rig.post("/events", batch, key).json
    assert receipt is not None
    assert (receipt["accepted"], receipt["rejected"]) == (2, 3)
    assert [(each["index"], each["code"], each["field"]) for each in receipt["errors"]] == [
        (1, "service_not_allowed", "service"),
        (3, "type_not_allowed", "type"),
        (4, "validation_failed", "service"),
    ]
    check_refused(rig.post("/events", event("bank"), key), 403, "service_not_allowed")
    check_refused(rig.post("/events", event(type="steal"), key), 403, "type_not_allowed")
    answer = rig.post("/events", [event("bank")], key)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "nothing_accepted")  # type: ignore[index]
    drops = rig.get("/stats", ADMIN).json["drops"]  # type: ignore[index]
    assert drops == {"service_not_allowed": 3, "type_not_allowed": 2, "validation_failed": 1}
    assert set(rig.get("/services", ADMIN).json["services"]) == {"shop"}  # type: ignore[index]


def test_metrics_and_heartbeats_are_limited_to_the_services_of_the_key() -> None:
    rig = Rig()
    key = rig.key("ingest", services=["shop"])
    for tags, status in (({"service": "shop"}, 201), ({"service": "bank"}, 403), ({}, 403)):
        assert rig.post("/metrics", {"name": "m", "value": 1, "tags": tags}, key).status_code == status
    for service, status in (("shop", 200), ("bank", 403)):
        assert rig.post("/heartbeat", {"service": service, "status": "healthy"}, key).status_code == status
        assert rig.get(f"/heartbeat/{service}", key).status_code == status
    ingest = rig.get("/stats", ADMIN).json["ingest"]  # type: ignore[index]
    assert ingest["metrics"] == {"accepted": 1, "duplicates": 0, "rejected": 2}
    assert ingest["heartbeats"] == {"accepted": 2, "duplicates": 0, "rejected": 2}


def test_a_key_in_the_url_is_accepted_for_pings_of_its_only_service() -> None:
    rig = Rig()
    key = rig.key("ingest", services=["shop"])
    assert rig.get(f"/heartbeat/shop?key={key}").status_code == 200
    assert rig.get(f"/heartbeat/shop?status=degraded&key={key}").json["status"] == "degraded"  # type: ignore[index]
    check_refused(rig.get(f"/heartbeat/bank?key={key}"), 403, "service_not_allowed")
    check_refused(rig.post(f"/events?key={key}", event()), 401, "key_in_url")
    for other in (rig.key("ingest"), rig.key("ingest", services=["shop", "bank"]), rig.key("ingest", "read"), ADMIN):
        check_refused(rig.get(f"/heartbeat/shop?key={other}"), 401, "key_in_url")
        check_refused(rig.get(f"/stats?key={other}"), 401, "unauthorized")


def test_a_key_in_the_url_is_ignored_if_none_is_required() -> None:
    rig = Rig(admin_key="")
    key = rig.create_without_key("ingest", services=["shop"])["secret"]
    assert rig.get(f"/heartbeat/shop?key={key}").status_code == 200
    assert rig.post(f"/events?key={key}", event("bank")).status_code == 201


@pytest.mark.parametrize("place", ["header", "url"])
def test_a_browser_key_sends_from_its_origins_and_reads_nothing(place: str) -> None:
    rig = Rig()
    key = rig.key("ingest", origins=[SHOP, "https://b.example:8443"])
    path, given = (f"/events?key={key}", None) if place == "url" else ("/events", key)
    for origin in (SHOP, f"{SHOP}:443", "https://B.example:8443"):
        assert rig.post(path, event(), given, headers={"Origin": origin}).status_code == 201
    for origin in ("http://shop.example", f"{SHOP}.evil.example", "https://b.example", "null", SHOP * 99):
        message = check_refused(rig.post(path, event(), given, headers={"Origin": origin}), 403, "origin_not_allowed")
        assert SHOP in message
        assert len(message) < 300
    check_refused(rig.post(path, event(), given), 403, "origin_not_allowed")
    check_refused(rig.get("/events", key, headers={"Origin": SHOP}), 403, "missing_scope")
    check_refused(rig.ask("PUT", "/annotations/a", key, json={}, headers={"Origin": SHOP}), 403, "missing_scope")


def test_browser_keys_have_a_rate_and_server_keys_none() -> None:
    rig = Rig()
    browser, server = rig.key("ingest", origins=[SHOP]), rig.key("ingest")
    headers = {"Origin": SHOP}
    assert rig.post("/events", [event()] * 200, browser, headers=headers).json["accepted"] == 200  # type: ignore[index]
    check_refused(rig.post("/events", event(), browser, headers=headers), 429, "rate_limited")
    rig.clock.advance(1)
    assert rig.post("/events", [event()] * 50, browser, headers=headers).status_code == 200
    check_refused(rig.post("/events", event(), browser, headers=headers), 429, "rate_limited")
    for _ in range(10):
        assert rig.post("/events", [event()] * 1_000, server).status_code == 200
    assert rig.refusals() == {"rate_limited": 2}


def test_each_key_has_its_own_rates_and_a_rotation_does_not_reset_them() -> None:
    rig = Rig()
    once = {"per_second": 0.1, "burst": 1}
    made = rig.create("ingest", "read", limits={"ingest": once, "reads": once})
    for ask in (lambda key: rig.post("/events", event(), key), lambda key: rig.get("/stats", key)):
        assert ask(made["secret"]).status_code < 300
        assert check_refused(ask(made["secret"]), 429, "rate_limited").endswith("try again in 10 s.")
    secret = rig.post(f"/keys/{made['id']}/rotate", {}, ADMIN).json["secret"]  # type: ignore[index]
    check_refused(rig.post("/events", event(), secret), 429, "rate_limited")
    rig.clock.advance(10)
    assert rig.post("/events", event(), secret).status_code == 201


def test_reads_of_a_key_are_limited_also_from_this_machine() -> None:
    rig = Rig(read_rate=2)
    key, other = rig.key("read"), rig.key("read")
    for _ in range(4):
        assert rig.get("/stats", key).status_code == 200
    check_refused(rig.get("/stats", key), 429, "rate_limited")
    assert rig.get("/stats", other).status_code == 200
    assert rig.get("/health", key).status_code == 200, "public paths are not limited"
    rig.clock.advance(0.5)
    assert rig.get("/stats", key).status_code == 200


def test_writes_do_not_count_against_the_read_rate() -> None:
    rig = Rig(read_rate=1)
    key = rig.key("ingest")
    for _ in range(9):
        assert rig.get("/heartbeat/shop", key).status_code == 200
        assert rig.post("/events", event(), key).status_code == 201


def test_requests_without_a_key_are_limited_by_address_except_from_this_machine() -> None:
    rig = Rig(admin_key="", address_read_rate=1, address_ingest_rate=1)
    for address, is_limited in (
        ("127.0.0.1", False),
        ("::1", False),
        ("", False),
        (OTHER_MACHINE, True),
        ("203.0.113.8", True),
        ("2001:db8::1", True),
    ):
        for _ in range(2):
            assert rig.get("/stats", address=address).status_code == 200
            assert rig.post("/events", event(), address=address).status_code == 201
        statuses = [rig.get("/stats", address=address).status_code]
        statuses.append(rig.post("/events", event(), address=address).status_code)
        assert statuses == ([429, 429] if is_limited else [200, 201]), address
    check_refused(rig.get("/stats", address="2001:db8::ffff"), 429, "rate_limited")
    assert rig.get("/stats", address="2001:db8:0:1::1").status_code == 200
    assert rig.get("/health", address=OTHER_MACHINE).status_code == 200


def test_a_client_address_is_taken_from_trusted_proxies_only() -> None:
    for trusted, statuses in ((("127.0.0.1",), [200, 200, 429]), ((), [200, 200, 200])):
        rig = Rig(admin_key="", address_read_rate=1, trusted_proxies=trusted)
        headers = {"X-Forwarded-For": OTHER_MACHINE}
        assert [rig.get("/stats", headers=headers).status_code for _ in statuses] == statuses
    rig = Rig(admin_key="", address_read_rate=1)
    forged = count(1)
    headers = [{"X-Forwarded-For": f"198.51.100.{next(forged)}"} for _ in range(3)]
    statuses = [rig.get("/stats", address=OTHER_MACHINE, headers=each).status_code for each in headers]
    assert statuses == [200, 200, 429], "an address claimed by a client is ignored"


def test_guessing_keys_is_rate_limited() -> None:
    rig = Rig()
    for number in range(BURST):
        check_refused(rig.get("/stats", f"guess-number-{number}", address=OTHER_MACHINE), 401, "unknown_key")
    check_refused(rig.get("/stats", "guess", address=OTHER_MACHINE), 429, "rate_limited")
    check_refused(rig.post("/session", {"key": "guess"}, address=OTHER_MACHINE), 429, "rate_limited")
    check_refused(rig.get("/stats", ADMIN, address=OTHER_MACHINE), 429, "rate_limited")
    assert rig.get("/stats", ADMIN, address="203.0.113.8").status_code == 200
    assert rig.get("/stats", rig.key("read"), address=OTHER_MACHINE).status_code == 200, "a valid key is not limited"
    rig.clock.advance(1)
    assert rig.get("/stats", ADMIN, address=OTHER_MACHINE).status_code == 200


def test_revoked_keys_are_rate_limited_too_except_from_this_machine() -> None:
    rig = Rig()
    made = rig.create("read")
    rig.ask("DELETE", f"/keys/{made['id']}", ADMIN)
    for address, last in ((OTHER_MACHINE, 429), ("127.0.0.1", 401)):
        for _ in range(BURST):
            check_refused(rig.get("/stats", made["secret"], address=address), 401, "unknown_key")
        assert rig.get("/stats", made["secret"], address=address).status_code == last


def test_refusals_are_counted_by_reason() -> None:
    rig = Rig(read_rate=1)
    key = rig.key("ingest", services=["shop"], limits={"reads": {"per_second": 1, "burst": 1}})
    rig.get("/stats")
    rig.get("/stats", "wrong")
    rig.get("/stats", key)
    rig.get(f"/heartbeat/shop?key={ADMIN}")
    rig.get("/health", "wrong")
    assert rig.refusals() == {"key_in_url": 1, "missing_scope": 1, "unauthorized": 1, "unknown_key": 1}


def test_preflights_need_no_key_and_reveal_nothing() -> None:
    answer = Rig().ask("OPTIONS", "/keys")
    assert (answer.status_code, answer.data) == (200, b"")


def test_health_reveals_only_the_status_without_a_key() -> None:
    rig = Rig()
    for key in (None, "wrong", rig.key("ingest")):
        assert rig.get("/health", key).json == {"status": "healthy"}
        assert rig.get("/health/live", key).json == {"status": "alive"}
        assert set(rig.get("/health/ready", key).json or {}) == {"status"}
    assert {"access", "stats"} <= set(rig.get("/health", rig.key("read")).json or {})


def test_a_socketio_session_opened_with_a_ticket_continues_without_another() -> None:
    rig = Rig()
    read = rig.key("read")
    ticket = rig.ticket(read)
    opened = rig.get(f"/socket.io/?EIO=4&transport=polling&ticket={ticket}")
    assert opened.status_code == 200
    sid = opened.text.partition('"sid":"')[2].partition('"')[0]
    assert sid
    further = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
    assert rig.ask("POST", f"{further}&ticket={ticket}", data="40", content_type="text/plain").status_code == 200
    check_refused(rig.get(further), 401, "unauthorized")
    check_refused(rig.get(f"/socket.io/?EIO=4&transport=polling&sid={sid}x&ticket={ticket}"), 401, "unauthorized")
    check_refused(rig.get(f"/socket.io/?EIO=4&transport=polling&ticket={ticket}"), 401, "unauthorized")
    assert "ticket" not in PROTOCOL_FIELDS, "the ticket has been removed from the query"


def opened(rig: Rig, query: str = "", key: str | None = None, **headers: str) -> str:
    """The path of the further requests of a new Socket.IO session."""
    path = "/socket.io/?EIO=4&transport=polling"
    answer = rig.get(f"{path}{query}", key, headers=headers)
    assert answer.status_code == 200
    sid = answer.text.partition('"sid":"')[2].partition('"')[0]
    return f"{path}&sid={sid}"


def send(rig: Rig, path: str, key: str | None = None, **headers: str) -> TestResponse:
    return rig.ask("POST", path, key, data="3", headers={"Content-Type": "text/plain", **headers})


def test_who_learns_the_id_of_a_socketio_session_cannot_use_it() -> None:
    rig = Rig()
    read, other = rig.key("read"), rig.key("read")
    ticket = rig.ticket(read, SHOP)
    path = opened(rig, f"&ticket={ticket}", Origin=SHOP)
    for query, headers in (
        (f"&ticket={ticket}", {"Origin": "https://evil.example"}),
        (f"&ticket={ticket}", {}),
        ("&ticket=x", {"Origin": SHOP}),
        (f"&ticket={rig.ticket(read, SHOP)}", {"Origin": SHOP}),
    ):
        check_refused(send(rig, path + query, **headers), 401, "unauthorized")
    check_refused(send(rig, path, other, Origin=SHOP), 401, "unauthorized")
    assert send(rig, f"{path}&ticket={ticket}", Origin=SHOP).status_code == 200
    by_key = opened(rig, key=read)
    check_refused(send(rig, by_key, other), 401, "unauthorized")
    check_refused(send(rig, by_key, read, Origin=SHOP), 401, "unauthorized")
    check_refused(send(rig, f"{by_key}&ticket={rig.ticket(read)}"), 401, "unauthorized")
    assert send(rig, by_key, read).status_code == 200
    assert send(rig, by_key, read, Origin="http://localhost").status_code == 200, "libraries send the own origin"


def test_the_own_page_may_poll_with_a_ticket_though_browsers_name_no_origin_then() -> None:
    rig = Rig()
    ticket = rig.ticket(rig.key("read"), "http://localhost")
    own = {"Sec-Fetch-Site": "same-origin"}
    path = opened(rig, f"&ticket={ticket}", **own)
    assert send(rig, f"{path}&ticket={ticket}", Origin="http://localhost", **own).status_code == 200
    check_refused(send(rig, f"{path}&ticket={ticket}", Origin=SHOP), 401, "unauthorized")


def test_the_id_of_a_session_that_is_given_twice_is_checked_as_it_is_used() -> None:
    rig = Rig()
    read, other = rig.key("read"), rig.key("read")
    path, own = opened(rig, key=read), opened(rig, key=other)
    theirs = path.partition("sid=")[2]
    assert send(rig, f"{own}&sid={theirs}", other).status_code == 200
    check_refused(send(rig, f"{path}&sid={own.partition('sid=')[2]}", other), 401, "unauthorized")
    check_refused(send(rig, f"/socket.io/?EIO=4&transport=polling&sid=&s%69d={theirs}", other), 401, "unauthorized")


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("127.0.0.1", None),
        ("127.8.9.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
        ("unix:", None),
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_sender_is_an_ipv4_address_or_an_ipv6_network_of_64_bits(address: str, sender: str | None) -> None:
    assert sender_at(address) == sender
