"""Recognises repeated changes of counters and histograms, which clients send again when they miss an answer.

OpenTelemetry's delta points say which interval they cover, and the intervals of one source do not overlap: the same
start and end again are the same change.
"""

from collections.abc import Mapping

REMEMBERED_INTERVALS = 4
"""Newest intervals of one source; what is sent again follows soon."""
MOST_DELTA_SOURCES = 64
"""Sources of one series; the one that came longest ago is forgotten for a new one."""
Interval = tuple[float, float]
"""Start and end, in seconds since the epoch."""


class Deltas:
    """The newest intervals of all sources of all series."""

    def __init__(self) -> None:
        self._found: dict[int, dict[str, tuple[Interval, ...]]] = {}

    def is_repeated(self, number: int, source: str, start: float, end: float) -> bool:
        """Whether a source has sent the change in this interval; it is remembered."""
        sources = self._found.setdefault(number, {})
        known, interval = sources.pop(source, ()), (start, end)
        if interval in known:
            sources[source] = known
            return True
        if len(sources) >= MOST_DELTA_SOURCES:
            del sources[next(iter(sources))]
        sources[source] = (interval, *known[: REMEMBERED_INTERVALS - 1])
        return False

    def of(self, number: int) -> dict[str, tuple[Interval, ...]]:
        """The intervals of a series by source, newest first."""
        return self._found.get(number, {})

    def forget(self, number: int) -> None:
        """Forget those of a series."""
        self._found.pop(number, None)

    def restore(self, found: Mapping[int, dict[str, tuple[Interval, ...]]]) -> None:
        """Replace the content by that of another."""
        self._found = dict(found)
