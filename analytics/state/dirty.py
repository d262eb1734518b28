"""Dirty set: what changed since the last checkpoint."""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class DirtySet(Generic[T]):
    """The keys that changed since the last `take`."""

    def __init__(self) -> None:
        self._dirty: set[T] = set()
        self.add = self._dirty.add
        self.discard = self._dirty.discard

    def take(self) -> set[T]:
        """The keys that changed, and none from now on."""
        taken = self._dirty.copy()
        self._dirty.clear()
        return taken

    def give_back(self, taken: Iterable[T]) -> None:
        """Mark keys as changed again, after a checkpoint failed."""
        self._dirty.update(taken)
