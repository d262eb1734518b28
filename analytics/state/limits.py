"""Limits on the number of series and event types: new ones are admitted while there is room."""

from collections.abc import Collection, Iterable, Sized

from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENT_TYPE, EVENTS_SERIES, OTHER


class CardinalityLimits:
    """The series and event types that count towards their limits `max_series` and `max_types`.

    Args:
        typed: the typed series, which count towards the same limit.
    """

    def __init__(self, max_series: int, max_types: int, typed: Sized = ()) -> None:
        self._typed = typed
        self.max_series, self.max_types = max_series, max_types
        self._series: set[SeriesKey] = set()
        self._types: set[str] = set()

    def __len__(self) -> int:
        return len(self._series) + len(self._typed)

    def __contains__(self, series: SeriesKey) -> bool:
        return series in self._series

    def has_room(self, unknown: Collection[SeriesKey]) -> bool:
        """Whether all of these new series fit."""
        return not unknown or len(self) + len(unknown) <= self.max_series

    @property
    def room(self) -> int:
        """How many more series fit."""
        return max(0, self.max_series - len(self))

    def add(self, series: Iterable[SeriesKey]) -> None:
        """Admit series for which there is room."""
        self._series.update(series)

    def admit(self, series: Iterable[SeriesKey]) -> bool:
        """Admit all of these series, or none if they do not all fit; returns whether they were admitted."""
        unknown = {key for key in series if key not in self._series}
        if not self.has_room(unknown):
            return False
        self._series |= unknown
        return True

    def admit_event_type(self, service: str, event_type: str) -> str:
        """The type under which events of `event_type` are counted: their own, or `other` beyond the limits."""
        if event_type in self._types or len(self._types) < self.max_types:
            key = (EVENTS_SERIES, service, ((EVENT_TYPE, event_type),))
            if key in self._series or self.admit((key,)):
                self._types.add(event_type)
                return event_type
        return OTHER

    def has_type(self, event_type: str) -> bool:
        """Whether an event type is counted under its own name."""
        return event_type in self._types

    def expire(self, live: Collection[SeriesKey]) -> None:
        """Forget all series but the `live` ones, and the event types without a live series."""
        self._series.intersection_update(live)
        self._types = {tags[0][1] for name, _, tags in live if name == EVENTS_SERIES and tags}

    def dump(self) -> tuple[list[SeriesKey], list[str]]:
        """The series and the event types, for `restore`."""
        return list(self._series), list(self._types)

    def restore(self, series: list[SeriesKey], types: list[str]) -> None:
        """Replace the content by a dump, even one that exceeds the limits.

        Those of versions before 0.3.0 also have the series of metrics, which are typed now.
        """
        self._series, self._types = {key for key in series if key[0] == EVENTS_SERIES}, set(types)
