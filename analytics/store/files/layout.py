"""Layout of the files: columns, names of files, and the version of both.

`docs/store.md` describes it for other programs; a change of it needs a new version here.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

LAYOUT_VERSION = 1
EVENTS_FOLDER = "events"
FIXED_COLUMNS: dict[str, str] = {
    "seq": "BIGINT",
    "id": "VARCHAR",
    "type": "VARCHAR",
    "service": "VARCHAR",
    "user_id": "VARCHAR",
    "time": "TIMESTAMP",
    "received": "TIMESTAMP",
    "is_timed": "BOOLEAN",
    "shape": "SMALLINT",
    "rest": "VARCHAR",
}
"""The columns that every file of events has, with their types. Columns `data.<field>` follow."""
SORTED_WITHIN = "time, seq"
SORTED_BY = f"service, type, {SORTED_WITHIN}"
ROW_GROUP = 122_880
"""Rows of a row group."""
PARTIAL = ".tmp"
"""Ending of files that are not complete."""
_EPOCH = date(1970, 1, 1)


def day_text(day: int) -> str:
    """A day, by its number since 1970-01-01, in ISO 8601."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def file_name(
    day: int, epoch: int, first: int, last: int, level: int, revision: int, folder: str = EVENTS_FOLDER
) -> str:
    """The name of a file below the folder of the store.

    Args:
        epoch: the log that the positions belong to: see `Progress`.
        first, last: the positions between which its records are.
        level: how often its records were merged.
        revision: how often it was written anew without erased records, or more: see `next_revision`.
        folder: of its kind.
    """
    return f"{folder}/day={day_text(day)}/{epoch}-{first:016d}-{last:016d}-{level}.{revision}.parquet"


def part_file_name(kind: str, part: str, day: int, digits: int, first: int, last: int, level: int) -> str:
    """The name of a file of numbers below the folder of the store.

    Args:
        kind, part: the names of both folders, `minutes` and `day` for example.
        day: the first day of the part, of which the first `digits` characters name the folder.
        first, last: the generations between which its cells are.
        level: how often its cells were merged.
    """
    return f"{kind}/{part}={day_text(day)[:digits]}/{first:012d}-{last:012d}-{level}.0.parquet"


def next_revision(name: str) -> str:
    """The name of a file that takes the place of another one, or that cannot have its name since that is still read."""
    path, revision, ending = name.rsplit(".", 2)
    return f"{path}.{int(revision) + 1}.{ending}"


def store_folder(data_directory: Path) -> Path:
    """The folder of the store in a data directory."""
    return data_directory / "store"


def timestamp_text(at: float) -> str:
    """Seconds since the epoch as a TIMESTAMP of SQL, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
