"""Groups: the records of a request that are counted together, so that each counter is touched once a request."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic

from analytics.log.refusal import Refused
from analytics.records import R
from analytics.state.delta import SeriesKey
from analytics.state.limits import Limits
from analytics.state.observations import Observations
from analytics.state.state import State


class Group(Generic[R]):
    """Items of one service and second, and of whatever else a kind counts apart; `series` are those that need room."""

    __slots__ = ("add", "items", "seen", "series", "service")

    def __init__(self, seen: Observations) -> None:
        self.service, self.seen = seen.service, seen
        self.series: Sequence[SeriesKey] = ()
        self.items: list[R] = []
        self.add: Callable[[R], None] = self.items.append

    def admit(self, limits: Limits) -> Refused | None:
        """Take the room that the group needs; the refusal where there is none."""
        return None

    def observe(self) -> None:
        """Observe what the items say."""

    def count(self, state: State) -> None:
        """Observe what depends on the state's limits, when the items are recorded."""

    def failed(self) -> Sequence[R]:
        """The items that are errors."""
        return ()


class Groups(ABC, Generic[R]):
    """All groups of a batch; making them changes nothing yet.

    Args:
        now: when the batch came in, in seconds since the epoch.
        is_timed: whether some of its items have a time of their own.
    """

    def __init__(self, now: float, *, is_timed: bool) -> None:
        self.now, self.is_timed = now, is_timed
        self.all: list[Group[R]] = []
        self._seconds: dict[tuple[str, int], Observations] = {}

    @abstractmethod
    def of(self, items: Sequence[R]) -> list[Group[R]]:
        """The group of each item, made where there is none yet."""

    def narrow(self, items: Sequence[R]) -> list[Group[R]]:
        """The group of each item that is left; forgets the groups of the others."""
        group_of = self.of(items)
        self.all = list(dict.fromkeys(group_of))
        return group_of

    def services(self) -> list[str]:
        """The services that have groups, in the order of their first items."""
        return [group.service for group in self.all]

    def unknown(self, limits: Limits) -> set[SeriesKey]:
        """The series that are not known yet."""
        return {key for group in self.all for key in group.series if key not in limits}

    def fill(self, group_of: Sequence[Group[R]], items: Sequence[R]) -> None:
        """Put each item into its group, and forget the groups that get none."""
        for group, item in zip(group_of, items, strict=True):
            group.add(item)
        self.observe()

    def observe(self) -> None:
        """Forget the groups without items, and observe what the items of the others say."""
        self.all = [group for group in self.all if group.items]
        for group in self.all:
            group.observe()

    def failed(self) -> list[R]:
        """The items that are errors."""
        return [item for group in self.all for item in group.failed()]

    def count(self, state: State) -> list[Observations]:
        """What was observed, once by service and second."""
        for group in self.all:
            group.count(state)
        return list(dict.fromkeys(group.seen for group in self.all))

    def seen(self, service: str, second: int) -> Observations:
        """The observations of a service in a second, which its groups share."""
        seen = self._seconds.get((service, second))
        if seen is None:
            at = self.now if second == int(self.now) else second
            seen = self._seconds[service, second] = Observations(service, at, min(at, self.now))
        return seen

    def second(self, item: R) -> int:
        """The second in which an item happened."""
        return int(self.now if item.timestamp is None else item.timestamp.timestamp())
