"""Decorator that records how long each call of a function takes."""

import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


class Recorder(Protocol):
    """Interface that receives the metrics."""

    def record_metric(self, name: str, value: float, tags: Mapping[str, Any], unit: str | None = None) -> object: ...


def measured(function: Callable[P, R], recorder: Recorder, name: str | None, tags: Mapping[str, Any]) -> Callable[P, R]:
    """Wrap a function or coroutine function to record its `latency` (ms) for the endpoint `name`.

    An exception is recorded as one of `errors` and raised again. Generator functions are returned unchanged, because
    their calls return before they run.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return cast(Callable[P, R], function)
    given = {"endpoint": name or getattr(function, "__name__", type(function).__name__), **tags}

    @contextmanager
    def stopwatch() -> Iterator[None]:
        started = time.perf_counter()
        try:
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
