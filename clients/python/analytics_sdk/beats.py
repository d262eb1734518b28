"""The thread that sends a heartbeat again and again, in a fixed rhythm."""

import threading
from collections.abc import Callable
from typing import Protocol

Beat = Callable[[], object]


class Signal(Protocol):
    """A `threading.Event`, or what stands for it in a test."""

    def set(self) -> None: ...

    def wait(self, timeout: float) -> bool: ...


class Beats:
    """Calls `beat` at once and then every `interval` seconds, until it is stopped; skips beats that are missed."""

    def __init__(self, beat: Beat, interval: float, clock: Callable[[], float], stopped: Signal | None = None) -> None:
        self._beat, self._interval, self._clock = beat, interval, clock
        self._stopped: Signal = threading.Event() if stopped is None else stopped
        self._disowned = False
        self._thread = threading.Thread(target=self._run, name="analytics-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No beat begins after this; waits for none."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for the last beat."""
        self._thread.join()

    def disown(self) -> None:
        """The same in a process that was just forked, where under gevent the thread lives on; takes no lock."""
        self._disowned = True

    def _run(self) -> None:
        due = self._clock()
        while not self._stopped.wait(max(0.0, due - self._clock())):
            if self._disowned:
                return
            self._beat()
            missed = max(0.0, self._clock() - due) // self._interval
            due += (missed + 1) * self._interval
