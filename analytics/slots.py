"""Slots for work: a limited number of tasks run at the same time, and the others wait in order."""

import time
from collections import deque
from collections.abc import Callable

from gevent.event import Event

_LOOK_SECONDS = 0.25
"""How often a waiting task checks whether its client is still there."""


class NoSlot(Exception):
    """There was no slot."""


class SlotsFull(NoSlot):
    """Too many tasks wait already."""


class SlotTimeout(NoSlot):
    """There was none in time."""


class SlotUnwanted(NoSlot):
    """Nobody wants it any more."""


class Slots:
    """A number of slots.

    Args:
        most_waiting: how many may wait for one.
    """

    def __init__(self, number: int, most_waiting: int) -> None:
        self.most_waiting = most_waiting
        self._number = self._free = number
        self._waiting: deque[Event] = deque()

    @property
    def taken_now(self) -> int:
        """How many are taken."""
        return self._number - self._free

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def take(self, seconds: float, is_wanted: Callable[[], bool]) -> None:
        """Wait for a slot.

        Raises:
            SlotsFull: too many others wait.
            SlotTimeout: there was none within `seconds`.
            SlotUnwanted: `is_wanted` said so.
        """
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= self.most_waiting:
            raise SlotsFull
        turn = Event()
        self._waiting.append(turn)
        until = time.monotonic() + seconds
        try:
            while not turn.wait(min(_LOOK_SECONDS, max(0.0, until - time.monotonic()))):
                if time.monotonic() >= until:
                    raise SlotTimeout
                if not is_wanted():
                    raise SlotUnwanted
        except BaseException:
            if turn.is_set():
                self.give()
            else:
                self._waiting.remove(turn)
            raise

    def give(self) -> None:
        """Give a slot to the one that has waited longest."""
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1
