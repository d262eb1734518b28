"""The resources, scopes, metrics or streams of a request: what may hold items, and costs time even without any."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from analytics.errors import TooLarge

MOST_GROUPS = 200_000
"""Of one request."""
PAUSE_EVERY = 64
G = TypeVar("G")


class GroupLimit:
    """Counts the groups of one request.

    Args:
        pause: called from time to time, to yield to others.
        what: the name of the groups in the message to a client that sends too many.
    """

    def __init__(self, pause: Callable[[], None], what: str = "resources, scopes and metrics") -> None:
        self._left, self._pause, self._what = MOST_GROUPS, pause, what

    def each(self, groups: Sequence[G]) -> Iterator[G]:
        """Some groups, one after the other.

        Raises:
            TooLarge: with these, there are too many.
        """
        self._left -= len(groups)
        if self._left < 0:
            raise TooLarge(
                f"The request has more than {MOST_GROUPS} {self._what}; send smaller ones.",
                code="batch_too_large",
            )
        for place, group in enumerate(groups):
            if place % PAUSE_EVERY == PAUSE_EVERY - 1:
                self._pause()
            yield group
