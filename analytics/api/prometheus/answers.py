"""Answers and errors in the shapes of the Prometheus API."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NotRequired, ParamSpec, TypedDict

from flask import Response, request

from analytics.answer import ERROR_CODE, encode
from analytics.api.gzipping import takes_gzip, tell_encoding
from analytics.api.streaming import gzipped
from analytics.error_answers.prometheus import Failure
from analytics.promql.errors import QueryError

P = ParamSpec("P")
_SMALL = 1 << 16
"""Bytes up to which an answer is sent at once."""


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
    return _json(encode(Failure("error", kind, message)), status)


def with_errors(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view whose errors get the shape of the Prometheus API."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except QueryError as error:
            return failure(error.kind, error.message, error.status)

    return answered


def streamed(parts: Iterator[bytes]) -> Response:
    """Answer with a JSON document, at once if it is small, else in parts as they are made."""
    start = bytearray()
    for part in parts:
        start += part
        if len(start) > _SMALL:
            return _long(bytes(start), parts)
    return _json(bytes(start), 200)


def _long(start: bytes, parts: Iterator[bytes]) -> Response:
    def document() -> Iterator[bytes]:
        yield start
        yield from parts

    is_gzipped = takes_gzip()
    chunks = gzipped(document()) if is_gzipped else document()
    return tell_encoding(Response(chunks, mimetype="application/json"), gzipped=is_gzipped)


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, mimetype="application/json")
