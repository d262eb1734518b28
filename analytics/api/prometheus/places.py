"""Places for queries in PromQL, with the errors of Prometheus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from analytics.promql.errors import QueryCanceled, QueryError, QueryTimeout
from analytics.slots import Slots, SlotsFull, SlotTimeout, SlotUnwanted


class TooManyQueries(QueryError):
    """So many queries wait already that another one would wait for too long."""

    kind = "unavailable"
    status = 503


class QueryPlaces(Slots):
    """See `Slots`."""

    def take(self, seconds: float, is_wanted: Callable[[], bool]) -> None:
        """Wait for a place.

        Raises:
            TooManyQueries: too many others wait.
            QueryTimeout: there was none within `seconds`.
            QueryCanceled: the query is not wanted any more.
        """
        try:
            super().take(seconds, is_wanted)
        except SlotsFull:
            waiting = self.most_waiting
            raise TooManyQueries(f"too many queries: {waiting} are waiting; try again in a moment") from None
        except SlotTimeout:
            raise QueryTimeout("query timed out in query queue") from None
        except SlotUnwanted:
            raise QueryCanceled("the client went away") from None

    @contextmanager
    def taken(self, seconds: float, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """A place for the duration of a block; raises what `take` does."""
        self.take(seconds, is_wanted)
        try:
            yield
        finally:
            self.give()
