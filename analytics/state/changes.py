"""What has changed since somebody looked: noted as it happens, taken when it is written down."""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Changes(Generic[T]):
    """The things that changed, each once."""

    def __init__(self) -> None:
        self._changed: set[T] = set()
        self.note = self._changed.add
        self.forget = self._changed.discard

    def take(self) -> set[T]:
        """What was noted since this was asked the last time."""
        taken = self._changed.copy()
        self._changed.clear()
        return taken

    def give_back(self, taken: Iterable[T]) -> None:
        """Note again what came to nothing."""
        self._changed.update(taken)
