"""The reader: runs queries one at a time, against the state as of now."""

from collections.abc import Callable, Generator
from typing import Any, Concatenate, ParamSpec, TypeVar

from gevent.lock import BoundedSemaphore

from analytics.clock import Clock
from analytics.state.state import State

P = ParamSpec("P")
A = TypeVar("A")
Steps = Generator[None, None, A]
"""A query that others can interrupt at each `yield`; it must not assume that the state is the same after one."""


class Reader:
    """Runs queries: pure functions of the state, the time (seconds since the epoch) and further arguments.

    Args:
        in_loop: calls a function in the event loop's thread, whichever thread it is called from.
    """

    def __init__(
        self, state: State, clock: Clock, in_loop: Callable[[Callable[[], Any]], Any] = lambda function: function()
    ) -> None:
        self._state, self._clock, self._in_loop = state, clock, in_loop
        self._long = BoundedSemaphore(1)

    def ask(self, question: Callable[Concatenate[State, float, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer of a query as of now; it includes every acknowledged record."""

        def asked() -> A:
            with self._state.lock:
                return question(self._state, self._catch_up(), *args, **kwargs)

        answer: A = self._in_loop(asked)
        return answer

    def ask_in_steps(
        self,
        pause: Callable[[], None],
        question: Callable[Concatenate[State, float, P], Steps[A]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> A:
        """The answer of a long query as `ask` gives it, but calling `pause` where the query can be interrupted.

        There is one such query at a time, so that others wait for one step of it, however many are asked.
        """
        with self._long:
            steps = question(self._state, self._clock.wall(), *args, **kwargs)
            while True:
                with self._state.lock:
                    self._catch_up()
                    try:
                        next(steps)
                    except StopIteration as end:
                        answer: A = end.value
                        return answer
                pause()

    def _catch_up(self) -> float:
        """Apply what has been recorded so far; returns the time."""
        now = self._clock.wall()
        self._state.advance(now)
        self._state.flush()
        return now
