"""The report about the storage of records in `/health` and `/stats`."""

from collections.abc import Mapping
from typing import TypedDict


class LeftOutFile(TypedDict):
    """A file of the long-term store that is left out, and why."""

    name: str
    reason: str


class LongTermReport(TypedDict):
    """The long-term store, as it was some seconds ago.

    `files` and `rows` (also by kind) are of the files that are read, `bytes` of those in `damaged`, too, which are left
    out. `waiting` counts records that are in no file yet. Days are in ISO 8601; None without files. `days_by_kind` says
    how many days are kept. Beyond `max_bytes` (without numbers) the oldest days of the kind with the most bytes are
    deleted, and below `low_bytes` of `free_bytes` on the disk the oldest days of all. `erasing` counts erasures that
    are not complete in all files, `memory_bytes` is the memory of its process. `trouble` says why it cannot be read or
    written now; None if it can.
    """

    files: int
    rows: int
    rows_by_kind: Mapping[str, int]
    bytes: int
    bytes_by_kind: Mapping[str, int]
    days_by_kind: Mapping[str, int]
    waiting: int
    oldest_day: str | None
    newest_day: str | None
    max_bytes: int
    free_bytes: int
    low_bytes: int
    erasing: int
    memory_bytes: int
    damaged: list[LeftOutFile]
    trouble: str | None


class StorageReport(TypedDict):
    """Storage in use.

    `kind` is `disk` or `memory`, `bytes` the size on disk. `durability` is None in memory. `trouble` says why nothing
    can be recorded now; None if it can. For each consumer of the log by name, `consumers` has the position up to which
    it has read, and how many entries it missed. `long_term` is None where events are not kept in files.
    """

    kind: str
    durability: str | None
    bytes: int
    trouble: str | None
    consumers: Mapping[str, Mapping[str, int]]
    long_term: LongTermReport | None


class StorageWithOldest(StorageReport):
    """Storage, and the time of the oldest record held and of the oldest bucket with data, by kind and resolution."""

    oldest: Mapping[str, str | None]


def long_term_troubles(report: LongTermReport | None) -> list[str]:
    """Why the long-term store makes the service degraded."""
    if report is None:
        return []
    troubles = [f"the long-term store leaves out {file['name']}: {file['reason']}" for file in report["damaged"]]
    return troubles if report["trouble"] is None else [f"long-term store: {report['trouble']}", *troubles]
