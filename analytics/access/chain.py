"""The chain around the whole application: the steps that every request and every answer passes, in their order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.routing import Map

from analytics.access.access_log import AccessLog
from analytics.access.base_path import BasePath
from analytics.access.cross_origin import CrossOrigin
from analytics.access.identify import Identify
from analytics.access.live_origin import LiveOrigin
from analytics.access.proxies import Proxies
from analytics.access.ready_gate import ReadyGate
from analytics.access.sniffing import forbid_sniffing
from analytics.access.yielding import Yielding
from analytics.answer import failure

RequestStep = Callable[[WSGIEnvironment], None]
"""Looks at a request, and may change its environ. Refuses it by raising an AnalyticsError."""
AnswerStep = Callable[[WSGIEnvironment, str, list[tuple[str, str]]], None]
"""Looks at the request and status line of an answer, and may add to its headers."""


class Chain:
    """The WSGI application that leads each request through `request_steps`, then to `app` unless a step refuses it.

    The answer, also one that refuses, passes `answer_steps`.
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
        except Exception as error:  # noqa: BLE001  # a request that a step fails on must not come through
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
    origins: tuple[str, ...],
    base_path: str,
    trusted_proxies: tuple[str, ...],
    is_closed: Callable[[], bool],
    identify: Identify,
) -> Chain:
    """Put all steps around `app`.

    Args:
        app: everything that answers requests.
        urls: the paths of `app`, all of them.
        origins: the origins whose pages may call the service; `*` stands for all.
        base_path: the path below which the service is reached; empty for none.
        trusted_proxies: addresses and networks of the proxies whose X-Forwarded-* headers count.
        is_closed: whether the service cannot answer yet.
        identify: decides who sends a request, and whether they may.

    Raises:
        ConfigError: below `base_path` one path of the service could be taken for another.
    """
    access_log = AccessLog()
    return Chain(
        app,
        (
            Yielding(),
            access_log.begin,  # after the yield: others' work is no part of the time that a request took
            Proxies(trusted_proxies),
            BasePath(base_path, urls),  # after the proxies, which may name another prefix
            ReadyGate(is_closed),  # looks at the path without its prefix, as all that follow do
            LiveOrigin(origins),
            identify,
        ),
        (forbid_sniffing, CrossOrigin(origins), access_log.end),
    )
