"""Resolutions at which series are kept."""

from enum import IntEnum


class Resolution(IntEnum):
    """Level of `State.series`: the length of its buckets.

    `State.users` starts at minutes: its level is one less.
    """

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
