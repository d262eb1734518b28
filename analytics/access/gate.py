"""The gate: it decides by the headers of a request who sent it, and whether it may do what it asks for."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from analytics.access.checks import check_origin, check_other_page, check_page, check_scope, check_url
from analytics.access.credentials import credentials, take_from_url
from analytics.access.limits import SenderLimits
from analytics.access.origins import Origins
from analytics.access.routes import DOWNLOADS, SOCKET_IO, TICKET_RULES, Route, Routes
from analytics.addresses import sender_at
from analytics.answer import ROUTE
from analytics.errors import AnalyticsError
from analytics.identity import EVERYBODY, INGEST, KEY, NOBODY, Identity, NameBudget, NotAllowed, Unauthorized
from analytics.keys.check import KeyCheck
from analytics.keys.key import Key, digest
from analytics.keys.keyring import Keyring
from analytics.keys.leases import Lease
from analytics.keys.own_page import is_other_page
from analytics.keys.sessions import Sessions
from analytics.keys.tickets import Tickets
from analytics.people.proxy_users import ProxyUsers
from analytics.scopes import PUBLIC

MAX_KNOWN = 10_000
"""Identities of keys that are remembered."""


class Gate:
    """Identifies the sender of each request, and refuses what it may not do. The body has not been read yet.

    Args:
        origins: the allowed origins of other sites.
        session: returns the lease of the Socket.IO session with this id, if there is one.
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
        limits: SenderLimits,
        origins: Origins,
        session: Callable[[str], Lease | None],
        refused: Callable[[str], None],
    ) -> None:
        self._routes, self._keyring, self._check = routes, keyring, check
        self._tickets, self._sessions, self._limits = tickets, sessions, limits
        self._proxy_users, self._origins = proxy_users, origins
        self._session, self._refused = session, refused
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
        route = self._route(environ)
        if route.scope == PUBLIC:
            try:
                return self._identity(environ, route)
            except (Unauthorized, NotAllowed):
                return NOBODY
        identity = self._identity(environ, route)
        if identity is NOBODY:
            raise Unauthorized("This needs a key: send it as `Authorization: Bearer KEY`, or sign in on the page.")
        check_scope(identity, route)
        if route.rule == SOCKET_IO:
            self._check_session(identity, environ)
        if route.is_read:
            identity.read()
        else:
            identity.admit(_items(route))
        return identity

    def _anybody(self, environ: WSGIEnvironment) -> Identity:
        """The sender of a request where no keys are required, with the rates of its address.

        Raises:
            NotAllowed: another site's page tries to manage the service.
            TooManyRequests: the address exceeded its rate.
        """
        if is_other_page(environ):
            check_other_page(self._route(environ), environ.get("HTTP_ORIGIN", ""), self._origins)
        address = sender_at(environ.get("REMOTE_ADDR", "")) if self._limits.limits_addresses else None
        if address is None:
            return EVERYBODY
        route = self._route(environ)
        if route.is_read:
            self._limits.read_from(address)
        elif route.scope != PUBLIC:
            admit = self._limits.admit_from(address)
            if admit is not None:
                admit(_items(route))
                return EVERYBODY._replace(admit=admit)
        return EVERYBODY

    def _route(self, environ: WSGIEnvironment) -> Route:
        route = self._routes.of(environ)
        environ[ROUTE] = route.rule
        return route

    def _identity(self, environ: WSGIEnvironment, route: Route) -> Identity:
        given = credentials(environ)
        if given is None:
            return self._of_browser(self._proxy_users(environ), environ, route)
        if given.form == "ticket":
            return self._of_ticket(given.secret, environ, route)
        if given.form == "session":
            # a cookie that is too old is no mistake of the page
            found = self._sessions.use(given.secret, environ.get("REMOTE_ADDR", ""))
            if found is None or found.key is None:
                return self._of_browser(found.identity if found else self._proxy_users(environ), environ, route)
            identity = self._of_key(found.key)._replace(valid_until=found.identity.valid_until)
            check_page(environ, route)
            return identity
        key = self._check.find(given.secret, environ.get("REMOTE_ADDR", ""))
        if given.form == "url":
            check_url(key, route)
        if key.origins:
            check_origin(key, environ.get("HTTP_ORIGIN", ""))
        identity = self._of_key(key)
        if route.is_lasting:
            until = partial(self._keyring.may_read_until, key.id, digest(given.secret))
            return identity._replace(valid_until=until)
        return identity

    def _of_ticket(self, ticket: str, environ: WSGIEnvironment, route: Route) -> Identity:
        found, session = None, self._session_of(environ) if route.rule == SOCKET_IO else None
        if session is not None:  # clients repeat the ticket that opened it
            found = session.identity if session.is_of_ticket(digest(ticket)) else None
        elif route.rule.startswith(TICKET_RULES):
            found = self._tickets.use(ticket, environ, is_download=route.rule.startswith(DOWNLOADS))
        if found is None:
            raise Unauthorized("This ticket is unknown, used, too old or of another origin: ask for a new one.")
        return found

    def _of_browser(self, person: Identity | None, environ: WSGIEnvironment, route: Route) -> Identity:
        """The person of a session or proxy.

        Raises:
            NotAllowed: another site's page tries to change something, or to connect live.
        """
        if person is None:
            return NOBODY
        check_page(environ, route)
        return self._limits.of_person(person)

    def _session_of(self, environ: WSGIEnvironment) -> Lease | None:
        """The Socket.IO session that a request continues; the library reads its id in the same way."""
        sid = parse_qs(environ["QUERY_STRING"]).get("sid", [""])[0]
        return self._session(sid) if sid else None

    def _check_session(self, identity: Identity, environ: WSGIEnvironment) -> None:
        """Check that a Socket.IO session, whose id is in URLs, is continued by the sender and page that opened it.

        Raises:
            Unauthorized: it is not.
        """
        session = self._session_of(environ)
        if session is not None and not session.may_be_used(identity, environ):
            raise Unauthorized("This session was opened by another sender or page: open one of your own.")

    def _of_key(self, key: Key) -> Identity:
        """The identity of a key, made once for each version of it."""
        known = self._known.get(key.id)
        if known is not None and known[0] is key:
            return known[1]
        names = None if key.new_names is None else NameBudget(key.new_names)
        if names is not None and known is not None and known[1].names is not None:
            names = known[1].names  # the budget is not renewed by a rotation
        identity = Identity(key.who, key.scopes, key.services, key.types, bool(key.origins), names)
        identity = self._limits.of_key(identity, key)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[key.id] = key, identity
        return identity


def _items(route: Route) -> int:
    """Number of items that a request takes from a rate before its body is read; a door takes those in the body."""
    return 0 if route.scope == INGEST else 1
