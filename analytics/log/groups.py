"""Groups: records of one request that are counted together, so that each counter is updated once per request."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic

from analytics.log.refusal import Refused
from analytics.records import R
from analytics.state.delta import SeriesKey
from analytics.state.limits import CardinalityLimits
from analytics.state.observations import Observations
from analytics.state.state import State


class Group(Generic[R]):
    """Items of one service and second; a kind may split further, for example by event type.

    Attributes:
        seen: the observations that the group adds to; groups of the same service and second share them.
        series: the series that need room within ANALYTICS_MAX_SERIES.
    """

    __slots__ = ("add", "items", "seen", "series", "service")

    def __init__(self, seen: Observations) -> None:
        self.service, self.seen = seen.service, seen
        self.series: Sequence[SeriesKey] = ()
        self.items: list[R] = []
        self.add: Callable[[R], None] = self.items.append

    def admit(self, limits: CardinalityLimits) -> Refused | None:
        """Reserve the room that the group needs within the limits; returns a refusal if there is none."""
        return None

    def observe(self) -> None:
        """Add what the items say to `seen`."""

    def count(self, state: State) -> None:
        """Add what depends on the state's limits; called when the items are recorded."""

    def failed(self) -> Sequence[R]:
        """The items that count as errors."""
        return ()


class Groups(ABC, Generic[R]):
    """All groups of a batch. Creating them does not change the state.

    Args:
        now: when the batch was received, in seconds since the epoch.
        is_timed: whether any of its items has a timestamp.
    """

    def __init__(self, now: float, *, is_timed: bool) -> None:
        self.now, self.is_timed = now, is_timed
        self.all: list[Group[R]] = []
        self._seconds: dict[tuple[str, int], Observations] = {}

    @abstractmethod
    def of(self, items: Sequence[R]) -> list[Group[R]]:
        """The group of each item; missing groups are created."""

    def narrow(self, items: Sequence[R]) -> list[Group[R]]:
        """The group of each remaining item; all other groups are dropped."""
        group_of = self.of(items)
        self.all = list(dict.fromkeys(group_of))
        return group_of

    def services(self) -> list[str]:
        """The service of each group, in the order of first items; a service may appear more than once."""
        return [group.service for group in self.all]

    def unknown(self, limits: CardinalityLimits) -> set[SeriesKey]:
        """The series of these groups that `limits` does not know yet."""
        return {key for group in self.all for key in group.series if key not in limits}

    def fill(self, group_of: Sequence[Group[R]], items: Sequence[R]) -> None:
        """Put each item into its group, drop empty groups and observe the others."""
        for group, item in zip(group_of, items, strict=True):
            group.add(item)
        self.observe()

    def observe(self) -> None:
        """Drop empty groups and observe the others."""
        self.all = [group for group in self.all if group.items]
        for group in self.all:
            group.observe()

    def failed(self) -> list[R]:
        """The items of all groups that count as errors."""
        return [item for group in self.all for item in group.failed()]

    def count(self, state: State) -> list[Observations]:
        """Finish counting; returns the observations, one for each service and second."""
        for group in self.all:
            group.count(state)
        return list(dict.fromkeys(group.seen for group in self.all))

    def seen(self, service: str, second: int) -> Observations:
        """The observations of a service in a second; its groups share them."""
        seen = self._seconds.get((service, second))
        if seen is None:
            at = self.now if second == int(self.now) else second
            seen = self._seconds[service, second] = Observations(service, at, min(at, self.now))
        return seen

    def second(self, item: R) -> int:
        """The second in which an item happened, since the epoch."""
        return int(self.now if item.timestamp is None else item.timestamp.timestamp())
