"""One thread beside the event loop: what would block the loop is done there, in the order in which it was asked for."""

import sys
from collections import deque
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent.event import AsyncResult
from gevent.monkey import get_original

SWITCH_SECONDS = 0.0005
"""How long the thread waits for the interpreter while the loop is busy: with Python's own 5 ms every answer is late."""

P = ParamSpec("P")
A = TypeVar("A")
_start_new_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")


class Thread:
    """Runs functions for greenlets, which wait for the results; a quarter of the cost of gevent's own pool."""

    def __init__(self) -> None:
        self._asked: deque[tuple[Callable[[], Any], AsyncResult]] = deque()
        self._done: deque[tuple[AsyncResult, Any, BaseException | None]] = deque()
        self._has_work = _allocate_lock()
        self._has_work.acquire()
        self._watcher: Any = None
        self._is_over = False

    def ask(self, function: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The result of `function`, run in the thread; other greenlets run meanwhile.

        Raises:
            Exception: what `function` raised.
        """
        if self._watcher is None:
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
            self._watcher = gevent.get_hub().loop.async_()
            self._watcher.start(self._deliver)
            _start_new_thread(self._run, ())
        result = AsyncResult()
        self._asked.append((lambda: function(*args, **kwargs), result))
        if self._has_work.locked():
            self._has_work.release()
        answer: A = result.get()
        return answer

    def end(self) -> None:
        """End the thread, once it has done what it was asked."""
        if self._watcher is not None:
            self.ask(self._end)
            self._watcher.close()
            self._watcher = None

    def _end(self) -> None:
        self._is_over = True

    def _run(self) -> None:
        while not self._is_over:
            self._has_work.acquire()
            while self._asked:
                work, result = self._asked.popleft()
                try:
                    self._done.append((result, work(), None))
                except BaseException as error:  # noqa: BLE001  # whoever asked is to know
                    self._done.append((result, None, error))
                self._watcher.send()

    def _deliver(self) -> None:
        while self._done:
            result, answer, error = self._done.popleft()
            if error is None:
                result.set(answer)
            else:
                result.set_exception(error)
