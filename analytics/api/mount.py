"""The path below which the service is reached, taken off each request before anything else looks at its path."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.api.proxies import Proxies
from analytics.errors import ConfigError


class Mount:
    """Serves `app` below a prefix: the one that a trusted proxy tells, else `base_path` (empty: none).

    Some proxies take the prefix off and some leave it on, so both are served: SCRIPT_NAME becomes the prefix, and
    PATH_INFO what follows it. The prefix itself, without a slash, becomes an empty PATH_INFO.

    A prefix such as /stats is the beginning of own paths too, so /stats/hourly may be either: then whichever exists is
    meant. /stats itself is the prefix for a browser, which asks for HTML, and the own path for everybody else.

    Args:
        urls: the paths of `app`, all of them.

    Raises:
        ConfigError: below `base_path` an own path could be taken for another.
    """

    def __init__(self, app: WSGIApplication, base_path: str, proxies: Proxies, urls: Map) -> None:
        self._app, self._base_path, self._proxies, self._urls = app, base_path, proxies, urls
        self._own = {_first_segment(rule.rule) for rule in urls.iter_rules()} - {""}
        if base_path:
            self._check(base_path)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        prefix = self._proxies.believe(environ) or self._base_path
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            path = environ["PATH_INFO"]
            rest = path[len(prefix) :]
            if path.startswith(prefix) and rest[:1] in ("", "/") and self._is_below(environ, prefix, path, rest):
                environ["PATH_INFO"] = rest
        return self._app(environ, start_response)

    def _is_below(self, environ: WSGIEnvironment, prefix: str, path: str, rest: str) -> bool:
        """Whether `path` begins with the prefix because of the prefix, and not because it is an own path."""
        if _first_segment(prefix) not in self._own or not self._exists(environ, path):
            return True
        if rest == "":
            return environ["REQUEST_METHOD"] in ("GET", "HEAD") and "text/html" in environ.get("HTTP_ACCEPT", "")
        return self._exists(environ, rest)

    def _exists(self, environ: WSGIEnvironment, path: str) -> bool:
        try:
            self._urls.bind_to_environ({**environ, "SCRIPT_NAME": "", "PATH_INFO": path}).match()
        except (NotFound, WebsocketMismatch):
            return False
        except HTTPException:  # it exists, with other methods
            return True
        return True

    def _check(self, base_path: str) -> None:
        urls = self._urls.bind("localhost")
        for rule in self._urls.iter_rules():
            if rule.arguments or not rule.rule.startswith(base_path + "/"):
                continue
            try:
                urls.match(rule.rule[len(base_path) :], websocket=rule.websocket)
            except HTTPException:
                continue
            raise ConfigError(
                f"ANALYTICS_BASE_PATH={base_path!r} is not allowed: {rule.rule} could then be two different paths of "
                "the service; take a path that is none of its own, such as /analytics"
            )


def _first_segment(path: str) -> str:
    return path.split("/")[1]
