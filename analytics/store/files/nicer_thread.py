"""A thread that is nicer than its process: the system runs it when other threads leave it time."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class NicerThread:
    """Calls functions in a thread of its own. The caller waits, so that it can hold locks which others need.

    Args:
        by: how much nicer it is than the thread that calls it first. Only Linux has a niceness for each thread.
    """

    def __init__(self, by: int = 0) -> None:
        self._pool = ThreadPoolExecutor(1, "writing", _be_nicer, (by,))

    def call(self, function: Callable[[], T]) -> T:
        """The result of a function; raises what it raises."""
        return self._pool.submit(function).result()


def _be_nicer(by: int) -> None:
    if by and sys.platform == "linux":
        os.nice(by)
