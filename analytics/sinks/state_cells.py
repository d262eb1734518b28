"""Reading the cells of closed buckets from the state, some at a time: their keys, their labels, and texts of those."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.query.far.series import OVERALL_USERS, USERS_METRIC
from analytics.sinks.closed import labels_of_key
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from analytics.state.series.store import SeriesStore
from analytics.state.state import State

Item = TypeVar("Item")
Made = TypeVar("Made")
AT_ONCE = 100
"""Cells that are read under the state's lock at once: at most some milliseconds."""
MOST_SERIES = 20_000
"""Series of which something is remembered."""


class BySeries(Generic[Made]):
    """A value made of the labels of each series of a store, remembered by id.

    Args:
        make: makes it; called with no labels for series that are gone.
    """

    def __init__(self, make: Callable[[Labels], Made]) -> None:
        self._make = make
        self._made: dict[int, Made] = {}
        self._retired = -1

    def of(self, state: State, now: float, store: Callable[[State], SeriesStore], ids: Sequence[int]) -> list[Made]:
        """The values of these series."""
        found, made = store(state), self._made
        if self._retired != found.retired or len(made) > MOST_SERIES:
            made.clear()
            self._retired = found.retired
        for number in ids:
            if number not in made:
                made[number] = self._make(found.labels(number))
        return [made[number] for number in ids]


def parts(items: Sequence[Item], size: int = AT_ONCE) -> Iterator[Sequence[Item]]:
    """The items, some at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def series_keys(state: State, now: float, bucket: Bucket) -> list[SeriesKey]:
    """The keys of the cells of traffic and events."""
    return [key for key in state.series.table(bucket) if labels_of_key(key)]


def user_keys(state: State, now: float, bucket: Bucket) -> list[str]:
    """The services whose users are counted."""
    return list(state.users.table(users_bucket(bucket)))


def users_bucket(bucket: Bucket) -> Bucket:
    """The bucket with the users: their levels begin with minutes."""
    return Bucket(bucket.level - Resolution.MINUTE, bucket.start)


def user_labels(service: str) -> Labels:
    """The labels of the series of a service's users, or of those of all services."""
    return labels_of([("service", service), (NAME_LABEL, OVERALL_USERS if service == EVERY_SERVICE else USERS_METRIC)])
