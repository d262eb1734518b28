"""How a gunicorn worker stops: clients are sent away at once, requests in flight finish, idle connections end.

Left to itself, gunicorn's gevent worker takes a connection that waits for its next request for one at work, waits for
it until `graceful_timeout`, and is then killed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent

LATE_SECONDS = 0.5
"""How long a connection that comes while the worker stops may take for its request: it asks whether we are ready."""


class IdleWaits:
    """The waits of kept-alive connections for their next requests, `seconds` each, which can be ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: dict[gevent.Greenlet, gevent.Timeout] = {}

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Wait inside, as long as is allowed; the block is then left as if nothing had happened."""
        me = gevent.getcurrent()
        with gevent.Timeout(self._seconds, exception=False) as timeout:
            self._waits[me] = timeout
            try:
                yield
            finally:
                del self._waits[me]

    def end(self) -> None:
        """End all waits, and those to come soon."""
        self._seconds = min(self._seconds, LATE_SECONDS)
        for greenlet, timeout in list(self._waits.items()):
            gevent.get_hub().loop.run_callback(self._end_one, greenlet, timeout)

    def _end_one(self, greenlet: gevent.Greenlet, timeout: gevent.Timeout) -> None:
        if self._waits.get(greenlet) is timeout:  # else its request has come by now
            greenlet.throw(timeout)


def watch(worker: Any, drain: Callable[[], None]) -> None:
    """Call `drain` as soon as the gunicorn `worker` is told to stop, whatever the reason, and end its idle waits."""
    idle = IdleWaits(worker.cfg.keepalive)
    worker.timeout_ctx = idle.wait

    def stop() -> None:
        drain()
        idle.end()

    worker.__class__ = _telling(type(worker), stop)


def to_its_end(stop: Callable[[], None]) -> None:
    """Run `stop` in full: the handlers of SIGINT and SIGQUIT exit from greenlets of their own, in the midst of it."""
    stopping = gevent.spawn(stop)
    while not stopping.ready():
        with suppress(SystemExit):  # as it would have without
            stopping.join()


def _telling(kind: type, stop: Callable[[], None]) -> type:
    """A `kind` of worker that has `stop` called when gunicorn takes its life: to look for that would cost all day."""

    def is_alive(worker: Any) -> bool:
        return bool(vars(worker)["alive"])

    def set_alive(worker: Any, alive: bool) -> None:
        if is_alive(worker) and not alive:
            gevent.spawn(stop)  # this may be a signal's handler
        vars(worker)["alive"] = alive

    return type(kind.__name__, (kind,), {"alive": property(is_alive, set_alive)})
