"""Answers and errors in the shapes of Loki's API."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypedDict

import numpy as np
from flask import Response, request

from analytics.answer import ERROR_CODE, PLAIN_TEXT, encode
from analytics.logql.budget import LogBudget, LogQueryTimeout
from analytics.logql.entry import LogEntry
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import Steps
from analytics.logql.vectors import Vector
from analytics.promql.errors import QueryError
from analytics.promql.text import float_text

P = ParamSpec("P")
CATEGORIZED = "categorize-labels"
"""Flag of clients that want the labels of streams, of lines and of parsers apart."""
FLAGS_HEADER = "X-Loki-Response-Encoding-Flags"
TIMED_OUT = 503
NANOSECONDS = 1_000_000_000


class Stream(TypedDict):
    """The lines of a stream."""

    stream: dict[str, str]
    values: list[list[Any]]


def success(data: Any) -> Response:
    """Answer with this data."""
    return Response(encode({"status": "success", "data": data}), mimetype="application/json")


def with_errors(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view whose errors are plain texts, as those of Loki."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except LogQueryTimeout as error:
            return _failure("timeout", error.message, TIMED_OUT)
        except BadLogQuery as error:
            return _failure("bad_data", error.message, 400)
        except QueryError as error:
            return _failure(error.kind, error.message, error.status)

    return answered


def _failure(code: str, message: str, status: int) -> Response:
    request.environ[ERROR_CODE] = code
    answer = Response(f"{message}\n", status, content_type=PLAIN_TEXT)
    if status == TIMED_OUT:
        answer.headers["Retry-After"] = "5"
    return answer


def wants_categories() -> bool:
    """Whether the client wants the labels apart."""
    return CATEGORIZED in request.headers.get(FLAGS_HEADER, "")


def streams(entries: Iterable[LogEntry], *, is_categorized: bool) -> list[Stream]:
    """Lines by their labels; without categories the labels of lines are part of those of their streams."""
    found: dict[tuple[tuple[str, str], ...], Stream] = {}
    for entry in entries:
        labels = entry.sent_labels() if is_categorized else entry.labels()
        key = tuple(sorted(labels.items()))
        stream = found.get(key)
        if stream is None:
            stream = found[key] = {"stream": labels, "values": []}
        value: list[Any] = [str(entry.time), entry.line]
        if is_categorized:
            kinds = {"structuredMetadata": entry.metadata_labels(), "parsed": entry.parsed_labels()}
            value.append({name: labels for name, labels in kinds.items() if labels})
        stream["values"].append(value)
    return list(found.values())


def matrix(vector: Vector, steps: Steps) -> list[dict[str, Any]]:
    """Series with their values at each step, ordered by their labels."""
    times = [seconds(at) for at in steps.times().tolist()]
    found = []
    for key in sorted(vector):
        values = vector[key]
        places = np.flatnonzero(~np.isnan(values)).tolist()
        points = [[times[place], float_text(float(values[place]))] for place in places]
        found.append({"metric": dict(key), "values": points})
    return found


def instant(vector: Vector, at: int) -> list[dict[str, Any]]:
    """Series with their values at one time."""
    return [{"metric": dict(key), "value": [seconds(at), float_text(float(each[0]))]} for key, each in vector.items()]


def seconds(at: int) -> float | int:
    """Nanoseconds as seconds, whole ones without a fraction."""
    whole, rest = divmod(at, NANOSECONDS)
    return round(at / NANOSECONDS, 3) if rest else whole


def result(kind: str, found: Sequence[Any], budget: LogBudget, *, is_categorized: bool = False) -> dict[str, Any]:
    """The data of an answer to a query."""
    summary = {
        "totalLinesProcessed": budget.lines,
        "totalBytesProcessed": budget.bytes,
        "totalEntriesReturned": len(found),
    }
    data: dict[str, Any] = {"resultType": kind, "result": found, "stats": {"summary": summary}}
    if is_categorized:
        data["encodingFlags"] = [CATEGORIZED]
    return data
