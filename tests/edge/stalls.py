"""How long this machine held everybody up, so that bounds in seconds judge the service and not the machine."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

_NAP = 0.01


class Stalls:
    """While it is open, a thread takes naps; `longest` is by how many seconds the worst of them was overslept.

    Whoever waits for a process on the other side waits for two that may be held up, hence `slack`.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = Event()
        self._thread = Thread(target=self._nap)

    @property
    def slack(self) -> float:
        """What an answer may have been late by no fault of its own, in seconds."""
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
