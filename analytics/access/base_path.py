"""Base path: the prefix below which a proxy serves the service, removed from the path of each request."""

from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.access.proxies import PATH_PREFIX
from analytics.errors import SettingError


class BasePath:
    """Moves the prefix of a request's path from PATH_INFO to SCRIPT_NAME.

    The prefix is the one that a trusted proxy sends, else `base_path` (empty: none). Some proxies remove it before they
    forward a request and some do not; both work. The prefix without a slash after it gives an empty PATH_INFO.

    A prefix such as /stats is ambiguous, because the service has paths of its own that start with it. /stats/hourly is
    resolved to the path that exists. /stats is the prefix for a browser, which asks for HTML, and the service's own
    path for other clients.

    Args:
        urls: all paths of the service.

    Raises:
        SettingError: `base_path` makes a path of the service ambiguous.
    """

    def __init__(self, base_path: str, urls: Map) -> None:
        self._base_path, self._urls = base_path, urls
        self._own = {_first_segment(rule.rule) for rule in urls.iter_rules()} - {""}
        if base_path:
            self._check(base_path)

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Split the path of a request into SCRIPT_NAME and PATH_INFO."""
        prefix = environ.get(PATH_PREFIX, self._base_path)
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            path = environ["PATH_INFO"]
            rest = path[len(prefix) :]
            if path.startswith(prefix) and rest[:1] in ("", "/") and self._is_below(environ, prefix, path, rest):
                environ["PATH_INFO"] = rest

    def _is_below(self, environ: WSGIEnvironment, prefix: str, path: str, rest: str) -> bool:
        """Whether `path` starts with the prefix, rather than being one of the service's own paths."""
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
        except HTTPException:  # the path exists, with other methods
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
            raise SettingError(
                f"ANALYTICS_BASE_PATH={base_path!r} is not allowed: {rule.rule} would be ambiguous, because the "
                "service has a path of that name itself; use a path that it does not have, such as /analytics"
            )


def _first_segment(path: str) -> str:
    return path.split("/")[1]
