"""How every reader asks: one question at a time, against a state that has been brought up to now."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from analytics.clock import Clock
from analytics.state.state import State

P = ParamSpec("P")
A = TypeVar("A")


class Reader:
    """Asks the state; a question is a pure function of the state, now (seconds since the epoch) and its arguments."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def ask(self, question: Callable[Concatenate[State, float, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer to `question` as of now; it sees every record that was acknowledged."""
        with self._state.lock:
            now = self._clock.wall()
            self._state.advance(now)
            self._state.flush()
            return question(self._state, now, *args, **kwargs)
