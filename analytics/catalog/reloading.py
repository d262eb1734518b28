"""Reading the configuration folder at start, and again whenever that is asked for."""

from collections.abc import Callable

from gevent.event import Event


class Reloading:
    """Calls `load`, and then `loaded`, once at first and once after each `ask`; `run` is the work of a job.

    What is asked for while `load` runs is done afterwards, once, however often it was asked for.
    """

    def __init__(self, load: Callable[[], None], loaded: Callable[[], None]) -> None:
        self._load, self._loaded = load, loaded
        self._asked = Event()

    def ask(self) -> None:
        """Have the folder read again; returns at once."""
        self._asked.set()

    def run(self) -> None:
        """Load for ever."""
        while True:
            self._asked.clear()
            self._load()
            self._loaded()
            self._asked.wait()
