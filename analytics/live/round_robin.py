"""Groups of members that are visited one after another."""

from typing import Generic, TypeVar

M = TypeVar("M")


class RoundRobin(Generic[M]):
    """Members in `count` groups of about the same size."""

    def __init__(self, count: int) -> None:
        self._groups: list[set[M]] = [set() for _ in range(count)]
        self._current = 0

    def add(self, member: M) -> None:
        """Add a member to the smallest group."""
        min(self._groups, key=len).add(member)

    def discard(self, member: M) -> None:
        """Remove a member, if present."""
        for group in self._groups:
            group.discard(member)

    def next(self) -> list[M]:
        """Members of the next group."""
        self._current = (self._current + 1) % len(self._groups)
        return list(self._groups[self._current])
