"""The access matrix: every method of every route, requested by every kind of sender, in this process.

The expected answer comes from the decision about the route and from `ALLOWED` below, which says who has which scope.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from werkzeug.routing import BuildError, Map, Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from analytics.access.routes import Routes, UndecidedRouteError
from analytics.scopes import DECISIONS
from tests.access.rig import ADMIN, SHOP, Rig, check_refused
from tests.access.shapes import message_in
from tests.cases import check_each

ARGUMENTS = {
    "id": "deploy-1",
    "service": "shop",
    "name": "main.js",
    "group": "shop",
    "label": "service",
    "trace_id": "a" * 32,
}
ALLOWED = {
    "public": {
        *("none", "wrong", "expired", "ingest", "bound", "typed", "read", "rotated", "admin", "browser", "ticket"),
        *("session", "session of both", "viewer", "editor", "person admin"),
    },
    "ingest": {"ingest", "bound", "typed", "admin", "browser", "session of both", "editor", "person admin"},
    "edit": {"ingest", "admin", "session of both", "editor", "person admin"},
    "read": {"read", "rotated", "admin", "session", "session of both", "viewer", "editor", "person admin"},
    "admin": {"admin", "person admin"},
}
"""The kinds of senders that may use a route with that decision."""
OWN_PAGE = {"HTTP_SEC_FETCH_SITE": "same-origin"}
PROXY: dict[str, Any] = {
    "trusted_proxies": ("127.0.0.1",),
    "proxy_user_header": "Remote-User",
    "proxy_groups_header": "Remote-Groups",
    "viewers": ("staff",),
    "editors": ("developers",),
    "admins": ("ops",),
}
"""Settings of a proxy that signs people in."""
UNKNOWN = {"none", "wrong", "expired"}
LIVE = ("/ws/dashboard", "/socket.io/", "/logs/tail", "/loki/api/v1/tail")
TICKETS = (*LIVE, "/export/")
"""Where a ticket is accepted."""
KINDS = sorted(ALLOWED["public"])


class Way(NamedTuple):
    """One method of one route."""

    rule: Rule
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}{' (WebSocket)' if self.rule.websocket else ''}"

    @property
    def path(self) -> str:
        built = self.rule.build({name: ARGUMENTS[name] for name in self.rule.arguments})
        if built is None:
            raise BuildError(self.rule.endpoint, {}, None)
        return str(built[1])


class Senders:
    """A service, and a sender of each kind."""

    def __init__(self) -> None:
        self.rig = rig = Rig(read_rate=0, **PROXY)
        expired = rig.key("admin", expires_at="2023-11-14T22:13:30Z")
        rig.clock.advance(11)
        self.read, both, rotated = rig.key("read"), rig.key("ingest", "read"), rig.create("read")
        rig.post(f"/keys/{rotated['id']}/rotate", {"overlap_seconds": 30 * 86_400}, ADMIN)
        self._headers: dict[str, Callable[[], dict[str, str]]] = {
            "none": dict,
            "wrong": lambda: {"HTTP_AUTHORIZATION": f"Bearer {expired[:-1]}-"},
            "expired": lambda: {"HTTP_X_API_KEY": expired},
            "session": lambda: self._session(self.read),
            "session of both": lambda: self._session(both),
            "ticket": lambda: {"QUERY_STRING": f"ticket={rig.ticket(self.read)}"},
        }
        keys = {
            "ingest": rig.key("ingest"),
            "bound": rig.key("ingest", services=["shop"]),
            "typed": rig.key("ingest", types=["view"]),
            "rotated": rotated["secret"],
            "read": self.read,
            "admin": ADMIN,
        }
        browser = rig.key("ingest", origins=[SHOP])
        self._headers["browser"] = lambda: {"HTTP_X_API_KEY": browser, "HTTP_ORIGIN": SHOP}
        for kind, key in keys.items():
            self._headers[kind] = lambda key=key: {"HTTP_AUTHORIZATION": f"Bearer {key}"}  # type: ignore[misc]
        for kind, group in (("viewer", "staff"), ("editor", "developers"), ("person admin", "ops")):
            person = {"REMOTE_ADDR": "127.0.0.1", "HTTP_REMOTE_USER": "ann", "HTTP_REMOTE_GROUPS": group, **OWN_PAGE}
            self._headers[kind] = lambda person=person: person  # type: ignore[misc]

    def _session(self, key: str) -> dict[str, str]:
        self.rig.clock.advance(1)  # signing in is limited
        return {"HTTP_COOKIE": self.rig.session(key), **OWN_PAGE}

    def status(self, kind: str, way: Way) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer that a kind of sender gets."""
        environ: dict[str, Any] = EnvironBuilder(way.path, method=way.method).get_environ()
        if way.rule.websocket:
            environ.update(HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
        body, status, headers = run_wsgi_app(self.rig.app, {**environ, **self._headers[kind]()})
        return int(status[:3]), dict(headers), b"".join(body) if int(status[:3]) in (401, 403) else b""


WAYS = [
    Way(rule, method)
    for rule in Rig().app.url_map.iter_rules()
    for method in sorted((rule.methods or {"GET"}) - {"OPTIONS"})
]


def decision(way: Way) -> str:
    """The scope that a way needs; HEAD needs what GET needs."""
    return DECISIONS[way.rule.rule]["GET" if way.method == "HEAD" else way.method]


def expected(kind: str, way: Way) -> int:
    """401, 403, or 0 where the request must get through."""
    scope = decision(way)
    if kind in ALLOWED[scope] or (kind == "ticket" and scope == "read" and way.rule.rule.startswith(TICKETS)):
        return 0
    return 401 if kind in UNKNOWN or kind == "ticket" else 403


@pytest.fixture(scope="module")
def open_service() -> Rig:
    """A service without keys."""
    return Rig(admin_key="")


@pytest.fixture(scope="module")
def senders() -> Senders:
    return Senders()


@pytest.mark.parametrize("kind", KINDS)
def test_each_sender_may_use_the_routes_of_its_scopes(senders: Senders, kind: str) -> None:
    check_each(WAYS, lambda way: check_answer(senders, way, kind))


def check_answer(senders: Senders, way: Way, kind: str) -> None:
    """Check the answer that a kind of sender gets."""
    status, headers, body = senders.status(kind, way)
    refusal = expected(kind, way)
    if kind == "browser" and str(way) in ("POST /session", "DELETE /session"):
        assert (status, b"cross_site_request" in body) == (403, True), "pages of other sites sign nobody in or out"
        return
    if kind == "browser" and way.rule.rule.startswith("/metrics/job"):
        assert (status, b"Keys of web pages" in body) == (403, True), "pages replace and delete no groups"
        return
    if kind == "typed" and str(way) == "DELETE /metrics/job/<path:group>":
        assert (status, b"may not send events of the type" in body) == (403, True), "it sends events only"
        return
    if kind == "typed" and way.rule.rule.startswith("/heartbeat/"):
        assert (status, b"type_not_allowed" in body or way.method == "HEAD") == (403, True), "it sends events only"
        return
    if refusal == 0:
        assert status not in (401, 403, 429)
        return
    assert status == refusal
    message = "" if way.method == "HEAD" else message_in(way.path, headers, body)
    assert ("WWW-Authenticate" in headers) == (status == 401)
    if status == 403 and way.method != "HEAD":
        named = "ingest" if decision(way) == "edit" else decision(way)
        assert f"`{named}`" in message


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_paths_reveal_nothing(senders: Senders, kind: str) -> None:
    for path, method in (("/nothing", "GET"), ("/keys", "PUT"), ("/events", "DELETE"), ("/keys/x/y", "GET")):
        rule = Rule(path)
        Map([rule])
        assert senders.status(kind, Way(rule, method))[0] in (404, 405)


@pytest.mark.parametrize("path", ["//events", "///stats", "/./events", "/events/", "/services/shop/a/metrics"])
def test_other_spellings_of_a_path_do_not_bypass_access_control(senders: Senders, path: str) -> None:
    environ = {**EnvironBuilder("/").get_environ(), "PATH_INFO": path}
    body, status, _ = run_wsgi_app(senders.rig.app, environ)
    assert status[:3] in ("401", "404", "308")
    assert b"count" not in b"".join(body)


def test_a_path_that_spells_out_a_rule_does_not_match_it(senders: Senders) -> None:
    assert senders.rig.get("/annotations/<id>").status_code == 401
    assert senders.rig.get("/annotations/<id>", senders.read).status_code == 404


def test_without_keys_every_request_is_allowed(open_service: Rig) -> None:
    def check(way: Way) -> None:
        environ: dict[str, Any] = EnvironBuilder(way.path, method=way.method).get_environ()
        if way.rule.websocket:
            environ.update(HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
        _, status, _ = run_wsgi_app(open_service.app, environ)
        assert int(status[:3]) not in (401, 403, 429)

    check_each(WAYS, check)


PAGES = {
    "listed by `*`": ({"HTTP_ORIGIN": SHOP}, ("*",), False),
    "not listed": ({"HTTP_ORIGIN": SHOP, "HTTP_SEC_FETCH_SITE": "cross-site"}, ("https://other.example",), False),
    "without an origin": ({"HTTP_SEC_FETCH_SITE": "cross-site"}, ("*", SHOP), False),
    "of an opaque origin": ({"HTTP_ORIGIN": "null"}, ("*", SHOP), False),
    "listed by name": ({"HTTP_ORIGIN": SHOP, "HTTP_SEC_FETCH_SITE": "cross-site"}, ("*", SHOP), True),
    "own": ({"HTTP_ORIGIN": "http://localhost", "HTTP_SEC_FETCH_SITE": "same-origin"}, (SHOP,), True),
    "address that was typed": ({"HTTP_SEC_FETCH_SITE": "none"}, (SHOP,), True),
}
"""Headers of a page, allowed origins, and whether the page may manage an open service."""


@pytest.fixture(scope="module")
def open_to() -> dict[tuple[str, ...], Rig]:
    """Services without keys, by their allowed origins."""
    return {origins: Rig(admin_key="", cors_origins=origins) for _, origins, _ in PAGES.values()}


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_other_sites_do_not_manage_an_open_service(open_to: dict[tuple[str, ...], Rig], page: str) -> None:
    check_each(WAYS, lambda way: check_page(open_to, way, page))


def check_page(open_to: dict[tuple[str, ...], Rig], way: Way, page: str) -> None:
    """Check the answer that a page gets from a service that is open to its origins."""
    headers, origins, may_manage = PAGES[page]
    environ: dict[str, Any] = EnvironBuilder(way.path, method=way.method, content_type="text/plain").get_environ()
    if way.rule.websocket:
        environ.update(HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
    body, status, answered = run_wsgi_app(open_to[origins].app, {**environ, **headers})
    manages = decision(way) in ("edit", "admin") or way.rule.rule.startswith("/sessions")
    signs = str(way) in ("POST /session", "DELETE /session") and page not in ("own", "address that was typed")
    live = way.rule.rule in LIVE and SHOP not in origins and "*" not in origins
    refused = (manages and not may_manage) or signs or (live and headers.get("HTTP_ORIGIN") == SHOP)
    assert (status[:3] == "403") == refused
    if refused and not live and way.method != "HEAD":
        assert b"cross_site_request" in b"".join(body)
    management = way.rule.rule[1:].startswith(("keys", "sessions", "audit", "users"))
    if "*" in origins and management:
        assert answered.get("Access-Control-Allow-Origin") == (SHOP if page == "listed by name" else None)


def test_a_page_of_another_site_does_not_take_over_an_open_service() -> None:
    rig = Rig(admin_key="")
    page = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    answer = rig.ask("POST", "/keys", headers=page, data='{"name": "mine", "scopes": ["admin"]}')
    message = check_refused(answer, 403, "cross_site_request")
    assert "ANALYTICS_CORS_ORIGINS" in message
    for path in ("/users/alice", "/redactions/secrets"):
        check_refused(rig.ask("DELETE", path, headers=page), 403, "cross_site_request")
    preflight = rig.ask("OPTIONS", "/users/alice", headers={**page, "Access-Control-Request-Method": "DELETE"})
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert rig.ask("POST", "/events", headers=page, data='{"type": "view", "service": "shop"}').status_code == 201
    assert rig.create_without_key("admin")["enforced"], "programs send no such headers"


def test_a_route_without_a_decision_prevents_the_start() -> None:
    urls = Map([Rule("/new", methods=["GET", "PUT"])])
    with pytest.raises(UndecidedRouteError, match="GET /new, PUT /new"):
        Routes(urls, {})
    with pytest.raises(UndecidedRouteError, match="without a scope: PUT /new"):
        Routes(urls, {"/new": {"GET": "read"}})


def test_a_decision_without_a_route_prevents_the_start() -> None:
    with pytest.raises(UndecidedRouteError, match="without a route: GET /old"):
        Routes(Map([]), {"/old": {"GET": "read"}})
