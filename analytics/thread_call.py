"""A call that one thread makes for another, which waits for the result."""

from collections.abc import Callable
from typing import Any, ClassVar

from gevent.monkey import get_original

_allocate_lock = get_original("_thread", "allocate_lock")


class ThreadCall:
    """A call of `function`; the thread that asked for it acquires `done`, which is released when it has been made."""

    __slots__ = ("_answer", "_error", "_function", "done")
    caught: ClassVar[type[BaseException]] = BaseException
    """Errors that `answer` raises; others are raised by `run`."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._answer: Any = None
        self._error: BaseException | None = None
        self.done = _allocate_lock()
        self.done.acquire()

    def run(self) -> None:
        """Make the call, in the other thread."""
        try:
            self._answer = self._function()
        except self.caught as error:
            self._error = error
        self.done.release()

    def answer(self) -> Any:
        """The result of the call; raises its error."""
        if self._error is not None:
            raise self._error
        return self._answer
