"""The gate: it decides by the headers of a request who sent it, and whether it may do what it asks for."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from analytics.access.credentials import PING, credentials, take_from_url
from analytics.access.limits import Limits
from analytics.access.origins import Origins
from analytics.access.routes import SOCKET_IO, TICKET_RULES, Route, Routes
from analytics.addresses import parse_origin, sender_at
from analytics.errors import AnalyticsError
from analytics.identity import (
    ADMIN,
    EVERYBODY,
    INGEST,
    KEY,
    NOBODY,
    READ,
    Identity,
    NameBudget,
    NotAllowed,
    Unauthorized,
)
from analytics.keys.check import KeyCheck
from analytics.keys.key import Key, digest
from analytics.keys.keyring import Keyring
from analytics.keys.own_page import is_other_page, is_own_page
from analytics.keys.sessions import Sessions
from analytics.keys.tickets import Tickets
from analytics.people.proxy_users import ProxyUsers
from analytics.scopes import EDIT, MANAGEMENT, PUBLIC

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MAX_KNOWN = 10_000
"""Identities of keys that are remembered."""
IN_SESSION = Identity("live session", frozenset((READ,)))
"""The sender of a further request of a Socket.IO session that was opened with a ticket."""


class Gate:
    """Identifies the sender of each request, and refuses what it may not do. The body has not been read yet.

    Args:
        origins: the allowed origins of other sites.
        is_live: whether there is a Socket.IO session with this id.
        refused: called with the code of each refusal.
    """

    def __init__(
        self,
        routes: Routes,
        keyring: Keyring,
        check: KeyCheck,
        tickets: Tickets,
        sessions: Sessions,
        proxy_users: ProxyUsers,
        limits: Limits,
        origins: Origins,
        is_live: Callable[[str], bool],
        refused: Callable[[str], None],
    ) -> None:
        self._routes, self._keyring, self._check = routes, keyring, check
        self._tickets, self._sessions, self._limits = tickets, sessions, limits
        self._proxy_users, self._origins = proxy_users, origins
        self._is_live, self._refused = is_live, refused
        self._known: dict[str, tuple[Key, Identity]] = {}

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Put the sender into the environ.

        Raises:
            Unauthorized: the request has no credentials, or wrong ones.
            NotAllowed: its sender may not do this.
            TooManyRequests: its sender exceeded its rate.
        """
        try:
            environ[KEY] = self._sender(environ)
        except AnalyticsError as error:
            self._refused(error.code)
            raise

    def _sender(self, environ: WSGIEnvironment) -> Identity:
        if environ["REQUEST_METHOD"] == "OPTIONS":  # preflights have no credentials
            return NOBODY
        if not self._keyring.is_locked:
            take_from_url(environ)
            return self._anybody(environ)
        route = self._routes.of(environ)
        if route.scope == PUBLIC:
            try:
                return self._identity(environ, route)
            except (Unauthorized, NotAllowed):
                return NOBODY
        identity = self._identity(environ, route)
        if identity is NOBODY:
            raise Unauthorized("This needs a key: send it as `Authorization: Bearer KEY`, or sign in on the page.")
        check_scope(identity, route)
        return identity

    def _anybody(self, environ: WSGIEnvironment) -> Identity:
        """The sender of a request where no keys are required, with the rates of its address.

        Raises:
            NotAllowed: another site's page tries to manage the service.
            TooManyRequests: the address exceeded its rate.
        """
        if is_other_page(environ):
            check_other_page(self._routes.of(environ), environ.get("HTTP_ORIGIN", ""), self._origins)
        address = sender_at(environ.get("REMOTE_ADDR", "")) if self._limits.limits_addresses else None
        if address is None:
            return EVERYBODY
        route = self._routes.of(environ)
        if route.is_read:
            self._limits.read_from(address)
        elif route.scope == INGEST:
            admit = self._limits.admit_from(address)
            if admit is not None:
                return EVERYBODY._replace(admit=admit)
        return EVERYBODY

    def _identity(self, environ: WSGIEnvironment, route: Route) -> Identity:
        given = credentials(environ)
        if given is None:
            return self._of_browser(self._proxy_users(environ), environ, route)
        if given.form == "ticket":
            return self._of_ticket(given.secret, environ, route)
        if given.form == "session":
            # a cookie that is too old is no mistake of the page
            person = self._sessions.use(given.secret, environ.get("REMOTE_ADDR", "")) or self._proxy_users(environ)
            return self._of_browser(person, environ, route)
        key = self._check.find(given.secret, environ.get("REMOTE_ADDR", ""))
        if given.form == "url":
            check_url(key, route)
        if key.origins:
            check_origin(key, environ.get("HTTP_ORIGIN", ""))
        identity = self._of_key(key)
        if route.is_read:
            self._limits.read(identity.who, key)
        if route.is_lasting:
            until = partial(self._keyring.may_read_until, key.id, digest(given.secret))
            return identity._replace(valid_until=until)
        return identity

    def _of_ticket(self, ticket: str, environ: WSGIEnvironment, route: Route) -> Identity:
        found = None
        if route.rule.startswith(TICKET_RULES):
            if route.rule == SOCKET_IO:  # clients repeat the ticket, but a session needs it once
                sid = parse_qs(environ["QUERY_STRING"]).get("sid", [""])[0]
                if sid and self._is_live(sid):
                    return IN_SESSION
            found = self._tickets.use(ticket, environ.get("HTTP_ORIGIN", ""))
        if found is None:
            raise Unauthorized("This ticket is unknown, used, too old or of another origin: ask for a new one.")
        return found

    def _of_browser(self, identity: Identity | None, environ: WSGIEnvironment, route: Route) -> Identity:
        """The person of a session or proxy; browsers send both with requests of other sites' pages, too.

        Raises:
            NotAllowed: another site's page tries to change something, or to connect live.
        """
        if identity is None:
            return NOBODY
        is_safe = environ["REQUEST_METHOD"] in SAFE_METHODS and route.scope != INGEST and "HTTP_UPGRADE" not in environ
        if not is_safe and not is_own_page(environ):
            raise NotAllowed(
                "People may send, change and connect live only from the service's own page: use a key elsewhere.",
                code="cross_site_request",
            )
        if route.is_read:
            self._limits.read(identity.who, None)
        return identity

    def _of_key(self, key: Key) -> Identity:
        """The identity of a key, made once for each version of it."""
        known = self._known.get(key.id)
        if known is not None and known[0] is key:
            return known[1]
        names = None if key.new_names is None else NameBudget(key.new_names)
        if names is not None and known is not None and known[1].names is not None:
            names = known[1].names  # the budget is not renewed by a rotation
        identity = Identity(key.who, key.scopes, key.services, key.types, bool(key.origins), names)
        admit = self._limits.admit(key)
        if admit is not None:
            identity = identity._replace(admit=admit)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[key.id] = key, identity
        return identity


