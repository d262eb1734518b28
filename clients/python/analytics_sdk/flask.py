"""Flask extension that tracks each request with its URL rule as endpoint; the only module that imports Flask."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, got_request_exception, has_request_context, request, request_started

from .client import AnalyticsClient
from .items import UserId
from .wsgi import ENDPOINT, ERROR, USER, Middleware

log = logging.getLogger("analytics.sdk")

NO_RULE = "(no rule)"
"""Endpoint of all requests without a rule, so that scanners do not create an endpoint for each path they try."""


class FlaskAnalytics:
    """Tracks the requests of one or more Flask applications.

        client = AnalyticsClient(service="checkout")
        FlaskAnalytics(app, client)

    Args:
        user_id: returns the user of the current request; called at its end, in its context.
    """

    def __init__(
        self,
        app: Flask | None = None,
        client: AnalyticsClient | None = None,
        *,
        user_id: Callable[[], UserId] | None = None,
    ) -> None:
        self._client, self._user_id = client, user_id
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, client: AnalyticsClient | None = None) -> None:
        """Track the requests of `app`.

        Raises:
            ValueError: no client was given, neither here nor to the constructor.
        """
        client = client or self._client
        if client is None:
            raise ValueError("FlaskAnalytics needs a client: FlaskAnalytics(app, AnalyticsClient(service=...))")
        app.extensions["analytics_sdk"] = self
        request_started.connect(_note_rule, app)
        got_request_exception.connect(_note_error, app)
        if self._user_id is not None:
            app.teardown_request(self._note_user)
        app.wsgi_app = Middleware(app.wsgi_app, client)  # type: ignore[method-assign]

    def _note_user(self, _: BaseException | None) -> None:
        try:
            if self._user_id is not None and has_request_context():
                request.environ[USER] = self._user_id()
        except Exception:
            log.exception("analytics: user_id failed")


def _note_rule(app: Flask, **__: Any) -> None:
    rule = request.url_rule.rule if request.url_rule is not None else _rule_of_other_methods(app)
    request.environ[ENDPOINT] = rule or NO_RULE


def _rule_of_other_methods(app: Flask) -> str | None:
    """Rule that matches the path of the current request but not its method."""
    methods: Any = getattr(request.routing_exception, "valid_methods", None)
    try:
        adapter = app.create_url_adapter(request) if methods else None
        return adapter.match(method=next(iter(methods)), return_rule=True)[0].rule if adapter is not None else None
    except Exception:
        log.exception("analytics: the rule of a method that is not allowed was not found")
        return None


def _note_error(_: Flask, exception: BaseException, **__: Any) -> None:
    request.environ[ERROR] = type(exception).__name__
