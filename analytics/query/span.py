"""The span that an answer about a range covers: whole buckets of one length, as fine as they are kept."""

from typing import NamedTuple

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from analytics.errors import ValidationFailed
from analytics.state.resolution import Resolution
from analytics.state.state import State

MOST_BUCKETS = 400
STEPS = (
    (5, Resolution.SECOND),
    (MINUTE_SECONDS, Resolution.MINUTE),
    (HOUR_SECONDS, Resolution.HOUR),
    (DAY_SECONDS, Resolution.DAY),
)
"""Lengths of buckets in seconds, and the resolution that each is read from."""


class Span(NamedTuple):
    """Whole buckets of `step` seconds from `start` to before `end` (seconds since the epoch), read from `level`."""

    level: Resolution
    step: int
    start: int
    end: int

    @property
    def starts(self) -> range:
        """The start of each bucket."""
        return range(self.start, self.end, self.step)

    def cells(self, state: State, at: int) -> range:
        """The starts of the kept buckets in the bucket that starts at `at`."""
        return range(at, at + self.step, state.series.levels[self.level].size)


def covering(state: State, now: float, start: float, end: float, step: int | None) -> Span:
    """The smallest span around a range.

    Its buckets are the finest of `STEPS`, from `step` on, that are kept since `start` and not too many. Where not even
    days are kept since then, it begins with the first day that is kept, and is empty if the range ends before.

    Args:
        step: length of the finest buckets wanted, in seconds; with it the range may begin up to one bucket earlier than
            what is kept, since both move on with the time.

    Raises:
        ValidationFailed: `start` is not before `end`.
    """
    end = min(end, now + DAY_SECONDS)  # nothing is kept further ahead
    if start >= end:
        message = "Must be before `to`, and not in the future."
        raise ValidationFailed(f"from: {message}", fields={"from": [message]})
    for size, level in STEPS:
        first, last = int(start // size) * size, int(-(-end // size)) * size
        oldest = -(-state.series.oldest_at(level, now) // size) * size
        slack = size if size == step else 0
        is_kept = first >= oldest - slack and last - first <= MOST_BUCKETS * size
        if level == Resolution.DAY or (size >= (step or 0) and is_kept):
            return Span(level, size, min(max(first, oldest), last), last)
    raise AssertionError("the last level holds every range")