def check_scope(identity: Identity, route: Route) -> None:
    """Check that a sender has the scope of a route.

    Raises:
        NotAllowed: it has not; the message names the scope.
    """
    if route.scope == EDIT:
        if identity.may(ADMIN) or (identity.may(INGEST) and not identity.is_bound and not identity.is_browser):
            return
        raise NotAllowed(
            "This needs the scope `ingest` and a key that is not bound to services, event types or origins."
        )
    if not identity.may(route.scope):
        raise NotAllowed(f"This key lacks the scope `{route.scope}`.")


def check_other_page(route: Route, origin: str, origins: Origins) -> None:
    """Check that another site's page, which any browser may load, manages the service only if it is allowed by name.

    Raises:
        NotAllowed: it is not.
    """
    if (route.scope in (EDIT, ADMIN) or route.rule[1:].startswith(MANAGEMENT)) and not origins.names(origin):
        raise NotAllowed(
            "Pages of other sites may send and read here, but change nothing else: name their origins in "
            "ANALYTICS_CORS_ORIGINS, where `*` is not enough.",
            code="cross_site_request",
        )


def check_url(key: Key, route: Route) -> None:
    """Check that a key may stand in the URL: browser keys, which are public, and pings of the one service of a key.

    Raises:
        Unauthorized: it may not.
    """
    if key.origins or (route.rule.startswith(PING) and len(key.services) == 1 and key.scopes == {INGEST}):
        return
    raise Unauthorized(
        "This key must not stand in a URL, where logs would show it: send it as `Authorization: Bearer KEY`. Only the "
        "ping of a heartbeat takes a key in the URL, one with the scope `ingest` that is bound to that one service.",
        code="key_in_url",
    )


def check_origin(key: Key, origin: str) -> None:
    """Check that a request comes from a page that may use a browser key.

    Raises:
        NotAllowed: it does not.
    """
    parsed = parse_origin(origin)
    if parsed is None or parsed not in map(parse_origin, key.origins):
        raise NotAllowed(
            f"This key may be used by pages of {', '.join(sorted(key.origins))} only"
            + (f", not of {origin[:100]}." if origin else "; the request has no Origin header."),
            code="origin_not_allowed",
        )
