"""Threads beside the event loop, for long computations: they compute in turn, and ask the loop for what it owns."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, Self, TypeVar

import gevent
from gevent.event import Event
from gevent.monkey import get_original

from analytics.thread_call import ThreadCall

SWITCH_SECONDS = 0.0001
"""How long a thread waits for the interpreter lock while another one runs; Python's default of 5 ms is too slow."""
TURN_SECONDS = 0.01
"""How long a thread computes before the next one does."""
THREAD_NICENESS = 10
"""How much nicer than the loop these threads are: with few processors, the loop would wait for one else."""
LOOK_SECONDS = 0.05
"""How often the loop looks whether the items of a thread are still wanted."""

A = TypeVar("A")
T = TypeVar("T")
_start_new_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")
_Local = get_original("_thread", "_local")


class NotWantedError(Exception):
    """Nobody wants the items of this thread any more."""


class Threads:
    """Makes threads, of which one computes at a time: more of them would delay the loop, and be no faster.

    Example:
        >>> threads = Threads()
        >>> with threads.items(lambda: iter("ab")) as items:
        ...     list(items)
        ['a', 'b']
    """

    def __init__(self) -> None:
        self._here = _Local()
        self._turns = _Turns()

    def items(self, make: Callable[[], Iterator[T]], is_wanted: Callable[[], bool] = lambda: True) -> "Items[T]":
        """The items of an iterator that is made and runs in a thread of its own.

        Args:
            is_wanted: asked every `LOOK_SECONDS` while an item is waited for.
        """
        return Items(make, is_wanted, self._here, self._turns)

    def in_loop(self, function: Callable[[], A]) -> A:
        """Call a function that must run in the loop's thread, from that thread or from one of these.

        Raises:
            NotWantedError: see there.
            Exception: the error of `function`.
        """
        items: Items[Any] | None = getattr(self._here, "items", None)
        return function() if items is None else items.call(function)

    def pause(self) -> None:
        """Let others compute if it is their turn; called by a thread every few milliseconds.

        Raises:
            NotWantedError: see there.
        """
        items: Items[Any] | None = getattr(self._here, "items", None)
        if items is not None:
            items.pause()


class Items(Generic[T]):
    """Items that a thread makes one by one, each when it is asked for. Close them: the thread ends then, soon."""

    def __init__(
        self, make: Callable[[], Iterator[T]], is_wanted: Callable[[], bool], here: Any, turns: "_Turns"
    ) -> None:
        self._make, self._is_wanted, self._here, self._turns = make, is_wanted, here, turns
        self._asked = _allocate_lock()
        self._asked.acquire()
        self._answers: deque[tuple[T] | BaseException] = deque()
        self._calls: deque[_LoopCall] = deque()
        self._is_closed = self._is_over = False
        self._told, self.ended = Event(), Event()
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._notify)
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
        _start_new_thread(self._run, ())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        """The next item; other greenlets run meanwhile.

        Raises:
            NotWantedError: it was not wanted any more before it was made.
            Exception: the error of the iterator.
        """
        if self._is_closed:
            raise StopIteration
        self._asked.release()
        look_at = time.monotonic() + LOOK_SECONDS
        while not self._answers:
            self._told.wait(LOOK_SECONDS)
            self._told.clear()
            while self._calls:
                self._calls.popleft().run()
            if time.monotonic() > look_at:
                look_at = time.monotonic() + LOOK_SECONDS
                if not self._is_wanted():
                    self.close()
                    raise NotWantedError
        answer = self._answers.popleft()
        if isinstance(answer, BaseException):
            self.close()
            raise answer
        return answer[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Tell the thread to end, which it does at its next pause; `ended` is set then."""
        if not self._is_closed:
            self._is_closed = True
            if self._asked.locked():
                self._asked.release()

    # --- in the thread -----------------------------------------------------------------------------------------------

    def call(self, function: Callable[[], A]) -> A:
        """Call a function in the loop's thread."""
        call = _LoopCall(function)
        self._turns.give()
        self._calls.append(call)
        self._watcher.send()
        try:
            while not call.done.acquire(timeout=LOOK_SECONDS):
                self._check()
        finally:
            self._turns.take()
        answer: A = call.answer()
        return answer

    def pause(self) -> None:
        """See `Threads`."""
        self._check()
        self._turns.pass_on()

    def _check(self) -> None:
        if self._is_closed:
            raise NotWantedError

    def _run(self) -> None:
        self._here.items = self
        _let_the_loop_go_first()
        made: Iterator[T] | None = None
        try:
            while not self._is_over:
                self._asked.acquire()
                if self._is_closed:
                    break
                self._turns.take()
                try:
                    made = made or self._make()
                    self._answers.append((next(made),))
                except BaseException as error:  # noqa: BLE001  # raised in the greenlet by `__next__`
                    self._answers.append(error)
                    break
                finally:
                    self._turns.give()
                self._watcher.send()
        finally:
            del made, self._make
            self._is_over = True
            self._watcher.send()  # the interpreter lock is held until it has returned, so the loop may close it then

    # -----------------------------------------------------------------------------------------------------------------

    def _notify(self) -> None:
        self._told.set()
        if self._is_over and not self.ended.is_set():
            self._watcher.close()
            self.ended.set()


def _let_the_loop_go_first() -> None:
    """Make this thread nicer, which only Linux does thread by thread."""
    if sys.platform == "linux":
        with suppress(OSError):  # not allowed: slower, but right
            os.nice(THREAD_NICENESS)


class _LoopCall(ThreadCall):
    """A call in the loop's thread; what ends the greenlet that makes it, such as a timeout, is raised there."""

    __slots__ = ()
    caught = Exception


class _Turns:
    """A lock that is given in the order of requests."""

    def __init__(self) -> None:
        self._guard = _allocate_lock()
        self._waiting: deque[Any] = deque()
        self._is_taken = False
        self._since = 0.0

    def take(self) -> None:
        """Wait for the turn."""
        with self._guard:
            if not self._is_taken:
                self._is_taken, self._since = True, time.perf_counter()
                return
            mine = _allocate_lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()
        self._since = time.perf_counter()

    def give(self) -> None:
        """Give the turn to the next one."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def pass_on(self) -> None:
        """Give it up and wait for the next turn if this one has lasted long enough, and others wait."""
        if self._waiting and time.perf_counter() - self._since > TURN_SECONDS:
            self.give()
            self.take()
