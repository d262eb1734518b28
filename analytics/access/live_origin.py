"""Origin check for live connections: browsers do not apply CORS to WebSockets, so the server has to check."""

from wsgiref.types import WSGIEnvironment

from analytics.access.origins import Origins
from analytics.addresses import SCHEME, own_origin, parse_origin
from analytics.errors import OriginNotAllowed

LIVE_PATHS = ("ws/", "socket.io", "logs/tail", "loki/api/v1/tail")


class LiveOrigin:
    """Refuses live connections from pages, except those of `origins` (`*`: all) and the service's own."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Check the origin of a live connection; other requests are not checked.

        Raises:
            OriginNotAllowed: the page's origin is not allowed.
        """
        text = environ.get("HTTP_ORIGIN")
        # the router ignores additional slashes at the start of a path
        if text is None or self._origins.allows_any or not environ["PATH_INFO"].lstrip("/").startswith(LIVE_PATHS):
            return
        origin = parse_origin(text)
        if self._origins.names(text) or (origin is not None and origin == own_origin(environ, origin.scheme)):
            return
        raise _not_allowed(environ)


def _not_allowed(environ: WSGIEnvironment) -> OriginNotAllowed:
    """Error that says why, and what to do; the dashboard page shows it."""
    service = environ.get("HTTP_HOST", "an unknown host")
    if SCHEME in environ:
        service = f"{environ[SCHEME]}://{service}"
    return OriginNotAllowed(
        f"This page's address, {environ['HTTP_ORIGIN']}, is not among the allowed origins (ANALYTICS_CORS_ORIGINS), "
        f"and it is not the service's own, which is {service} in this request. Add it to ANALYTICS_CORS_ORIGINS. If it "
        "is the service's own, configure the proxy to forward the Host header with its port, and X-Forwarded-Proto."
    )
