"""The reader: runs queries one at a time, against the state as of now."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from analytics.clock import Clock
from analytics.state.state import State

P = ParamSpec("P")
A = TypeVar("A")


class Reader:
    """Runs queries: pure functions of the state, the time (seconds since the epoch) and further arguments."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def ask(self, question: Callable[Concatenate[State, float, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer of a query as of now; it includes every acknowledged record."""
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            self._state.flush()
            return question(self._state, now, *args, **kwargs)
