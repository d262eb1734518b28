"""Resolutions at which series are kept."""

from enum import IntEnum


class Resolution(IntEnum):
    """Level of a bucket length in `State.series`.

    `State.users` begins with minutes: subtract one for its level.
    """

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
