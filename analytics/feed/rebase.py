"""The whole-day shift that brings an old log up to today."""

import math

DAY = 86_400


def whole_days(latest: int, now: float) -> int:
    """Seconds to add to every timestamp of a log whose latest one is `latest`; always a multiple of a day.

    The latest timestamp lands on the last day that still keeps it, and with it every line, at or before
    `now`; whole days keep hours of the day and the borders between days where they were. Negative for a log
    from the future.
    """
    return (math.floor(now) - latest) // DAY * DAY
