"""Request metrics: durations by route, method and status, and refusals by error code, for `GET /metrics`."""

import time
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from wsgiref.types import WSGIEnvironment

from werkzeug.routing import Map

from analytics.access.access_log import STARTED
from analytics.answer import ERROR_CODE, ROUTE
from analytics.own_metrics.family import Family, Histograms, by_label
from analytics.own_metrics.histogram import Histogram

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OTHER = "other"
"""Label of a method that is not among `METHODS`, and of a route when a request has none."""
FLASK_REQUEST = "werkzeug.request"
"""Environ key: Flask's request; set once Flask handles it."""


class RequestMetrics:
    """Measures each request until the head of its answer, so that a stream or a slow client does not count.

    Labels are bounded: routes are templates such as `/services/<name:service>/metrics`. WebSockets are not measured.

    Args:
        urls: all paths of the service.
    """

    def __init__(self, urls: Map) -> None:
        self._urls = urls
        self._durations: dict[tuple[str, ...], Histogram] = {}
        self._fixed: dict[tuple[str, str, str], Histogram] = {}
        """By path, method and first digit of the status, for paths that are the whole template of their route."""
        self._refusals: Counter[str] = Counter()

    def __call__(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Measure a request by the head of its answer."""
        seconds = time.perf_counter() - environ[STARTED]
        durations = self._fixed.get((environ["PATH_INFO"], environ["REQUEST_METHOD"], status[0]))
        if durations is None:
            durations = self._find(environ, status)
            if durations is None:
                return
        durations.observe(seconds)
        if status[0] >= "4":
            self._refusals[environ.get(ERROR_CODE) or status[4:].lower().replace(" ", "_")] += 1

    def families(self) -> Iterator[Family | Histograms]:
        """The metrics so far."""
        yield Histograms(
            "http_request_duration_seconds",
            "Time until the head of the answer, by route, method and class of status",
            self._durations,
            ("route", "method", "status"),
        )
        about = "Requests answered with an error, by its code"
        yield by_label("http_refusals", "counter", about, "code", self._refusals)

    def _find(self, environ: WSGIEnvironment, status: str) -> Histogram | None:
        """The histogram of a request; None for the end of a WebSocket, whose duration is that of the connection."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        rule = getattr(environ.get(FLASK_REQUEST), "url_rule", None)
        if rule is not None and rule.websocket and method == "GET" and status[0] == "2":
            return None
        is_fixed = path in self._fixed_paths
        route = path if is_fixed else environ.get(ROUTE) or OTHER if rule is None else rule.rule
        key = (route, method if method in METHODS else OTHER, f"{status[0]}xx")
        durations = self._durations.setdefault(key, Histogram())
        if is_fixed and method in METHODS:
            self._fixed[path, method, status[0]] = durations
        return durations

    @cached_property
    def _fixed_paths(self) -> set[str]:
        rules = list(self._urls.iter_rules())
        return {rule.rule for rule in rules if not rule.arguments} - {rule.rule for rule in rules if rule.websocket}
