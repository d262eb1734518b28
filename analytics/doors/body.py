"""Reads request bodies: decompressed, complete, and within the size limit.

The server limits the time: reading raises TimeoutError where a body arrives too slowly.
"""

import gc
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple
from wsgiref.types import WSGIEnvironment

from gevent.lock import BoundedSemaphore
from gunicorn.http.errors import ParseException
from werkzeug.wsgi import get_content_length, get_input_stream

from analytics.doors.decompression import Decompress
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE, ENCODINGS
from analytics.errors import BodyTimeout, MalformedBody, UnsupportedMedia

BODY_READ_BYTES = 64 * 1024
COLLECTED_BYTES = 4 * 1024 * 1024
"""Bytes of bodies after which garbage is collected.

Errors refer to the frames that they passed, and those to bodies. Python frees such cycles after 20,000 new objects,
which may hold gigabytes of bodies.
"""
NOT_COMPRESSED = ("identity", "")
ALIASES = {"x-gzip": "gzip"}
"""Old names of content encodings (RFC 9110, section 8.4.1.3)."""


class Body(NamedTuple):
    """Decompressed bytes of a body without a byte order mark, and its content type without parameters."""

    data: bytes
    media_type: str


class BodyReader:
    """Reads bodies that have one of `media_types` and one of `encodings`, within `limits`.

    `ANY_TYPE` as `media_types` accepts every content type, for protocols whose clients send none or a wrong one.
    """

    def __init__(
        self, limits: BodyLimits, media_types: Sequence[str], encodings: Mapping[str, Decompress] = ENCODINGS
    ) -> None:
        self._limits, self._media_types, self._encodings = limits, media_types, encodings
        self._uncollected = 0
        self._decompressing = BoundedSemaphore(1)  # one at a time: small bodies may become large ones

    def read(self, environ: WSGIEnvironment) -> Body:
        """Read the body of a request.

        Raises:
            UnsupportedMedia: the content type or encoding is not supported.
            TooLarge: the body exceeds the limit; reading and decompression stop there.
            MalformedBody: the body ended early or cannot be decompressed.
            BodyTimeout: the body arrived too slowly.
        """
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if self._media_types is not ANY_TYPE and media_type not in self._media_types:
            raise UnsupportedMedia(
                f"Content-Type {media_type or '(none)'!r} is not supported here; send {_listed(self._media_types)}."
            )
        encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        encoding = ALIASES.get(encoding, encoding)
        if encoding in NOT_COMPRESSED:
            data = self._receive(environ)
        else:
            decompress = self._encodings.get(encoding)
            if decompress is None:
                raise UnsupportedMedia(
                    f"Content-Encoding {encoding!r} is not supported here; send {_listed([*self._encodings, 'none'])}.",
                    headers={"Accept-Encoding": ", ".join(self._encodings)},
                )
            packed = self._receive(environ)
            with self._decompressing:
                data = decompress(packed, self._limits)
        self._collect(len(data))
        return Body(data.removeprefix(BOM_UTF8), media_type)

    def _collect(self, size: int) -> None:
        """Free what earlier requests left, now and then; young objects only, which takes less than a millisecond."""
        self._uncollected += size
        if self._uncollected > COLLECTED_BYTES:
            self._uncollected = 0
            gc.collect(0)

    def _receive(self, environ: WSGIEnvironment) -> bytes:
        limits, length = self._limits, get_content_length(environ)
        if length is not None:
            limits.check(length)
        try:
            if length is None:
                data = _read_up_to(get_input_stream(environ), limits.size + 1)
            else:
                data = _read_up_to(environ["wsgi.input"], length)
        except TimeoutError:
            raise BodyTimeout(
                "The body arrived too slowly, at less than 1 KiB a second; send it again.",
                headers={"Connection": "close"},
            ) from None
        except ParseException as error:
            raise MalformedBody(f"The chunked body is malformed: {error}", code="malformed_chunks") from None
        except OSError:
            raise _cut_off() from None
        if length is None:
            limits.check(len(data))
        elif len(data) < length:
            raise _cut_off()
        return data


def _read_up_to(stream: IO[bytes], limit: int) -> bytes:
    data = stream.read(limit)
    if len(data) >= limit or not data:
        return data
    parts = [data]
    size = len(data)
    while size < limit:
        part = stream.read(min(BODY_READ_BYTES, limit - size))
        if not part:
            break
        parts.append(part)
        size += len(part)
    return data if len(parts) == 1 else b"".join(parts)


def _cut_off() -> MalformedBody:
    return MalformedBody("The body ended early; nothing was recorded. Send it again.", code="incomplete_body")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
