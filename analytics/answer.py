"""HTTP answers without a web framework: JSON, and errors in the shape of the service."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from msgspec import Struct
from msgspec.json import Encoder

from analytics.errors import AnalyticsError

JSON = "application/json"
PLAIN_TEXT = "text/plain; charset=utf-8"
ERROR_CODE = "analytics.error_code"
"""Environ key: the code of the error that a request is answered with."""
ROUTE = "analytics.route"
"""Environ key: the rule of the route that a request asks for, such as `/services/<name:service>/metrics`."""
POLICY = "Content-Security-Policy"
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
PAGE_HEADERS = (
    NO_SNIFFING,
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
"""Headers that restrict browsers, for a page, besides its Content-Security-Policy."""
DATA_HEADERS = (NO_SNIFFING, (POLICY, "default-src 'none'; frame-ancestors 'none'"))
"""Headers that restrict browsers, for every other answer, which loads nothing and has no scripts."""
NO_CONTENT = 204
"""Status of an answer without a body, and without headers about one (RFC 9110, section 8.6)."""
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
encode = Encoder().encode


class Answer(Struct, frozen=True):
    """A complete HTTP answer; call it as a WSGI application to send it."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON
    error_code: str = ""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[ERROR_CODE] = self.error_code
        about_body = [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        start_response(STATUS_LINES[self.status], [*(about_body if self.status != NO_CONTENT else ()), *self.headers])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def json_answer(payload: Any, status: int = 200, error_code: str = "") -> Answer:
    """Answer with `payload` as JSON."""
    return Answer(encode(payload), status, error_code=error_code)


def refusal(error: AnalyticsError) -> Answer:
    """Error answer: `{"error": {"code", "message", "fields"}}`."""
    headers = tuple(error.headers.items())
    return Answer(encode({"error": error.body}), error.status, headers, error_code=error.code)


def text_refusal(error: AnalyticsError) -> Answer:
    """Error answer of protocols whose clients log the text of an answer: the message alone."""
    headers = tuple(error.headers.items())
    return Answer(f"{error.message}\n".encode(), error.status, headers, PLAIN_TEXT, error.code)


def path_of(environ: WSGIEnvironment) -> str:
    """Full path of a request, decoded as UTF-8 (WSGI stores each byte as one character)."""
    path: str = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return path.encode("latin1").decode(errors="replace")
