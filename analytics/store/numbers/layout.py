"""Layout of the files of numbers: a row is one cell, the figures of one series in one bucket of time.

`docs/store.md` describes it for other programs.
"""

from datetime import UTC, date, datetime
from typing import NamedTuple

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

MINUTES_KIND, HOURS_KIND, DAYS_KIND = "minutes", "hours", "days"
CELL_COLUMNS: dict[str, str] = {
    "name": "VARCHAR",
    "labels": "VARCHAR",
    "kind": "VARCHAR",
    "start": "TIMESTAMP",
    "count": "DOUBLE",
    "total": "DOUBLE",
    "min": "DOUBLE",
    "max": "DOUBLE",
    "last": "DOUBLE",
    "last_at": "DOUBLE",
    "sketch_scale": "TINYINT",
    "sketch_keys": "INTEGER[]",
    "sketch_counts": "DOUBLE[]",
    "users": "BLOB",
    "generation": "BIGINT",
}
"""The columns, with their types."""
CELL_FIGURES = ("count", "total", "min", "max", "last", "last_at")
CELLS_SORTED_BY = "name, labels, start"
CELL_GROUP = 50_000
"""Rows of a row group."""
USERS_KIND = "users"
"""Kind of the series of distinct users; other kinds are those of points."""
_EPOCH = date(1970, 1, 1)


class NumberKind(NamedTuple):
    """Cells of one length: their folder, the length in seconds, and what a folder below it has: its name and length.

    `part_digits` are the characters of a day in ISO 8601 that name such a folder.
    """

    name: str
    size: int
    part: str
    part_digits: int


NUMBER_KINDS = {
    MINUTES_KIND: NumberKind(MINUTES_KIND, MINUTE_SECONDS, "day", 10),
    HOURS_KIND: NumberKind(HOURS_KIND, HOUR_SECONDS, "month", 7),
    DAYS_KIND: NumberKind(DAYS_KIND, DAY_SECONDS, "year", 4),
}
"""All of them, by the name of their folder."""


def part_of(kind: NumberKind, start: float) -> int:
    """The first day of the part that a time in seconds since the epoch is in, as days since 1970-01-01."""
    day = datetime.fromtimestamp(start, UTC).date()
    if kind.part != "day":
        day = day.replace(day=1)
    if kind.part == "year":
        day = day.replace(month=1)
    return (day - _EPOCH).days


def end_of(kind: NumberKind, part: int) -> int:
    """The first day after a part."""
    lengths = {"day": 1, "month": 31, "year": 366}
    return part_of(kind, (part + lengths[kind.part]) * DAY_SECONDS)
