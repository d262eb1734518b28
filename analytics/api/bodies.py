"""Reads request bodies: whole, bounded after decompression, in time, or not at all."""

import zlib
from codecs import BOM_UTF8
from typing import IO, NamedTuple
from wsgiref.types import WSGIEnvironment

import gevent
from gunicorn.http.errors import ParseException
from werkzeug.wsgi import get_content_length, get_input_stream

from analytics.errors import BodyTimeout, MalformedBody, TooLarge, UnsupportedMedia

JSON_TYPES = ("application/json", "text/plain")
LINES_TYPE = "application/x-ndjson"
CHUNK = 64 * 1024
MAX_MEMBERS = 32
"""Each member of a gzip body costs a copy of what follows it."""


class Body(NamedTuple):
    """A body's bytes without a byte order mark, and whether they are lines of JSON rather than one JSON text."""

    data: bytes
    is_lines: bool


class BodyReader:
    """Reads bodies of up to `limit` bytes that arrive within `timeout` seconds."""

    def __init__(self, limit: int, timeout: float) -> None:
        self._limit, self._timeout = limit, timeout

    def read(self, environ: WSGIEnvironment) -> Body:
        """The body of the request.

        Raises:
            UnsupportedMedia: its type or encoding is not one that is read.
            TooLarge: it is beyond the limit, also where it claims no length or inflates.
            MalformedBody: it ended early, or is not the gzip it claims to be.
            BodyTimeout: it did not arrive in time.
        """
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if media_type not in JSON_TYPES and media_type != LINES_TYPE:
            raise UnsupportedMedia(
                f"Content-Type {media_type or '(none)'!r} is not read here; send application/json, "
                "application/x-ndjson, or text/plain that holds JSON."
            )
        encoding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
        if encoding not in ("identity", "gzip", ""):
            raise UnsupportedMedia(f"Content-Encoding {encoding!r} is not read here; send gzip or none.")
        data = self._receive(environ)
        if encoding == "gzip":
            data = self._inflate(data)
        return Body(data.removeprefix(BOM_UTF8), media_type == LINES_TYPE)

    def _receive(self, environ: WSGIEnvironment) -> bytes:
        length = get_content_length(environ)
        if length is not None and length > self._limit:
            raise self._too_large()
        try:
            with gevent.Timeout(self._timeout, TimeoutError()):
                if length is None:
                    data = _read_up_to(get_input_stream(environ), self._limit + 1)
                else:
                    data = _read_up_to(environ["wsgi.input"], length)
        except TimeoutError:
            raise BodyTimeout(
                f"The body did not arrive within {self._timeout:g} seconds.", headers={"Connection": "close"}
            ) from None
        except ParseException as error:
            raise MalformedBody(f"The chunked body cannot be read: {error}", code="malformed_chunks") from None
        except OSError:
            raise _cut_off() from None
        if len(data) > self._limit:
            raise self._too_large()
        if length is not None and len(data) < length:
            raise _cut_off()
        return data

    def _inflate(self, data: bytes) -> bytes:
        """All members of a gzip body, inflated no further than the limit."""
        inflated = bytearray()
        try:
            for _ in range(MAX_MEMBERS):
                if not data:
                    break
                member = zlib.decompressobj(wbits=31)
                inflated += member.decompress(data, self._limit + 1 - len(inflated))
                if len(inflated) > self._limit:
                    raise self._too_large()
                if not member.eof:
                    raise MalformedBody("The gzip body ends early.", code="malformed_gzip")
                data = member.unused_data
        except zlib.error as error:
            raise MalformedBody(f"The body is not valid gzip: {error}.", code="malformed_gzip") from None
        if data:
            raise MalformedBody(f"The gzip body has more than {MAX_MEMBERS} members.", code="malformed_gzip")
        return bytes(inflated)

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"The body is larger than {self._limit} bytes after decompression; send smaller batches.",
            code="body_too_large",
        )


def _read_up_to(stream: IO[bytes], limit: int) -> bytes:
    data = stream.read(limit)
    if len(data) >= limit or not data:
        return data
    parts = [data]
    size = len(data)
    while size < limit:
        part = stream.read(min(CHUNK, limit - size))
        if not part:
            break
        parts.append(part)
        size += len(part)
    return data if len(parts) == 1 else b"".join(parts)


def _cut_off() -> MalformedBody:
    return MalformedBody("The body ended before it was complete; nothing was recorded.", code="incomplete_body")
