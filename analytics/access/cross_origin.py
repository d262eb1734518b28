"""Cross-origin headers (CORS): which pages of other origins may read answers."""

from wsgiref.types import WSGIEnvironment

from analytics.addresses import parse_origin

ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
PER_ORIGIN = ("Vary", "Origin")
READABLE = ("Access-Control-Expose-Headers", "Retry-After")
PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding, Authorization, X-API-Key"),
    ("Access-Control-Max-Age", "86400"),
)


class CrossOrigin:
    """Lets pages of `origins` read answers; `*` allows all."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any_origin = "*" in origins
        self._origins = set(map(parse_origin, origins)) - {None}

    def __call__(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Add the CORS headers, including those for a preflight."""
        if self._any_origin:
            headers.append(ANY_ORIGIN)
        else:
            headers.append(PER_ORIGIN)
            origin = environ.get("HTTP_ORIGIN")
            if origin is not None and parse_origin(origin) in self._origins:
                headers.append(("Access-Control-Allow-Origin", origin))
        if environ["REQUEST_METHOD"] == "OPTIONS":
            headers += PREFLIGHT
        if status[:3] in ("429", "503"):
            headers.append(READABLE)
