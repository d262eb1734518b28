"""One client's waiting messages: bounded, and drained by the one writer of its connection."""

from collections import deque

from gevent.event import Event


class Outbox:
    """Messages in order; when full the oldest make room and are counted in `dropped`."""

    def __init__(self, capacity: int) -> None:
        self._messages: deque[str] = deque(maxlen=capacity)
        self._ready = Event()
        self.dropped = 0

    def offer(self, message: str) -> None:
        """Add a message; never waits."""
        if len(self._messages) == self._messages.maxlen:
            self.dropped += 1
        self._messages.append(message)
        self._ready.set()

    def take(self) -> list[str]:
        """All waiting messages, after waiting for the first."""
        self._ready.wait()
        self._ready.clear()
        taken = list(self._messages)
        self._messages.clear()
        return taken
