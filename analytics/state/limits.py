"""How many series may be counted by name: each new one is admitted, or refused where there is no room."""

from collections.abc import Collection

from analytics.records import NO_TAGS, SeriesTags
from analytics.state.claims import Claim, Claims
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENT_TYPE, EVENTS, OTHER, TRAFFIC


class Limits:
    """The series that count towards their limit, and the event types that do.

    Records that wait for the journal hold claims on their new series: `keep` makes these known, `release` gives the
    room back.
    """

    def __init__(self, max_series: int, max_types: int) -> None:
        self._max_series, self._max_types = max_series, max_types
        self._series: set[SeriesKey] = set()
        self._types: set[str] = set()
        self._claims = Claims()

    def __len__(self) -> int:
        return len(self._series)

    def claim(self, name: str, service: str, tags: SeriesTags) -> list[SeriesKey] | None:
        """Hold room for a series of that name and for its tagged part; None where there is no room.

        Returns what was claimed, for `Claim.series`: the series that are not known yet.
        """
        if (name, service, tags) in self._series and (not tags or (name, service, NO_TAGS) in self._series):
            return []
        wanted = [(name, service, tags)]
        if tags and name not in TRAFFIC and name != EVENTS:
            wanted.append((name, service, NO_TAGS))
        unknown = [key for key in wanted if key not in self._series]
        fresh = sum(key not in self._claims for key in unknown)
        if fresh and len(self._series) + len(self._claims) + fresh > self._max_series:
            return None
        self._claims.hold(unknown)
        return unknown

    def keep(self, claim: Claim) -> None:
        """Make known what was claimed: its records are counted now."""
        if claim.series:
            self._series.update(claim.series)
            self._claims.release(claim.series)

    def release(self, claim: Claim) -> None:
        """Give back the room that was claimed: its records are not counted."""
        self._claims.release(claim.series)

    def admit_event_type(self, service: str, event_type: str) -> str:
        """The type under which events of `event_type` are counted: itself, or `other` beyond the limits."""
        if event_type in self._types or len(self._types) < self._max_types:
            claimed = self.claim(EVENTS, service, ((EVENT_TYPE, event_type),))
            if claimed is not None:
                self.keep(Claim((), claimed))
                self._types.add(event_type)
                return event_type
        return OTHER

    def expire(self, live: Collection[SeriesKey]) -> None:
        """Forget all but the `live` series, and the event types that none of them counts."""
        self._series.intersection_update(live)
        self._types = {tags[0][1] for name, _, tags in live if name == EVENTS and tags}

    def dump(self) -> tuple[list[SeriesKey], list[str]]:
        """The series and the event types, for `restore`."""
        return list(self._series), list(self._types)

    def restore(self, series: list[SeriesKey], types: list[str]) -> None:
        """Become what was dumped; it may have had more room."""
        self._series, self._types = set(series), set(types)
        self._claims.clear()
