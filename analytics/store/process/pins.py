"""Pins: a question holds the files and tail tables that it reads; what was replaced goes when nobody holds it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from analytics.store.files.manifest import DataFile
from analytics.store.process.tail import TailTable

Held = DataFile | TailTable


class Pins:
    """Counts who reads what.

    Args:
        dispose: called with what was given up, once nobody reads it.
    """

    def __init__(self, dispose: Callable[[list[str], list[TailTable]], None]) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._gone: dict[str, Held] = {}
        self._dispose = dispose

    @contextmanager
    def held(self, things: Iterable[Held]) -> Iterator[None]:
        """Hold some files and tables; take the list of them and enter this under the lock of the catalog."""
        names = [each.name for each in things]
        with self._lock:
            self._counts.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._counts.subtract(names)
                for name in names:
                    if not self._counts[name]:
                        del self._counts[name]
            self._sweep()

    def give_up(self, things: Iterable[Held]) -> None:
        """Dispose of what no new question reads any more, at once or when its last reader is done."""
        with self._lock:
            self._gone.update({each.name: each for each in things})
        self._sweep()

    def _sweep(self) -> None:
        with self._lock:
            free = [name for name in self._gone if not self._counts[name]]
            things = [self._gone.pop(name) for name in free]
        files = [each.name for each in things if isinstance(each, DataFile)]
        tables = [each for each in things if isinstance(each, TailTable)]
        if files or tables:
            self._dispose(files, tables)
