"""The report about sinks in `/stats`."""

from typing import Literal, TypedDict


class SinkReport(TypedDict):
    """State of one sink.

    `behind_seconds` is the age of the oldest closed minute that is not delivered; `late_buckets` is how many delivered
    ones changed since. `missed_minutes` expired before they could be delivered: their hours and days have them.
    """

    name: str
    target: str
    state: Literal["starting", "current", "behind", "waiting"]
    behind_seconds: float
    late_buckets: int
    written_lines: int
    refused_lines: int
    missed_minutes: int
    last_error: str | None
    last_success: str | None
