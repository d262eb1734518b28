"""Shared answers: made once a second at most, however many ask for them."""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from gevent.lock import BoundedSemaphore

from analytics.clock import Clock

A = TypeVar("A")


class _Made(NamedTuple, Generic[A]):
    at: float
    answer: A


class SharedAnswers(Generic[A]):
    """Answers by key, each shared by all that ask within `seconds` of when it was begun.

    Those that ask while it is made wait for it.
    """

    def __init__(self, clock: Clock, seconds: float = 1.0) -> None:
        self._clock, self._seconds = clock, seconds
        self._made: dict[Hashable, _Made[A]] = {}
        self._making: dict[Hashable, BoundedSemaphore] = {}

    def get(self, key: Hashable, make: Callable[[], A]) -> A:
        """The shared answer, or that of `make`, whose exceptions only its caller gets."""
        with self._making.setdefault(key, BoundedSemaphore(1)):
            made, now = self._made.get(key), self._clock.monotonic()
            if made is None or now - made.at >= self._seconds:
                self._drop(now)
                made = self._made[key] = _Made(now, make())
            return made.answer

    def _drop(self, now: float) -> None:
        """Forget answers that are too old to be shared."""
        for key in [key for key, made in self._made.items() if now - made.at >= self._seconds]:
            del self._made[key]
