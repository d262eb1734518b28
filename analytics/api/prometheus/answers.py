"""Answers and errors in the shapes of the Prometheus API."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from itertools import chain
from typing import Any, NamedTuple, NotRequired, ParamSpec, TypedDict

from flask import Response, request

from analytics.answer import ERROR_CODE, encode
from analytics.api.gzipping import tell_encoding
from analytics.api.streaming import gzipped
from analytics.error_answers.prometheus import Failure
from analytics.promql.errors import QueryError

P = ParamSpec("P")
TIMED_OUT, SECONDS_AFTER_TIMEOUT = 503, "5"
"""Status of a query that timed out, and after how many seconds to try again."""
_SMALL = 1 << 16
"""Bytes up to which an answer is sent at once."""
_ITEMS = 1_000
"""Items of a list in one part."""


class Success(TypedDict):
    """Body of an answer."""

    status: str
    data: Any
    warnings: NotRequired[list[str]]


def success(data: Any, warnings: list[str] | None = None) -> Response:
    """Answer with this data."""
    body: Success = {"status": "success", "data": data}
    if warnings:
        body["warnings"] = warnings
    return _json(encode(body), 200)


def failure(kind: str, message: str, status: int) -> Response:
    """Answer with an error of a type that Prometheus knows."""
    request.environ[ERROR_CODE] = kind
    answer = _json(encode(Failure("error", kind, message)), status)
    if status == TIMED_OUT:
        answer.headers["Retry-After"] = SECONDS_AFTER_TIMEOUT
    return answer


def with_errors(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view whose errors get the shape of the Prometheus API."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except QueryError as error:
            return failure(error.kind, error.message, error.status)

    return answered


class Chunk(NamedTuple):
    """Bytes of an answer.

    Attributes:
        is_gzipped: how all of the answer is encoded.
        is_all: whether it has no other chunks.
    """

    content: bytes
    is_gzipped: bool
    is_all: bool = False


def chunked(parts: Iterator[bytes], *, takes_gzip: bool) -> Iterator[Chunk]:
    """The chunks of a JSON document: one if it is small, else gzipped ones if they are accepted."""
    start = bytearray()
    for part in parts:
        start += part
        if len(start) > _SMALL:
            break
    else:
        yield Chunk(bytes(start), is_gzipped=False, is_all=True)
        return
    document = chain((bytes(start),), parts)
    for content in gzipped(document) if takes_gzip else document:
        yield Chunk(content, takes_gzip)


def listed(found: Sequence[object], limit: int) -> Iterator[bytes]:
    """The parts of an answer with a list; at most `limit` items, 0 for all."""
    is_limited = bool(limit) and len(found) > limit
    count = limit if is_limited else len(found)
    yield b'{"status":"success","data":['
    for start in range(0, count, _ITEMS):
        encoded = encode(found[start : min(start + _ITEMS, count)])
        yield (b"," if start else b"") + encoded[1:-1]
    yield b'],"warnings":["results truncated due to limit"]}' if is_limited else b"]}"


def answered(content: bytes | Iterator[bytes], *, is_gzipped: bool) -> Response:
    """Answer with a JSON document that is made already, or while it is sent."""
    return tell_encoding(Response(content, mimetype="application/json"), gzipped=is_gzipped)


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, mimetype="application/json")
