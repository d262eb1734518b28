"""Turns for all who are there, spread evenly."""

from typing import Generic, TypeVar

M = TypeVar("M")


class Rounds(Generic[M]):
    """Members in `count` groups of about the same size, which have their turns one after another."""

    def __init__(self, count: int) -> None:
        self._groups: list[set[M]] = [set() for _ in range(count)]
        self._turn = 0

    def add(self, member: M) -> None:
        """Have a member in one of the groups from now on."""
        min(self._groups, key=len).add(member)

    def discard(self, member: M) -> None:
        """Forget a member, if it is there."""
        for group in self._groups:
            group.discard(member)

    def next(self) -> list[M]:
        """Those whose turn it is now."""
        self._turn = (self._turn + 1) % len(self._groups)
        return list(self._groups[self._turn])
