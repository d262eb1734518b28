"""How many series may be counted by name: each new one is admitted, or told that there is no room."""

from collections.abc import Collection

from analytics.records import NO_TAGS, SeriesTags
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENT_TYPE, EVENTS, OTHER, TRAFFIC


class Limits:
    """The series that count towards their limit, and the event types that do.

    What is admitted is a promise until `keep`: `forget_promises` takes it back.
    """

    def __init__(self, max_series: int, max_types: int) -> None:
        self._max_series, self._max_types = max_series, max_types
        self._series: set[SeriesKey] = set()
        self._types: set[str] = set()
        self._promised: set[SeriesKey] = set()

    def __len__(self) -> int:
        return len(self._series)

    def admit(self, name: str, service: str, tags: SeriesTags) -> bool:
        """Make room for a series of that name and its tagged part; False where the limit does not allow it."""
        wanted = [(name, service, tags)]
        if tags and name not in TRAFFIC and name != EVENTS:
            wanted.append((name, service, NO_TAGS))
        fresh = [key for key in wanted if key not in self._series]
        if len(self._series) + len(fresh) > self._max_series:
            return False
        self._series.update(fresh)
        self._promised.update(fresh)
        return True

    def admit_event_type(self, service: str, event_type: str) -> str:
        """The type under which events of `event_type` are counted: itself, or `other` beyond the limits."""
        has_room = event_type in self._types or len(self._types) < self._max_types
        if has_room and self.admit(EVENTS, service, ((EVENT_TYPE, event_type),)):
            self._types.add(event_type)
            return event_type
        return OTHER

    def keep(self) -> None:
        """What was promised has come."""
        self._promised.clear()

    def forget_promises(self) -> None:
        """What was promised since `keep` will not come."""
        self._series -= self._promised
        self._promised.clear()

    def expire(self, live: Collection[SeriesKey]) -> None:
        """Forget all but the `live` series, and the event types that none of them counts."""
        self._series.intersection_update(live)
        self._types = {tags[0][1] for name, _, tags in live if name == EVENTS and tags}

    def dump(self) -> tuple[list[SeriesKey], list[str]]:
        """The series and the event types, for `restore`."""
        return list(self._series), list(self._types)

    def restore(self, series: list[SeriesKey], types: list[str]) -> None:
        """Become what was dumped; it may have had more room."""
        self._series, self._types, self._promised = set(series), set(types), set()
