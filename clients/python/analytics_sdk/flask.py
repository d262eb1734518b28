"""Flask extension that reports each request under its URL rule; the one file that needs Flask."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, got_request_exception, has_request_context, request, request_started

from .client import AnalyticsClient
from .items import UserId
from .wsgi import ENDPOINT, ERROR, USER, Middleware

log = logging.getLogger("analytics.sdk")

NO_RULE = "(no rule)"
"""The endpoint of requests that match no rule: what scanners try is not worth a name each."""


class FlaskAnalytics:
    """Reports the requests of one or more applications.

    Args:
        user_id: called without arguments at the end of each request, in its context.
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
        """Report the requests of `app`.

        Raises:
            ValueError: there is no client, neither here nor at the beginning.
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
    """The rule of a request whose method it does not allow."""
    methods: Any = getattr(request.routing_exception, "valid_methods", None)
    try:
        adapter = app.create_url_adapter(request) if methods else None
        return adapter.match(method=next(iter(methods)), return_rule=True)[0].rule if adapter is not None else None
    except Exception:
        log.exception("analytics: the rule of a method that is not allowed was not found")
        return None


def _note_error(_: Flask, exception: BaseException, **__: Any) -> None:
    request.environ[ERROR] = type(exception).__name__
