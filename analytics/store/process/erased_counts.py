"""Counts of erased records, for the answers to those who asked for the erasures."""

import threading

MOST_COUNTS = 1_000
"""Erasures whose counts are kept, the newest ones."""


class ErasedCounts:
    """How many records of each kind each erasure hid, by its salt, which names it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._counts: dict[str, dict[str, int]] = {}

    def set(self, salt: str, counts: dict[str, int]) -> None:
        """Note the counts of an erasure that was read."""
        with self._condition:
            self._counts[salt] = counts
            if len(self._counts) > MOST_COUNTS:
                del self._counts[next(iter(self._counts))]
            self._condition.notify_all()

    def wait(self, salt: str, seconds: float) -> dict[str, int] | None:
        """The counts of an erasure, which are waited for; None if it is not read in time."""
        with self._condition:
            self._condition.wait_for(lambda: salt in self._counts, seconds)
            return self._counts.get(salt)
