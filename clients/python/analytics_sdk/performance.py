"""The decorator of SPEC.md: records how long each call takes."""

import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


class Recorder(Protocol):
    """What takes the metrics."""

    def record_metric(self, name: str, value: float, tags: Mapping[str, Any], unit: str | None = None) -> object: ...


def measured(function: Callable[P, R], recorder: Recorder, name: str | None, tags: Mapping[str, Any]) -> Callable[P, R]:
    """`function`, or the coroutine function it is, with its `latency` in ms recorded for the endpoint `name`.

    An exception passes through and counts as one of `errors`. Generators are left as they are: a call of theirs says
    nothing of how long they run.
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
