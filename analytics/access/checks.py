"""Checks of the gate: whether a sender that is known may do what a request asks for."""

from wsgiref.types import WSGIEnvironment

from analytics.access.credentials import PING_PATH
from analytics.access.origins import Origins
from analytics.access.routes import Route
from analytics.addresses import parse_origin
from analytics.identity import ADMIN, INGEST, Identity, NotAllowed, Unauthorized
from analytics.keys.key import Key
from analytics.keys.own_page import is_own_page
from analytics.scopes import EDIT, MANAGEMENT

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


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


def check_page(environ: WSGIEnvironment, route: Route) -> None:
    """Check that a person acts on the service's own page; browsers send who it is with requests of other pages, too.

    Raises:
        NotAllowed: another site's page tries to send or change something, or to connect live.
    """
    is_safe = environ["REQUEST_METHOD"] in SAFE_METHODS and route.scope != INGEST and "HTTP_UPGRADE" not in environ
    if not is_safe and not is_own_page(environ):
        raise NotAllowed(
            "People may send, change and connect live only from the service's own page: use a key elsewhere.",
            code="cross_site_request",
        )


def check_url(key: Key, route: Route) -> None:
    """Check that a key may stand in the URL: browser keys, which are public, and pings of the one service of a key.

    Raises:
        Unauthorized: it may not.
    """
    if key.origins or (route.rule.startswith(PING_PATH) and len(key.services) == 1 and key.scopes == {INGEST}):
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
