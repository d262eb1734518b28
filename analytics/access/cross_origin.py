"""Cross-origin headers (CORS): which pages of other origins may send requests and read answers."""

from wsgiref.types import WSGIEnvironment

from analytics.access.origins import Origins
from analytics.scopes import MANAGEMENT

ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
PER_ORIGIN = ("Vary", "Origin")
READABLE_HEADERS = {"ETag", "Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
"""Response headers that pages may read, in addition to the CORS defaults."""
PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Content-Type, Content-Encoding, If-Match, If-None-Match, Authorization, X-API-Key",
    ),
    ("Access-Control-Max-Age", "86400"),
)


class CrossOrigin:
    """Lets pages of `origins` send requests and read answers.

    Where keys and people are managed, `*` is not enough: only origins that are named may read those answers. Never with
    credentials: the cookie of a session is for the service's own page alone.
    """

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def __call__(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Add the CORS headers, including those for a preflight."""
        readable = [name for name, _ in headers if name in READABLE_HEADERS]
        if self._origins.allows_any and not environ["PATH_INFO"].lstrip("/").startswith(MANAGEMENT):
            headers.append(ANY_ORIGIN)
        else:
            headers.append(PER_ORIGIN)
            origin = environ.get("HTTP_ORIGIN")
            if origin is None or not self._origins.names(origin):
                return
            headers.append(("Access-Control-Allow-Origin", origin))
        if readable:
            headers.append(("Access-Control-Expose-Headers", ", ".join(readable)))
        if environ["REQUEST_METHOD"] == "OPTIONS":
            headers += PREFLIGHT
