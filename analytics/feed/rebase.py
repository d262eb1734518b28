"""The shift, by whole days, that moves an old log to today."""

import math

DAY_SECONDS = 86_400


def whole_days(latest: int, now: float) -> int:
    """Seconds to add to all times of a log whose latest time is `latest`: a multiple of a day.

    The latest time moves to within the 24 hours before `now`. Shifting by whole days keeps the time of day. The result
    is negative for a log from the future.
    """
    return (math.floor(now) - latest) // DAY_SECONDS * DAY_SECONDS
