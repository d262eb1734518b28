"""How long to wait before the next try: exponential backoff with full jitter, or what the answer asks for.

Full jitter after M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from collections.abc import Callable

FIRST, LONGEST = 0.25, 30.0
MOST_ASKED = 3600.0
"""Seconds that an answer may ask for at most."""
SPREAD = 0.25
"""Seconds within which those come back that were asked to wait equally long."""


class Backoff:
    """The pauses in seconds between the tries of what fails again and again.

    Args:
        jitter: gives numbers from 0 to 1, evenly.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter, self._failures = jitter, 0

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0

    def failed(self, retry_after: float | None) -> float:
        """The pause before the next try: what the answer asks for, where that is more than nothing."""
        ceiling = min(LONGEST, FIRST * 2.0 ** min(self._failures, 10))
        self._failures += 1
        if not retry_after:
            return ceiling * self._jitter()
        return min(retry_after, MOST_ASKED) + SPREAD * self._jitter()
