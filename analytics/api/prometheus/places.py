"""QueryPlaces for queries: so many run at the same time, and the others wait in the order in which they came."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gevent.event import Event

from analytics.promql.errors import QueryCanceled, QueryError, QueryTimeout

_LOOK_SECONDS = 0.25
"""How often a query that waits looks whether its client is still there."""


class TooManyQueries(QueryError):
    """So many queries wait already that another one would wait for too long."""

    kind = "unavailable"
    status = 503


class QueryPlaces:
    """A number of places.

    Args:
        most_waiting: how many may wait for one.
    """

    def __init__(self, number: int, most_waiting: int) -> None:
        self._number, self._most_waiting = number, most_waiting
        self._free = number
        self._waiting: deque[Event] = deque()

    @property
    def taken_now(self) -> int:
        """How many are taken."""
        return self._number - self._free

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._waiting)

    def take(self, seconds: float, is_wanted: Callable[[], bool]) -> None:
        """Wait for a place.

        Raises:
            TooManyQueries: too many others wait.
            QueryTimeout: there was none within `seconds`.
            QueryCanceled: the query is not wanted any more.
        """
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= self._most_waiting:
            raise TooManyQueries(f"too many queries: {self._most_waiting} are waiting; try again in a moment")
        turn = Event()
        self._waiting.append(turn)
        try:
            while not turn.wait(min(_LOOK_SECONDS, max(0.0, seconds))):
                seconds -= _LOOK_SECONDS
                if seconds <= 0:
                    raise QueryTimeout("query timed out in query queue")
                if not is_wanted():
                    raise QueryCanceled("the client went away")
        except BaseException:
            if turn.is_set():
                self.give()
            else:
                self._waiting.remove(turn)
            raise

    def give(self) -> None:
        """Give a place to the one that has waited longest."""
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._free += 1

    @contextmanager
    def taken(self, seconds: float, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """A place for the duration of a block; raises what `take` does."""
        self.take(seconds, is_wanted)
        try:
            yield
        finally:
            self.give()
