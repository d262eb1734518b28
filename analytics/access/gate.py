"""The gate: it decides by the headers of a request who sent it, and whether it may do what it asks for."""

from wsgiref.types import WSGIEnvironment

from analytics.access.credentials import PING, credentials, take_from_url
from analytics.access.rates import Rates
from analytics.access.routes import Route, Routes
from analytics.addresses import parse_origin
from analytics.clock import Clock
from analytics.identity import ADMIN, EVERYBODY, INGEST, KEY, NOBODY, Identity, NotAllowed, Unauthorized
from analytics.keys.key import Key, Rate
from analytics.keys.keyring import Keyring
from analytics.keys.sessions import Sessions
from analytics.keys.tickets import Tickets
from analytics.people.proxy_users import ProxyUsers
from analytics.scopes import EDIT, PUBLIC

BROWSER_INGEST = Rate(50, 200)
"""The rate of browser keys that have none of their own, in items."""
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
TICKET_RULES = ("/ws/", "/socket.io", "/export/")


class Gate:
    """Identifies the sender of each request, and refuses what it may not do. The body has not been read yet.

    Args:
        reads: the default rate of reads of a key; None for none.
    """

    def __init__(
        self,
        routes: Routes,
        keyring: Keyring,
        tickets: Tickets,
        sessions: Sessions,
        proxy_users: ProxyUsers,
        clock: Clock,
        reads: Rate | None,
    ) -> None:
        self._routes, self._keyring, self._tickets, self._sessions = routes, keyring, tickets, sessions
        self._proxy_users = proxy_users
        self._clock, self._default_reads = clock, reads
        self._ingest, self._reads = Rates("items", clock.monotonic), Rates("reads", clock.monotonic)

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Put the sender into the environ.

        Raises:
            Unauthorized: the request has no credentials, or wrong ones.
            NotAllowed: its sender may not do this.
            TooManyRequests: its sender exceeded its rate.
        """
        if environ["REQUEST_METHOD"] == "OPTIONS":  # preflights have no credentials
            return
        if not self._keyring.is_locked:
            take_from_url(environ)
            environ[KEY] = EVERYBODY
            return
        route = self._routes.of(environ)
        if route.scope == PUBLIC:
            environ[KEY] = self._identity_or_nobody(environ, route)
            return
        identity = self._identity(environ, route)
        if identity is NOBODY:
            raise Unauthorized("This needs a key: send it as `Authorization: Bearer KEY`, or sign in on the page.")
        _check(identity, route)
        environ[KEY] = identity

    def _identity_or_nobody(self, environ: WSGIEnvironment, route: Route) -> Identity:
        try:
            return self._identity(environ, route)
        except (Unauthorized, NotAllowed):
            return NOBODY

    def _identity(self, environ: WSGIEnvironment, route: Route) -> Identity:
        given = credentials(environ)
        if given is None:
            return self._of_browser(self._proxy_users(environ), environ, route)
        if given.form == "ticket":
            found: Identity | None = None
            if route.rule.startswith(TICKET_RULES):
                found = self._tickets.use(given.secret, environ.get("HTTP_ORIGIN", ""))
            if found is None:
                raise Unauthorized("This ticket is unknown, used, too old or of another origin: ask for a new one.")
            return found
        if given.form == "session":
            # a cookie that is too old is no mistake of the page
            found = self._sessions.find(given.secret) or self._proxy_users(environ)
            return self._of_browser(found, environ, route)
        key = self._keyring.find(given.secret)
        if key is None:
            raise Unauthorized("This key is not known: it may have been revoked.", code="unknown_key")
        if given.form == "url":
            _check_url(key, route)
        return self._of_key(key, environ, route)

    def _of_browser(self, identity: Identity | None, environ: WSGIEnvironment, route: Route) -> Identity:
        """The person of a session or proxy; browsers send both with requests of other sites' pages, too.

        Raises:
            NotAllowed: another site's page tries to change something, or to connect live.
        """
        if identity is None:
            return NOBODY
        is_safe = environ["REQUEST_METHOD"] in SAFE_METHODS and route.scope != INGEST and "HTTP_UPGRADE" not in environ
        if not is_safe and not _is_own_page(environ):
            raise NotAllowed(
                "People may send, change and connect live only from the service's own page: use a key elsewhere.",
                code="cross_site_request",
            )
        return self._with_rates(identity, None, environ)

    def _of_key(self, key: Key, environ: WSGIEnvironment, route: Route) -> Identity:
        if key.is_expired(self._clock.wall()):
            raise Unauthorized("This key has expired.", code="key_expired")
        origin = environ.get("HTTP_ORIGIN", "")
        if key.origins and origin not in key.origins:
            raise NotAllowed(
                f"This key may be used by pages of {', '.join(sorted(key.origins))} only"
                + (f", not of {origin[:100]}." if origin else "; the request has no Origin header."),
                code="origin_not_allowed",
            )
        identity = Identity(key.who, key.scopes, key.services, key.types, bool(key.origins))
        return self._with_rates(identity, key, environ)

    def _with_rates(self, identity: Identity, key: Key | None, environ: WSGIEnvironment) -> Identity:
        sender = identity.who
        reads = (key and key.reads) or self._default_reads
        if reads is not None and environ["REQUEST_METHOD"] in SAFE_METHODS and not identity.is_browser:
            self._reads.take(sender, reads, 1)
        ingest = (key and key.ingest) or (BROWSER_INGEST if identity.is_browser else None)
        if ingest is None:
            return identity
        rate: Rate = ingest

        def admit(items: int) -> None:
            self._ingest.take(sender, rate, items)

        return identity._replace(admit=admit)


def _check(identity: Identity, route: Route) -> None:
    """Check that a sender has the scope of a route.

    Raises:
        NotAllowed: it has not; the message names the scope.
    """
    if route.scope == EDIT:
        if identity.may(ADMIN) or (identity.may(INGEST) and not identity.is_bound and not identity.is_browser):
            return
        raise NotAllowed(
            "This needs the scope `ingest` and a key that is not bound to services, event types or origins.",
            code="missing_scope",
        )
    if not identity.may(route.scope):
        raise NotAllowed(f"This key lacks the scope `{route.scope}`.")


def _check_url(key: Key, route: Route) -> None:
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


def _is_own_page(environ: WSGIEnvironment) -> bool:
    """Whether a page of this service sent a request, by headers that browsers set and pages cannot."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return bool(site == "same-origin")
    origin = parse_origin(environ.get("HTTP_ORIGIN", ""))
    return origin is not None and any(
        origin == parse_origin(f"{scheme}://{environ.get('HTTP_HOST', '')}") for scheme in ("http", "https")
    )
