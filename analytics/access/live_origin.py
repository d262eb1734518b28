"""Which pages may connect live: browsers ask for no permission there, so cross-origin headers protect nothing."""

from wsgiref.types import WSGIEnvironment

from analytics.access.proxies import SCHEME
from analytics.addresses import parse_origin
from analytics.errors import OriginNotAllowed

LIVE = ("ws/", "socket.io")


class LiveOrigin:
    """Refuses live connections of pages that belong neither to `origins` (`*`: all) nor to the service itself."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any_origin = "*" in origins
        self._origins = set(map(parse_origin, origins)) - {None}

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Let a request through.

        Raises:
            OriginNotAllowed: a page of another origin wants to connect live.
        """
        text = environ.get("HTTP_ORIGIN")
        # however many slashes a path begins with, the router takes it for the same
        if text is None or self._any_origin or not environ["PATH_INFO"].lstrip("/").startswith(LIVE):
            return
        origin = parse_origin(text)
        if origin is not None:
            # an untrusted proxy may have done TLS: without a trusted scheme, either will do
            scheme = environ.get(SCHEME, origin.scheme)
            if origin in self._origins or origin == parse_origin(f"{scheme}://{environ.get('HTTP_HOST', '')}"):
                return
        raise _not_allowed(environ)


def _not_allowed(environ: WSGIEnvironment) -> OriginNotAllowed:
    """The reason and the remedy; the page shows both to its reader."""
    service = environ.get("HTTP_HOST", "an unknown host")
    if SCHEME in environ:
        service = f"{environ[SCHEME]}://{service}"
    return OriginNotAllowed(
        f"This page's address, {environ['HTTP_ORIGIN']}, is not among the allowed origins (ANALYTICS_CORS_ORIGINS), "
        f"nor is it the service's own, which this request gives as {service}. Add it to ANALYTICS_CORS_ORIGINS; or, if "
        "it is the service's own, have the proxy pass on the Host header with its port, and X-Forwarded-Proto."
    )
