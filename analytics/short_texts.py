"""Remembers what a function makes of short texts: of long ones, a few thousand would fill the memory."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

S = TypeVar("S", bound=str | bytes | None)
T = TypeVar("T")


def remembers_short(size: int, longest: int) -> Callable[[Callable[[S], T]], Callable[[S], T]]:
    """Decorator of a function of one text, bytes or None: remembers `size` results. `__wrapped__` is the cache.

    Args:
        longest: length of the longest text that is remembered.
    """

    def decorate(function: Callable[[S], T]) -> Callable[[S], T]:
        kept = lru_cache(maxsize=size)(function)

        @wraps(kept)
        def call(text: S) -> T:
            return kept(text) if text is None or len(text) <= longest else function(text)

        return call

    return decorate
