"""The loop of one receiver: does what is due, then waits until more is due or it is woken."""

from abc import ABC, abstractmethod

from gevent.event import Event


class ReceiverLoop(ABC):
    """A job that repeats `step`."""

    def __init__(self) -> None:
        self._woken = Event()

    def run(self) -> None:
        """Repeat for ever."""
        while True:
            pause = self.step()
            self._woken.wait(pause)
            self._woken.clear()

    def wake(self, *, retries: bool = False) -> None:
        """Look for work now; with `retries` try again at once what failed, as the receiver was changed."""
        if retries:
            self._forget_failures()
        self._woken.set()

    @abstractmethod
    def step(self) -> float:
        """Do what is due; returns after how many seconds to look again."""

    @abstractmethod
    def _forget_failures(self) -> None:
        """Let everything that failed be due now."""
