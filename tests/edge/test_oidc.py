"""Signing in with a real OpenID Connect provider: roles, sessions, and refused attempts."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from analytics.api.sign_ins import SIGN_INS
from analytics.people.sign_in import SIGN_IN_FAILURES
from tests.conftest import StartServer
from tests.oidc import CLIENT_SECRET, Accounts, OidcProvider, Visitor
from tests.server import Server, free_port

ACCOUNTS: Accounts = {
    "ann": {"groups": ["ops", "staff"], "email": "ann@elsewhere.example", "email_verified": True},
    "bob": {"groups": ["staff"], "preferred_username": "Bob"},
    "cleo": {"email": "cleo@Shop.Example", "email_verified": True},
    "dan": {"email": "dan@shop.example", "email_verified": False},
    "eve": {"groups": ["guests", "@shop.example"], "email": "eve@evilshop.example", "email_verified": True},
    "fay": {},
    "gil": {"groups": ["ops"], "userinfo": {"sub": "ann"}},
}
ROLES = {"ANALYTICS_ADMINS": "ops", "ANALYTICS_EDITORS": "staff", "ANALYTICS_VIEWERS": "@shop.example,guests-of-ops"}
EVENT = {"type": "request", "service": "shop"}


class House(NamedTuple):
    """A service and its OpenID Connect provider."""

    server: Server
    provider: OidcProvider


def build(stack: ExitStack, folder: Path, seconds_behind: int = 0, **settings: str) -> House:
    """Start both."""
    server = Server(folder / "server.log", {**ROLES, **settings})
    provider = stack.enter_context(OidcProvider(folder / "provider.log", server, ACCOUNTS, seconds_behind))
    server.set(**{**provider.settings, **settings})
    return House(stack.enter_context(server), provider)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with ExitStack() as stack:
        yield build(stack, tmp_path_factory.mktemp("oidc"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def check_refused(visitor: Visitor, answer: requests.Response, reason: str) -> None:
    """Check that an answer redirects to the page without a session, and that the page gets the reason once."""
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "analytics_session" not in visitor.cookies
    assert visitor.who()["sign_in_failure"] == SIGN_IN_FAILURES[reason]
    assert visitor.who()["sign_in_failure"] is None
    assert visitor.go("/stats").status_code == 401


@pytest.mark.parametrize(
    ("login", "who", "scopes"),
    [
        ("ann", "ann@elsewhere.example", ["ingest", "read", "admin"]),
        ("bob", "Bob (bob)", ["ingest", "read"]),
        ("cleo", "cleo@Shop.Example", ["read"]),
    ],
)
def test_people_get_the_role_of_their_group_or_mail_domain(
    house: House, login: str, who: str, scopes: list[str]
) -> None:
    visitor = Visitor(house.server)
    assert visitor.who() == {
        "who": "anonymous",
        "scopes": [],
        "keys_required": True,
        "oidc": True,
        "sign_in_failure": None,
    }
    assert visitor.go("/stats").status_code == 401
    answer = visitor.sign_in(login)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert (visitor.who()["who"], visitor.who()["scopes"]) == (who, scopes)
    own = {"Origin": house.server.url}
    sent = visitor.post(f"{house.server.url}/events", json=EVENT, headers=own, timeout=10)
    assert visitor.go("/stats").status_code == 200
    assert sent.status_code == (201 if "ingest" in scopes else 403)
    assert visitor.go("/keys").status_code == (200 if "admin" in scopes else 403)


@pytest.mark.parametrize("login", ["dan", "eve", "fay"])
def test_people_without_a_role_are_refused(house: House, login: str) -> None:
    visitor = Visitor(house.server)
    check_refused(visitor, visitor.sign_in(login), "no_role")


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(house: House) -> None:
    visitor = Visitor(house.server)
    cookies = visitor.sign_in("bob").raw.headers.getlist("Set-Cookie")
    (cookie,) = [line for line in cookies if line.startswith("analytics_session=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
        answer = visitor.post(f"{house.server.url}/events", json=EVENT, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site_request")
    ping = visitor.get(f"{house.server.url}/heartbeat/shop", headers={"Sec-Fetch-Site": "cross-site"}, timeout=10)
    assert (ping.status_code, ping.json()["error"]["code"]) == (403, "cross_site_request")


def test_another_sign_in_ends_the_previous_session_of_the_browser(house: House) -> None:
    visitor, thief = Visitor(house.server), Visitor(house.server)
    visitor.sign_in("cleo")
    thief.cookies.update(visitor.cookies)
    assert thief.go("/stats").status_code == 200
    visitor.sign_in("cleo")
    assert visitor.go("/stats").status_code == 200
    assert thief.go("/stats").status_code == 401


def test_signing_out_ends_the_session_for_all_copies_of_the_cookie(house: House) -> None:
    visitor, thief = Visitor(house.server), Visitor(house.server)
    visitor.sign_in("ann")
    thief.cookies.update(visitor.cookies)
    assert thief.go("/stats").status_code == 200
    answer = visitor.delete(f"{house.server.url}/session", headers={"Origin": house.server.url}, timeout=10)
    assert answer.status_code == 204
    assert thief.go("/stats").status_code == 401


def test_the_audit_log_names_the_person(house: House) -> None:
    visitor = Visitor(house.server)
    visitor.sign_in("ann")
    newest = visitor.go("/audit").json()["changes"][0]
    assert (newest["who"], newest["action"], newest["collection"]) == ("ann@elsewhere.example", "created", "sessions")


def test_the_provider_is_asked_with_pkce_state_and_nonce_that_are_new_each_time(house: House) -> None:
    asked = [parse_qs(urlsplit(Visitor(house.server).start()).query) for _ in range(2)]
    for query in asked:
        assert query["code_challenge_method"] == ["S256"]
        assert query["scope"] == ["openid email profile groups"]
        assert query["redirect_uri"] == [f"{house.server.url}/session/oidc/callback"]
    for name in ("code_challenge", "state", "nonce"):
        assert asked[0][name] != asked[1][name]


def test_an_answer_for_another_browser_is_refused(house: House) -> None:
    visitor, victim = Visitor(house.server), Visitor(house.server)
    url = visitor.at_provider("ann")
    check_refused(victim, victim.go(url), "expired")
    victim.start()
    check_refused(victim, victim.go(url), "expired")


@pytest.mark.parametrize("name", ["state", "code"])
def test_a_tampered_answer_is_refused(house: House, name: str) -> None:
    visitor = Visitor(house.server)
    url = re.sub(f"{name}=[^&]+", f"{name}=forged", visitor.at_provider("ann"))
    check_refused(visitor, visitor.go(url), "expired")


@pytest.mark.parametrize("own", ["&iss=https%3A%2F%2Fevil.example", ""])
def test_the_answer_of_another_issuer_is_refused(house: House, own: str) -> None:
    visitor = Visitor(house.server)
    url = re.sub("&iss=[^&]+", own, visitor.at_provider("ann"))
    check_refused(visitor, visitor.go(url), "invalid")


def test_an_id_token_with_another_nonce_is_refused(house: House) -> None:
    visitor = Visitor(house.server)
    url = visitor.at_provider("ann", lambda asked: re.sub("nonce=[^&]+", "nonce=of-another-attempt", asked))
    check_refused(visitor, visitor.go(url), "invalid")
    assert "InvalidClaimError" in house.server.log()


def test_a_code_that_was_given_for_another_verifier_is_refused(house: House) -> None:
    visitor = Visitor(house.server)
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    url = visitor.at_provider("ann", lambda asked: re.sub("code_challenge=[^&]+", f"code_challenge={challenge}", asked))
    check_refused(visitor, visitor.go(url), "expired")


def test_an_answer_works_once(house: House) -> None:
    visitor, again = Visitor(house.server), Visitor(house.server)
    url = visitor.at_provider("ann")
    again.cookies.update(visitor.cookies)
    visitor.go(url)
    assert visitor.go("/stats").status_code == 200
    assert "analytics_attempt" not in visitor.cookies
    check_refused(again, again.go(url), "expired")


def test_a_cancelled_sign_in_leads_to_the_page(house: House) -> None:
    visitor = Visitor(house.server)
    url = visitor.follow(visitor.go(visitor.follow(visitor.go(visitor.start())) + "/abort"))
    assert "error=access_denied" in url
    check_refused(visitor, visitor.go(url), "refused")


def test_an_expired_id_token_is_refused(stack: ExitStack, tmp_path: Path) -> None:
    server, _ = build(stack, tmp_path, seconds_behind=7_200)
    visitor = Visitor(server)
    check_refused(visitor, visitor.sign_in("ann"), "invalid")
    assert "ExpiredTokenError" in server.log()


def test_new_keys_of_the_provider_are_accepted_and_forged_signatures_refused(stack: ExitStack, tmp_path: Path) -> None:
    server, provider = build(stack, tmp_path)
    assert Visitor(server).sign_in("ann").status_code == 302
    for key, is_refused in (("second", False), ("second", True)):  # the second time another key has the same id
        provider.stop()
        provider.set(KEY_ID=key)
        stack.enter_context(provider)
        visitor = Visitor(server)
        answer = visitor.sign_in("ann")
        if is_refused:
            check_refused(visitor, answer, "invalid")
            assert "BadSignatureError" in server.log()
        else:
            assert visitor.go("/stats").status_code == 200


def test_a_provider_that_is_down_leads_to_the_page(stack: ExitStack, tmp_path: Path) -> None:
    server, provider = build(stack, tmp_path)
    visitor = Visitor(server)
    url = visitor.at_provider("ann")
    provider.stop()
    check_refused(visitor, visitor.go(url), "unreachable")
    assert "Traceback" not in server.log()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"ANALYTICS_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"}, "unreachable"),
        ({"ANALYTICS_OIDC_ISSUER": "{issuer}/"}, "invalid"),
        ({"ANALYTICS_OIDC_ISSUER": "{issuer}/elsewhere"}, "unreachable"),
    ],
)
def test_a_provider_that_cannot_be_used_leads_to_the_page(
    stack: ExitStack, tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    server = Server(tmp_path / "server.log", ROLES)
    provider = stack.enter_context(OidcProvider(tmp_path / "provider.log", server, {}))
    own = {name: value.format(issuer=provider.issuer) for name, value in settings.items()}
    server.set(**{**provider.settings, **own})
    stack.enter_context(server)
    for _ in range(2):  # the second time without asking the provider
        visitor = Visitor(server)
        check_refused(visitor, visitor.go("/session/oidc"), reason)
    assert "Traceback" not in server.log()


def test_a_wrong_client_secret_leads_to_the_page(stack: ExitStack, tmp_path: Path) -> None:
    server, _ = build(stack, tmp_path, ANALYTICS_OIDC_CLIENT_SECRET="another")
    visitor = Visitor(server)
    check_refused(visitor, visitor.sign_in("ann"), "invalid")
    assert "invalid_client" in server.log()


@pytest.mark.parametrize(("method", "secret"), [("client_secret_basic", CLIENT_SECRET), ("none", "")])
def test_a_client_authenticates_with_the_method_of_the_provider(
    stack: ExitStack, tmp_path: Path, method: str, secret: str
) -> None:
    server = Server(tmp_path / "server.log", ROLES)
    provider = OidcProvider(tmp_path / "provider.log", server, ACCOUNTS)
    provider.set(AUTH_METHOD=method)
    server.set(**{**provider.settings, "ANALYTICS_OIDC_CLIENT_SECRET": secret})
    stack.enter_context(provider)
    stack.enter_context(server)
    visitor = Visitor(server)
    visitor.sign_in("ann")
    assert visitor.go("/stats").status_code == 200


def test_user_info_about_somebody_else_is_refused(house: House) -> None:
    visitor = Visitor(house.server)
    check_refused(visitor, visitor.sign_in("gil"), "invalid")
    assert "the user info is about somebody else" in house.server.log()


def test_a_provider_that_hangs_does_not_delay_other_requests(start_server: StartServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = {"ANALYTICS_OIDC_ISSUER": issuer, "ANALYTICS_OIDC_CLIENT_ID": "x"}
        server = start_server({**ROLES, **client})
        visitor, answers = Visitor(server), list[requests.Response]()
        waiting = threading.Thread(target=lambda: answers.append(visitor.go("/session/oidc")))
        waiting.start()
        asked, _ = silent.accept()
        for _ in range(20):
            assert requests.get(f"{server.url}/health", timeout=5).status_code == 200
        assert answers == []
        asked.close()
        waiting.join(30)
    check_refused(visitor, answers[0], "unreachable")


def test_removing_a_role_from_the_settings_ends_its_sessions(stack: ExitStack, tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    server, _ = build(stack, tmp_path, ANALYTICS_DATA_DIR=folder)
    visitors = {login: Visitor(server) for login in ("ann", "cleo")}
    for login, visitor in visitors.items():
        visitor.sign_in(login)
        assert visitor.go("/stats").status_code == 200
    server.stop()
    server.set(ANALYTICS_ADMINS="others", ANALYTICS_VIEWERS="others")
    stack.enter_context(server)
    assert visitors["ann"].who()["scopes"] == ["ingest", "read"]
    assert visitors["cleo"].go("/stats").status_code == 401


def test_signing_in_is_limited_by_address(start_server: StartServer) -> None:
    client = {"ANALYTICS_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}", "ANALYTICS_OIDC_CLIENT_ID": "x"}
    server = start_server({**ROLES, **client})
    statuses = [Visitor(server).go("/session/oidc/callback").status_code for _ in range(2 * int(SIGN_INS.burst))]
    assert statuses[0] == 302
    assert 429 in statuses


def test_below_a_path_all_addresses_stay_below_it(start_server: StartServer, house: House) -> None:
    settings = {**ROLES, **house.provider.settings, "ANALYTICS_BASE_PATH": "/stats"}
    server = start_server(settings)
    visitor = Visitor(server)
    answer = visitor.go("/stats/session/oidc")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{server.url}/stats/session/oidc/callback"]
    assert "Path=/stats/session/oidc" in answer.headers["Set-Cookie"]
    assert visitor.go("/stats/session/oidc/callback").headers["Location"] == "/stats/"


def test_without_a_provider_there_are_no_sign_in_routes(shared_server: Server) -> None:
    assert shared_server.get("/session")["oidc"] is False
    for path in ("/session/oidc", "/session/oidc/callback"):
        assert requests.get(shared_server.url + path, timeout=10).status_code == 404


def test_an_admin_key_is_created_only_if_no_person_can_be_an_admin(house: House, start_server: StartServer) -> None:
    assert "Admin key" not in house.server.log()
    server = start_server({**house.provider.settings, "ANALYTICS_VIEWERS": "staff"})
    assert "Admin key" in server.log()


def sign_in_on_page(house: House, browser: Browser, login: str) -> Page:
    """A page of the service, in a new browser context, after a sign-in with the provider."""
    page = browser.new_context().new_page()
    page.goto(house.server.url)
    page.click("#sign-in-provider a")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")
    page.wait_for_url(f"{house.server.url}/")
    return page


def test_the_page_shows_why_a_sign_in_was_refused(house: House, browser: Browser) -> None:
    page = sign_in_on_page(house, browser, "dan")
    expect(page.locator("#sign-in-error")).to_contain_text("none of your groups")
    page.context.close()


def test_a_browser_signs_in_and_the_page_is_live(house: House, browser: Browser) -> None:
    page = sign_in_on_page(house, browser, "cleo")
    expect(page.locator("#updated")).to_contain_text(re.compile(r"\d"))
    assert page.evaluate("fetch('session').then(answer => answer.json())")["who"] == "cleo@Shop.Example"
    page.context.close()
