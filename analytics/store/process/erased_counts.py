"""Counts of erased events, for the answers to those who asked for the erasures."""

import threading

MOST_COUNTS = 1_000
"""Erasures whose counts are kept, the newest ones."""


class ErasedCounts:
    """How many events each erasure hid, by its salt, which names it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._counts: dict[str, int] = {}

    def set(self, salt: str, count: int) -> None:
        """Note the count of an erasure that was read."""
        with self._condition:
            self._counts[salt] = count
            if len(self._counts) > MOST_COUNTS:
                del self._counts[next(iter(self._counts))]
            self._condition.notify_all()

    def wait(self, salt: str, seconds: float) -> int | None:
        """The count of an erasure, which is waited for; None if it is not read in time."""
        with self._condition:
            self._condition.wait_for(lambda: salt in self._counts, seconds)
            return self._counts.get(salt)
