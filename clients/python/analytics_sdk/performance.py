"""Decorator that records how long each call of a function takes."""

import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from .records import SpanStatus
from .tracing import current, new_trace, within

P = ParamSpec("P")
R = TypeVar("R")


class Recorder(Protocol):
    """Interface that receives the metrics."""

    def record_metric(self, name: str, value: float, tags: Mapping[str, Any], unit: str | None = None) -> object: ...

    def record_span(
        self,
        name: str,
        start: int,
        end: int,
        *,
        trace_id: str,
        span_id: str,
        parent_id: str | None,
        status: SpanStatus,
        status_message: str | None,
        attributes: Mapping[str, Any],
    ) -> object: ...


def measured(
    function: Callable[P, R], recorder: Recorder, name: str | None, tags: Mapping[str, Any], *, span: bool = False
) -> Callable[P, R]:
    """Wrap a function or coroutine function to record its `latency` (ms) for the endpoint `name`.

    An exception is recorded as one of `errors` and raised again. Generator functions are returned unchanged, because
    their calls return before they run. With `span`, a span of each call is recorded, too.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return cast(Callable[P, R], function)
    given = {"endpoint": name or getattr(function, "__name__", type(function).__name__), **tags}

    @contextmanager
    def stopwatch() -> Iterator[None]:
        started = time.perf_counter()
        try:
            with spanned(recorder, given) if span else nullcontext():
                yield
        except Exception:
            recorder.record_metric("errors", 1, given)
            raise
        finally:
            recorder.record_metric("latency", (time.perf_counter() - started) * 1000, given, "ms")

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waits(*args: P.args, **kwargs: P.kwargs) -> Any:
            with stopwatch():
                return await cast(Awaitable[Any], function(*args, **kwargs))

        return cast(Callable[P, R], waits)

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with stopwatch():
            return function(*args, **kwargs)

    return wrapper


@contextmanager
def spanned(recorder: Recorder, tags: Mapping[str, Any]) -> Iterator[None]:
    """Record a span of what is run, a child of the current one."""
    parent = current()
    trace = new_trace() if parent is None else parent.child()
    started, counted = time.time_ns(), time.perf_counter_ns()
    status: SpanStatus = "unset"
    message: str | None = None
    try:
        with within(trace):
            yield
    except Exception as error:
        status, message = "error", type(error).__name__
        raise
    finally:
        recorder.record_span(
            str(tags["endpoint"]),
            started,
            started + time.perf_counter_ns() - counted,
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            parent_id=None if parent is None else parent.span_id,
            status=status,
            status_message=message,
            attributes={name: value for name, value in tags.items() if name != "endpoint"},
        )
