"""Which scope each route needs: one decision for every method of every path."""

from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from analytics.identity import ADMIN, INGEST, READ

PUBLIC = "public"
"""Needs no key: the answer holds no data of users, or the view decides itself what it answers."""
EDIT = "edit"
"""Writes what is no record of a service: needs `ingest` and a key that is bound to nothing, or `admin`."""
PAGE = ("/", "/assets/<path:name>", "/vendor/<name>", "/docs", "/openapi.json")
SDK = ("/sdk/analytics.js", "/sdk/analytics.classic.js", "/sdk/analytics.d.ts")
HEALTH = ("/health", "/health/live", "/health/ready")
READS = (
    *("/dashboard", "/errors", "/series", "/services", "/services/<name:service>/history"),
    *("/services/<name:service>/metrics", "/stats", "/stats/daily", "/stats/hourly", "/catalog"),
    *("/export/daily", "/export/events", "/export/hourly", "/export/metrics", "/export/services"),
    "/ws/dashboard",
)
Decisions = dict[str, dict[str, str]]

DECISIONS: Decisions = {
    **{rule: {"GET": PUBLIC} for rule in (*PAGE, *SDK, *HEALTH)},
    **{rule: {"GET": READ} for rule in READS},
    "/events": {"GET": READ, "POST": INGEST},
    "/metrics": {"GET": READ, "POST": INGEST},
    "/heartbeat": {"POST": INGEST},
    "/heartbeat/<name:service>": {"GET": INGEST, "POST": INGEST},
    "/socket.io/": {"GET": READ, "POST": READ},
    "/annotations": {"GET": READ, "POST": EDIT},
    "/annotations/<id>": {"GET": READ, "PUT": EDIT, "DELETE": EDIT},
    "/keys": {"GET": ADMIN, "POST": ADMIN},
    "/keys/<id>": {"DELETE": ADMIN},
    "/keys/<id>/rotate": {"POST": ADMIN},
    "/audit": {"GET": ADMIN},
    "/tickets": {"POST": READ},
    "/session": {"GET": PUBLIC, "POST": PUBLIC, "DELETE": PUBLIC},
}
"""The scope by the rule of a route and the method; HEAD needs what GET needs."""


class UndecidedRouteError(Exception):
    """A route without a decision, or a decision without a route: a mistake in this program."""


class Route(NamedTuple):
    """The rule of a route, and the scope that a request of it needs."""

    rule: str
    scope: str


NO_ROUTE = Route("", PUBLIC)
"""For requests that are answered with 404 or 405."""


class Routes:
    """Finds the scope that a request needs.

    Args:
        urls: all routes of the service.

    Raises:
        UndecidedRouteError: a route has no decision.
    """

    def __init__(self, urls: Map, decisions: Decisions = DECISIONS) -> None:
        self._urls, self._decisions = urls, decisions
        self._check()
        self._fixed = {
            (rule, method): Route(rule, scope)
            for rule, methods in decisions.items()
            if "<" not in rule
            for method, scope in methods.items()
        }

    def of(self, environ: WSGIEnvironment) -> Route:
        """The route of a request, by the same rules as the application's router."""
        method = environ["REQUEST_METHOD"]
        method = "GET" if method == "HEAD" else method
        found = self._fixed.get((environ["PATH_INFO"], method))
        if found is not None:
            return found
        try:
            rule, _ = self._urls.bind_to_environ(environ).match(return_rule=True)
        except (HTTPException, RequestRedirect):
            return NO_ROUTE
        assert isinstance(rule, Rule)
        return Route(rule.rule, self._decisions[rule.rule][method])

    def _check(self) -> None:
        needed = {
            (rule.rule, method)
            for rule in self._urls.iter_rules()
            for method in (rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}
        }
        decided = {(rule, method) for rule, methods in self._decisions.items() for method in methods}
        if needed != decided:
            lacking = ", ".join(f"{method} {rule}" for rule, method in sorted(needed - decided))
            spare = ", ".join(f"{method} {rule}" for rule, method in sorted(decided - needed))
            raise UndecidedRouteError(
                f"routes without a scope: {lacking or 'none'}; scopes without a route: {spare or 'none'}"
            )
