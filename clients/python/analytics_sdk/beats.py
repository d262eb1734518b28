"""Thread that sends heartbeats at a fixed interval, and what they say."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

Beat = Callable[[], object]


class Signal(Protocol):
    """Interface of `threading.Event`, which tests replace."""

    def set(self) -> None: ...

    def wait(self, timeout: float) -> bool: ...


class Beats:
    """Calls `beat` at once and then every `interval` seconds until stopped; missed beats are skipped."""

    def __init__(self, beat: Beat, interval: float, clock: Callable[[], float], stopped: Signal | None = None) -> None:
        self._beat, self._interval, self._clock = beat, interval, clock
        self._stopped: Signal = threading.Event() if stopped is None else stopped
        self._disowned = False
        self._thread = threading.Thread(target=self._run, name="analytics-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start no more beats; does not wait for a running one."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the last beat has ended."""
        self._thread.join()

    def disown(self) -> None:
        """Stop in a forked child, where the thread survives under gevent; takes no lock."""
        self._disowned = True

    def _run(self) -> None:
        due = self._clock()
        while not self._stopped.wait(max(0.0, due - self._clock())):
            if self._disowned:
                return
            self._beat()
            missed = max(0.0, self._clock() - due) // self._interval
            due += (missed + 1) * self._interval


def asked(
    status: Callable[[], str] | None, metrics: Callable[[], Mapping[str, Any]] | None, report: Callable[[str], None]
) -> tuple[str, dict[str, Any]]:
    """Status and metrics of a heartbeat as functions of the host program return them; `report` gets what they raise."""
    said, more = "healthy", dict[str, Any]()
    try:
        said = status() if status is not None else said
    except Exception as error:  # noqa: BLE001 - the program's own mistake must not end the heartbeats
        said = "unhealthy"
        report(f"the heartbeat's status failed: {type(error).__name__}: {error}")
    try:
        more = dict(metrics()) if metrics is not None else {}
    except Exception as error:  # noqa: BLE001 - as above
        report(f"the heartbeat's metrics failed: {type(error).__name__}: {error}")
    return said, more
