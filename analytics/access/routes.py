"""Finds the route of a request, and with it the scope that it needs."""

from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from analytics.scopes import DECISIONS, PUBLIC, Decisions


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
