"""A thread beside the event loop: it makes blocking calls, one after the other in the order of requests."""

import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent.event import Event
from gevent.monkey import get_original

from analytics.thread_call import ThreadCall

SWITCH_SECONDS = 0.0005
"""How long the thread waits for the interpreter lock while the loop is busy; Python's default of 5 ms is too slow."""

P = ParamSpec("P")
A = TypeVar("A")
_start_new_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")


class _Call(ThreadCall):
    """A call for the thread. The caller waits for `done`, which blocks the loop, or for `event`, which does not."""

    __slots__ = ("event",)

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(function)
        self.event: Event | None = None


class Thread:
    """Calls functions for greenlets, which wait for the results. It costs a quarter of gevent's thread pool."""

    def __init__(self) -> None:
        self._asked: deque[_Call] = deque()
        self._awaited: deque[Event] = deque()
        self._has_work, self._has_ended = _allocate_lock(), _allocate_lock()
        self._has_work.acquire()
        self._has_ended.acquire()
        self._watcher: Any = None
        self._is_over = False

    def ask(self, function: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> A:
        """Call `function` in the thread and return its result; other greenlets run meanwhile.

        Raises:
            Exception: the error of `function`.
        """
        return self.ask_briefly(0, function, *args, **kwargs)

    def ask_briefly(self, seconds: float, function: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> A:
        """Like `ask`, but block the event loop for up to `seconds` first; for functions that mostly end by then.

        That is faster than letting other greenlets run, which would compete with the thread for the interpreter lock.

        Raises:
            Exception: the error of `function`.
        """
        if self._watcher is None:
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
            self._watcher = gevent.get_hub().loop.async_()
            self._watcher.start(self._notify)
            _start_new_thread(self._run, ())
        call = _Call(partial(function, *args, **kwargs))
        self._asked.append(call)
        if self._has_work.locked():
            self._has_work.release()
        if not seconds or not call.done.acquire(timeout=seconds):
            call.event = Event()
            if not call.done.acquire(blocking=False):  # otherwise it was done before the thread saw `event`
                call.event.wait()
        answer: A = call.answer()
        return answer

    def end(self) -> None:
        """End the thread after it has made all calls."""
        if self._watcher is not None:
            self.ask(self._end)
            self._has_ended.acquire()  # the thread may still use the watcher after it has answered
            self._watcher.close()
            self._watcher = None

    def _end(self) -> None:
        self._is_over = True

    def _run(self) -> None:
        while not self._is_over:
            self._has_work.acquire()
            while self._asked:
                call = self._asked.popleft()
                call.run()
                if call.event is not None:
                    self._awaited.append(call.event)
                    self._watcher.send()
        self._has_ended.release()

    def _notify(self) -> None:
        while self._awaited:
            self._awaited.popleft().set()
