"""Pauses between retries: exponential backoff with full jitter, or the Retry-After of the answer.

Full jitter after M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from collections.abc import Callable

FIRST, LONGEST = 0.25, 30.0
MOST_ASKED = 3600.0
"""Maximum Retry-After that is obeyed, in seconds."""
SPREAD = 0.25
"""Random addition to Retry-After, in seconds, so that clients with the same one do not retry at the same moment."""


class Backoff:
    """Computes the pauses between retries, in seconds.

    Args:
        jitter: returns evenly distributed random numbers from 0 to 1.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter, self._failures = jitter, 0

    def succeeded(self) -> None:
        """Reset after a success."""
        self._failures = 0

    def failed(self, retry_after: float | None) -> float:
        """Pause before the next try: `retry_after` if it is more than 0, else exponential backoff."""
        ceiling = min(LONGEST, FIRST * 2.0 ** min(self._failures, 10))
        self._failures += 1
        if not retry_after:
            return ceiling * self._jitter()
        return min(retry_after, MOST_ASKED) + SPREAD * self._jitter()
