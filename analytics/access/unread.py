"""Unread bodies: a refused request is answered before its body is read, and then its connection is closed."""

from collections.abc import Iterator
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
from gunicorn.http.errors import ParseException
from msgspec.structs import replace

from analytics.answer import Answer

DISCARDED = 256 * 1024
SECONDS = 1.0
"""How much of the body is read, and for how long, after the answer was sent. A connection that is closed with unread
data is reset, and some clients would not see the answer. A body that goes on is cut off."""


def answer_unread(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> "Iterator[bytes]":
    """Send `answer` to a request whose body was not read."""
    if environ.get("CONTENT_LENGTH", "0") in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
        return iter(answer(environ, start_response))
    closing = replace(answer, headers=(*answer.headers, ("Connection", "close")))
    return _Discarding(iter(closing(environ, start_response)), environ)


class _Discarding(Iterator[bytes]):
    """The parts of an answer; when they were sent, the server closes it, and a part of the body is read."""

    def __init__(self, parts: Iterator[bytes], environ: WSGIEnvironment) -> None:
        self._parts, self._environ = parts, environ

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        """Read and discard a part of the body."""
        body, left = self._environ["wsgi.input"], DISCARDED
        with suppress(OSError, ParseException), gevent.Timeout(SECONDS, exception=False):
            while left > 0 and (data := body.read(min(left, 8192))):
                left -= len(data)
