"""Runs queries of the API: within limits, few at a time, and only as long as somebody waits for the answer."""

import time
from collections.abc import Callable, Iterator
from wsgiref.types import WSGIEnvironment

from flask import Response
from gevent.lock import BoundedSemaphore
from msgspec.structs import replace

from analytics.api.prometheus.answers import streamed
from analytics.api.prometheus.params import Params
from analytics.internals.departure import departure
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine, QueryAnswer
from analytics.promql.errors import QueryCanceled, QueryTimeout
from analytics.promql.render import rendered

AT_A_TIME = 2
"""Queries that are evaluated at the same time; others wait."""
_LOOK_SECONDS = 0.02
"""How often a query looks whether its client is still there."""


class Queries:
    """Evaluates queries.

    Args:
        pause: lets others run; called every few milliseconds.
    """

    def __init__(self, engine: PromqlEngine, limits: Limits, pause: Callable[[], None]) -> None:
        self._engine, self._limits, self._pause = engine, limits, pause
        self._running = BoundedSemaphore(AT_A_TIME)

    def run(
        self, ask: Callable[[PromqlEngine, Budget], QueryAnswer], params: Params, environ: WSGIEnvironment
    ) -> Response:
        """The answer of a query, as JSON."""
        seconds = min(self._limits.seconds, params.duration("timeout", int(self._limits.seconds * 1000)) / 1000)
        has_left = departure(environ)

        asked_at = time.monotonic()

        def pause() -> None:
            nonlocal asked_at
            self._pause()
            now = time.monotonic()
            if now - asked_at < _LOOK_SECONDS:
                return
            asked_at = now
            if has_left():
                raise QueryCanceled("the client went away")

        budget = Budget(replace(self._limits, seconds=seconds), pause, time.monotonic)
        lookback = params.duration("lookback_delta", self._engine.lookback)
        engine = PromqlEngine(self._engine.storage, lookback, self._engine.subquery_step)
        if not self._running.acquire(timeout=seconds):
            raise QueryTimeout("query timed out in the queue")
        try:
            answer = ask(engine, budget)
        finally:
            self._running.release()
        return streamed(self._paced(rendered(answer, params.count("limit"))))

    def _paced(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        for part in parts:
            yield part
            self._pause()
