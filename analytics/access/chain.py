"""Chain: the steps that every request and every answer passes, in this order, around the whole application."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.routing import Map

from analytics.access.access_log import AccessLog
from analytics.access.added_listener import check_listener
from analytics.access.base_path import BasePath
from analytics.access.browser_headers import BrowserHeaders
from analytics.access.cross_origin import CrossOrigin
from analytics.access.identify import Identify
from analytics.access.live_origin import LiveOrigin
from analytics.access.origins import Origins
from analytics.access.proxies import Proxies
from analytics.access.ready_gate import ReadyGate
from analytics.access.request_metrics import RequestMetrics
from analytics.access.yielding import Yielding
from analytics.error_answers.by_path import failure

RequestStep = Callable[[WSGIEnvironment], None]
"""Inspects a request and may change its environ. Raises an AnalyticsError to refuse the request."""
AnswerStep = Callable[[WSGIEnvironment, str, list[tuple[str, str]]], None]
"""Gets a request, and the status line and headers of its answer; may add headers."""


class Chain:
    """WSGI application that runs `request_steps` on each request, and then calls `app` unless a step refuses it.

    Every answer passes `answer_steps`, including the answer to a refused request.
    """

    def __init__(
        self, app: WSGIApplication, request_steps: Sequence[RequestStep], answer_steps: Sequence[AnswerStep]
    ) -> None:
        self.app, self.request_steps, self.answer_steps = app, request_steps, answer_steps

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app: WSGIApplication = self.app
        try:
            for step in self.request_steps:
                step(environ)
        except Exception as error:  # noqa: BLE001  # a request must not get through when a step fails
            app = failure(error, environ)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            for step in self.answer_steps:
                step(environ, status, headers)
            return start_response(status, headers, *error)

        return app(environ, start)


def chain(
    app: WSGIApplication,
    urls: Map,
    *,
    origins: Origins,
    frame_ancestors: tuple[str, ...],
    base_path: str,
    trusted_proxies: tuple[str, ...],
    is_closed: Callable[[], bool],
    identify: Identify,
    metrics: RequestMetrics,
) -> Chain:
    """Put all steps around `app`.

    Args:
        app: the application.
        urls: all paths of `app`.
        origins: allowed origins of pages of other sites.
        frame_ancestors: origins of pages that may embed the pages of the service.
        base_path: prefix below which the service is reached; empty for none.
        trusted_proxies: addresses and networks of the proxies whose X-Forwarded-* headers are trusted.
        is_closed: whether the service cannot answer yet.
        identify: authenticates and authorizes requests.
        metrics: measures requests.

    Raises:
        SettingError: `base_path` makes a path of the service ambiguous.
    """
    access_log = AccessLog()
    return Chain(
        app,
        (
            Yielding(),
            access_log.begin,  # after the yield, so that the work of others is not in the request's time
            Proxies(trusted_proxies),
            BasePath(base_path, urls),  # after the proxies, which may send another prefix
            check_listener,
            ReadyGate(is_closed),  # this and the following steps see the path without the prefix
            LiveOrigin(origins),
            identify,
        ),
        (BrowserHeaders(frame_ancestors), CrossOrigin(origins), metrics, access_log.end),
    )
