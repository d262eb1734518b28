"""Measures stalls of this machine, so that time limits in tests test the service and not the machine."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

_NAP = 0.01


class Stalls:
    """A thread that sleeps briefly again and again; `longest` is the largest delay of a wake-up in seconds.

    A test that waits for another process depends on two that may stall, hence `slack`.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = Event()
        self._thread = Thread(target=self._nap)

    @property
    def slack(self) -> float:
        """Delay in seconds that an answer may have because of the machine."""
        return 2 * self.longest

    def _nap(self) -> None:
        while not self._over.is_set():
            started = time.monotonic()
            time.sleep(_NAP)
            self.longest = max(self.longest, time.monotonic() - started - _NAP)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
