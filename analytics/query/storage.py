"""What `/health` and `/stats` answer about the storage of records."""

from collections.abc import Mapping
from typing import TypedDict


class StorageReport(TypedDict):
    """Storage in use.

    `kind` is `disk` or `memory`, `bytes` the size on disk. `durability` is None in memory. `trouble` says why nothing
    can be recorded now; None if it can. For each consumer of the log by name, `consumers` has the position up to which
    it has read, and how many entries it missed.
    """

    kind: str
    durability: str | None
    bytes: int
    trouble: str | None
    consumers: Mapping[str, Mapping[str, int]]


class StorageWithOldest(StorageReport):
    """Storage, and the time of the oldest record held and of the oldest bucket with data, by kind and resolution."""

    oldest: Mapping[str, str | None]
