"""An alarm that rings after a deadline which moves often.

Verified with gevent 26.9.0. The service relies on these:

- `loop.timer` has a function called by the event loop, in the greenlet of the hub, until it is stopped.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import gevent


class Alarm:
    """Calls `ring` in the event loop once the deadline has passed.

    A timer for each wait costs some microseconds. This one runs on when the deadline moves to later, as it mostly does,
    and is started again when it ends too early.

    Attributes:
        deadline: the time to ring, in seconds of `time.monotonic`.
    """

    __slots__ = ("_due", "_ring", "_timer", "deadline")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring, self._timer = ring, None
        self._due, self.deadline = math.inf, 0.0

    def set(self) -> float:
        """Set it to ring at the deadline, unless that has passed; returns how many seconds are left."""
        left = self.deadline - time.monotonic()
        if self._due > self.deadline and left > 0:
            self._start(left)
        return left

    def stop(self) -> None:
        """Stop for good."""
        self._cancel()
        self._ring = _nothing  # its owner mostly holds this alarm, and is to be freed without the garbage collector

    def _start(self, seconds: float) -> None:
        self._cancel()
        self._due = self.deadline
        timer: Any = gevent.get_hub().loop.timer(seconds)
        self._timer = timer
        timer.start(self._check)

    def _check(self) -> None:
        self._cancel()
        if self.set() <= 0:
            self._ring()

    def _cancel(self) -> None:
        timer, self._timer, self._due = self._timer, None, math.inf
        if timer is not None:
            timer.stop()
            timer.close()


def _nothing() -> None:
    pass
