"""Finds the route of a request, and with it the scope that it needs."""

from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from analytics.identity import ADMIN, READ
from analytics.scopes import DECISIONS, PUBLIC, Decisions

SOCKET_IO, DOWNLOADS = "/socket.io/", "/export/"
TAILS = ("/logs/tail", "/loki/api/v1/tail")
TICKET_RULES = ("/ws/", SOCKET_IO, DOWNLOADS, *TAILS)
"""Beginnings of the rules that accept tickets."""
LASTING_RULES = (*TICKET_RULES, "/tickets")


class UndecidedRouteError(Exception):
    """A route without a decision, or a decision without a route: a mistake in this program."""


class Route(NamedTuple):
    """One method of a route.

    Attributes:
        scope: what a request needs.
        is_read: whether a request counts as a read.
        is_lasting: whether a request, or the ticket that it asks for, opens a connection that stays open.
    """

    rule: str
    scope: str
    is_read: bool
    is_lasting: bool


def _route(rule: str, method: str, scope: str) -> Route:
    is_read = scope == READ or (scope == ADMIN and method == "GET")
    return Route(rule, scope, is_read, is_lasting=rule.startswith(LASTING_RULES))


NO_ROUTE = Route("", PUBLIC, is_read=False, is_lasting=False)
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
        self._routes = {
            (rule, method): _route(rule, method, scope)
            for rule, methods in decisions.items()
            for method, scope in methods.items()
        }

    def of(self, environ: WSGIEnvironment) -> Route:
        """The route of a request, by the same rules as the application's router."""
        method = environ["REQUEST_METHOD"]
        method = "GET" if method == "HEAD" else method
        path = environ["PATH_INFO"]
        found = self._routes.get((path, method)) if "<" not in path else None
        if found is not None:
            return found
        try:
            rule, _ = self._urls.bind_to_environ(environ).match(return_rule=True)
        except (HTTPException, RequestRedirect):
            return NO_ROUTE
        assert isinstance(rule, Rule)
        return self._routes[rule.rule, method]

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
