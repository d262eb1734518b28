"""What has changed since somebody looked: noted as it happens, taken when it is written down."""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class DirtySet(Generic[T]):
    """The things that changed, each once."""

    def __init__(self) -> None:
        self._dirty: set[T] = set()
        self.add = self._dirty.add
        self.discard = self._dirty.discard

    def take(self) -> set[T]:
        """What was noted since this was asked the last time."""
        taken = self._dirty.copy()
        self._dirty.clear()
        return taken

    def give_back(self, taken: Iterable[T]) -> None:
        """Note again what came to nothing."""
        self._dirty.update(taken)
