"""The path below which the service is reached, removed from each request's path."""

from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.access.proxies import PREFIX
from analytics.errors import ConfigError


class BasePath:
    """Removes the prefix that a trusted proxy names, else `base_path` (empty: none), from a request's path.

    Some proxies remove the prefix and some do not, so both are served: SCRIPT_NAME becomes the prefix, and PATH_INFO
    what follows it. The prefix itself, without a slash, becomes an empty PATH_INFO.

    A prefix such as /stats is also the beginning of the service's own paths, so /stats/hourly may be either: whichever
    exists is meant. /stats itself is the prefix for a browser, which asks for HTML, and the own path for other clients.

    Args:
        urls: the paths of the service, all of them.

    Raises:
        ConfigError: below `base_path` one path of the service could be taken for another.
    """

    def __init__(self, base_path: str, urls: Map) -> None:
        self._base_path, self._urls = base_path, urls
        self._own = {_first_segment(rule.rule) for rule in urls.iter_rules()} - {""}
        if base_path:
            self._check(base_path)

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Split the path of a request into SCRIPT_NAME and PATH_INFO."""
        prefix = environ.get(PREFIX, self._base_path)
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            path = environ["PATH_INFO"]
            rest = path[len(prefix) :]
            if path.startswith(prefix) and rest[:1] in ("", "/") and self._is_below(environ, prefix, path, rest):
                environ["PATH_INFO"] = rest

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
