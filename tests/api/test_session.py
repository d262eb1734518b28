"""/session and /tickets: signing in and out, the cookie, and protection against other sites."""

from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from analytics.api.sign_ins import SIGN_INS
from analytics.keys.tickets import MAX_TICKETS, TICKET_SECONDS
from tests.access.rig import ADMIN, SHOP, Rig, check_refused, event

SEVEN_DAYS = 7 * 86_400
OWN = {"Sec-Fetch-Site": "same-origin"}


def with_cookie(rig: Rig, cookie: str, method: str = "GET", path: str = "/stats", **more: Any) -> Any:
    headers = {"Cookie": cookie, **more.pop("headers", {})}
    return rig.ask(method, path, headers=headers, **more)


def test_the_cookie_is_hidden_from_scripts_and_other_sites() -> None:
    rig = Rig()
    cookie = rig.post("/session", {"key": ADMIN}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    elsewhere = rig.post("/session", {"key": ADMIN}, base_url="http://stats.example")
    assert "Secure" in elsewhere.headers["Set-Cookie"]
    assert elsewhere.headers["Cache-Control"] == "no-store"


def test_each_sign_in_creates_a_new_token() -> None:
    rig = Rig()
    assert rig.session(ADMIN) != rig.session(ADMIN)


def test_another_sign_in_ends_the_previous_session_of_the_browser() -> None:
    rig = Rig()
    first = rig.session(ADMIN)
    again = rig.post("/session", {"key": ADMIN}, headers={"Cookie": first, **OWN})
    check_refused(with_cookie(rig, first), 401, "unauthorized")
    assert with_cookie(rig, again.headers["Set-Cookie"].partition(";")[0]).status_code == 200


def test_a_key_has_100_sessions_and_the_next_one_ends_its_own_oldest() -> None:
    rig = Rig()
    guest, other = rig.key("read"), rig.session(ADMIN)
    oldest, second, *_ = [(rig.clock.advance(1), rig.session(guest))[1] for _ in range(100)]
    assert with_cookie(rig, oldest).status_code == 200
    rig.clock.advance(1)
    newest = rig.session(guest)
    check_refused(with_cookie(rig, oldest), 401, "unauthorized")
    for cookie in (second, newest, other):
        assert with_cookie(rig, cookie).status_code == 200
    assert rig.get("/stats", ADMIN).json["drops"] == {"sessions_evicted": 1}


def test_signing_in_is_limited_by_key_and_by_address() -> None:
    rig = Rig(trusted_proxies=("127.0.0.1",))
    key, other = rig.key("read"), rig.key("read")

    def sign_in(key: str, address: str) -> Any:
        return rig.post("/session", {"key": key}, headers={"X-Forwarded-For": address})

    for number in range(int(SIGN_INS.burst)):
        assert sign_in(key, f"2001:db8:{number}::1").status_code == 200
    check_refused(sign_in(key, "203.0.113.7"), 429, "rate_limited")
    for number in range(int(SIGN_INS.burst)):
        assert sign_in(rig.key("read"), f"2001:db8:a:b::{number}").status_code == 200
    check_refused(sign_in(other, "2001:db8:a:b::ffff"), 429, "rate_limited")
    assert sign_in(other, "203.0.113.7").status_code == 200


def test_a_session_has_the_scopes_of_its_key_and_lasts_seven_days() -> None:
    rig = Rig()
    cookie = rig.session(rig.key("read"))
    assert with_cookie(rig, cookie).status_code == 200
    check_refused(with_cookie(rig, cookie, path="/audit"), 403, "missing_scope")
    assert with_cookie(rig, cookie, path="/session").json["scopes"] == ["read"]
    rig.clock.advance(SEVEN_DAYS - 1)
    assert with_cookie(rig, cookie).status_code == 200
    rig.clock.advance(1)
    check_refused(with_cookie(rig, cookie), 401, "unauthorized")


@pytest.mark.parametrize("end", ["revoke", "rotate", "expire", "sign out"])
def test_a_session_ends_with_its_key_and_on_sign_out(end: str) -> None:
    rig = Rig()
    made = rig.create("read", expires_at="2023-11-14T22:14:20Z")
    cookie = rig.session(made["secret"])
    if end == "revoke":
        rig.ask("DELETE", f"/keys/{made['id']}", ADMIN)
    elif end == "rotate":
        rig.post(f"/keys/{made['id']}/rotate", {"overlap_seconds": 10}, ADMIN)
        assert with_cookie(rig, cookie).status_code == 200
        rig.clock.advance(10)
    elif end == "expire":
        rig.clock.advance(60)
    else:
        answer = with_cookie(rig, cookie, "DELETE", "/session", headers=OWN)
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    check_refused(with_cookie(rig, cookie), 401, "unauthorized")


def test_another_admin_key_in_the_settings_ends_the_sessions_of_the_previous_one() -> None:
    rig = Rig()
    cookie = rig.session(ADMIN)
    other = Rig(admin_key="another-admin-key-of-tests")
    other.take_catalog_of(rig)
    check_refused(with_cookie(other, cookie), 401, "unauthorized")
    same = Rig()
    same.take_catalog_of(rig)
    assert with_cookie(same, cookie).status_code == 200


def test_keys_without_the_scope_read_cannot_sign_in() -> None:
    rig = Rig()
    check_refused(rig.post("/session", {"key": rig.key("ingest")}), 403, "missing_scope")
    check_refused(rig.post("/session", {"key": "a" * 30}), 401, "unknown_key")
    check_refused(rig.post("/session", {"key": "\ud83d\ude00"}), 401, "unknown_key")


@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": SHOP}, True),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "https://localhost"}, False),
        ({}, False),
        ({"Origin": SHOP}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
)
def test_a_cookie_is_accepted_for_changes_from_the_own_page_only(headers: dict[str, str], is_allowed: bool) -> None:
    rig = Rig()
    answer = with_cookie(rig, rig.session(ADMIN), "POST", "/events", json=event(), headers=headers)
    if is_allowed or headers.get("Origin") == "https://localhost":  # TLS may end at a proxy
        assert answer.status_code == 201
    else:
        check_refused(answer, 403, "cross_site_request")


@pytest.mark.parametrize("headers", [{"Origin": SHOP}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_another_site_cannot_sign_in_a_browser(headers: dict[str, str]) -> None:
    check_refused(Rig().post("/session", {"key": ADMIN}, headers=headers), 403, "cross_site_request")


@pytest.mark.parametrize("headers", [{"Origin": SHOP}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_no_other_site_signs_somebody_out(headers: dict[str, str]) -> None:
    rig = Rig()
    cookie = rig.session(ADMIN)
    check_refused(with_cookie(rig, cookie, "DELETE", "/session", headers=headers), 403, "cross_site_request")
    assert with_cookie(rig, cookie).status_code == 200


def test_a_ticket_is_valid_once_and_for_half_a_minute() -> None:
    rig = Rig()
    read = rig.key("read")
    for ticket, pause in ((rig.ticket(read), 0.0), (rig.ticket(read), TICKET_SECONDS - 0.1)):
        rig.clock.advance(pause)
        assert rig.get(f"/export/daily?ticket={ticket}").status_code == 200
        check_refused(rig.get(f"/export/daily?ticket={ticket}"), 401, "unauthorized")
    late = rig.ticket(read)
    rig.clock.advance(TICKET_SECONDS)
    check_refused(rig.get(f"/export/daily?ticket={late}"), 401, "unauthorized")


def test_a_ticket_is_bound_to_its_origin() -> None:
    rig = Rig()
    for origin, asked_by, status in ((SHOP, SHOP, 200), (SHOP, None, 200), (SHOP, "https://x.example", 401)):
        ticket = rig.ticket(ADMIN, origin)
        headers = {} if asked_by is None else {"Origin": asked_by}
        assert rig.get(f"/export/daily?ticket={ticket}", headers=headers).status_code == status
    ticket = rig.ticket(ADMIN)
    assert rig.get(f"/export/daily?ticket={ticket}", headers={"Origin": SHOP}).status_code == 401


@pytest.mark.parametrize("path", ["/ws/dashboard", "/socket.io/?EIO=4&transport=websocket", "/socket.io/?EIO=4&x=1"])
def test_the_ticket_of_a_page_needs_its_origin_for_a_live_connection(path: str) -> None:
    rig, mark = Rig(), "&" if "?" in path else "?"
    environ = {} if path.endswith("x=1") else {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}
    for given, sent, is_refused in (
        (SHOP, None, True),
        (SHOP, "https://x.example", True),
        (SHOP, SHOP, False),
        (None, None, False),
        (None, "http://localhost", False),
        (None, SHOP, True),
    ):
        more = {} if sent is None else {"HTTP_ORIGIN": sent}
        query = f"{path}{mark}ticket={rig.ticket(ADMIN, given)}"
        _, status, _ = run_wsgi_app(rig.app, {**EnvironBuilder(query).get_environ(), **environ, **more})
        assert (status[:3] == "401") == is_refused, (given, sent)


def test_a_ticket_is_accepted_only_for_live_connections_and_downloads() -> None:
    rig = Rig()
    check_refused(rig.get(f"/stats?ticket={rig.ticket(ADMIN)}"), 401, "unauthorized")
    check_refused(rig.ask("POST", f"/events?ticket={rig.ticket(ADMIN)}", json=event()), 401, "unauthorized")


def test_tickets_beyond_the_limit_replace_the_oldest() -> None:
    rig = Rig(read_rate=0)
    oldest, next_one = rig.ticket(ADMIN), rig.ticket(ADMIN)
    for _ in range(MAX_TICKETS - 1):
        rig.ticket(ADMIN)
    check_refused(rig.get(f"/export/daily?ticket={oldest}"), 401, "unauthorized")
    assert rig.get(f"/export/daily?ticket={next_one}").status_code == 200
