"""A value that is made when it is first asked for, such as a part of the service that few servers use."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value made at the first call, once; those that call meanwhile wait. If that fails, the next call tries again.

    Args:
        make: makes it, and imports what it needs.

    Attributes:
        made: the value; None until it is made.

    Example:
        >>> greeting = Lazy(lambda: "hello")
        >>> greeting.made, greeting(), greeting.made
        (None, 'hello', 'hello')
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._making = make, Lock()
        self.made: T | None = None

    def __call__(self) -> T:
        """The value."""
        if self.made is None:
            with self._making:
                if self.made is None:
                    self.made = self._make()
        return self.made
