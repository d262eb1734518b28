"""Which files are merged, and which are deleted: pure functions over what the manifest has."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from analytics.store.files.manifest import DataFile

FAN = 4
"""Files of one level that make one of the next: four files of 100,000 events are sorted in memory, eight are not."""
MERGED_ROWS = 2_000_000
"""The most rows of a merged file."""
LATE_TIMES = 4
"""How many times larger than all others the largest file of a day that is over may be to be merged with them."""
FULL_ROWS = 500_000
"""A file with so many rows is not merged again."""


def to_merge(files: Iterable[DataFile], today: int, most: int = MERGED_ROWS) -> Sequence[DataFile]:
    """The files to merge into one next with at most so many rows, all of one day; empty if there are none.

    As many small ones of one level as come together during a day; all small ones of a day that is over.
    """
    small = [file for file in files if file.damage is None and file.rows < FULL_ROWS]
    small.sort(key=lambda file: (file.day, file.level, file.epoch, file.first))
    for day, found in groupby(small, key=lambda file: file.day):
        of_day = list(found)
        if day < today and _is_worth_it(of_day):
            chosen = _within(of_day, most)
            if len(chosen) > 1:
                return chosen
        for _, of_level in groupby(of_day, key=lambda file: (file.level, file.epoch)):
            chosen = _within(list(of_level), most)
            if len(chosen) >= FAN:
                return chosen
    return []


def _is_worth_it(files: Sequence[DataFile]) -> bool:
    """Whether merging all of these does not write a large one anew for a few late records."""
    rows = [file.rows for file in files]
    return len(rows) >= FAN or max(rows) <= LATE_TIMES * (sum(rows) - max(rows))


def _within(files: Sequence[DataFile], most: int) -> Sequence[DataFile]:
    """The first files that together have at most so many rows, and as many bytes as are read with little memory."""
    rows = 0
    for count, file in enumerate(files):
        rows += file.rows
        if rows > most:
            return files[:count]
    return files


def expired(files: Iterable[DataFile], oldest: Mapping[str, int], max_bytes: int) -> list[DataFile]:
    """The files before the oldest day of their kind that is kept, and those that are too many.

    Beyond the limit of all kinds, the oldest day goes of the kind that has the most bytes: so a flood of one kind costs
    no other one. The newest day of each kind stays.
    """
    gone: list[DataFile] = []
    days: dict[str, dict[int, list[DataFile]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        (gone if file.day < oldest[file.kind] else days[file.kind][file.day]).append(file)
    used = {kind: sum(file.bytes for of_day in found.values() for file in of_day) for kind, found in days.items()}
    while sum(used.values()) > max_bytes:
        kinds = [kind for kind, found in days.items() if len(found) > 1]
        if not kinds:
            break
        kind = max(kinds, key=used.__getitem__)
        of_day = days[kind].pop(min(days[kind]))
        used[kind] -= sum(file.bytes for file in of_day)
        gone += of_day
    return gone


def room_of(kind: str, files: Iterable[DataFile], max_bytes: int) -> int:
    """How many bytes more a kind may have before its oldest days go; see `expired`."""
    used, days = defaultdict(int, {kind: 0}), defaultdict[str, set[int]](set)
    for file in files:
        used[file.kind] += file.bytes
        days[file.kind].add(file.day)
    largest = max((size for other, size in used.items() if other != kind and len(days[other]) > 1), default=0)
    return max(max_bytes - sum(used.values()), largest - used[kind], 0)


def oldest_day_of(files: Iterable[DataFile]) -> list[DataFile]:
    """The files of the oldest day, unless there is only one day."""
    days = sorted({file.day for file in files})
    return [file for file in files if file.day == days[0]] if len(days) > 1 else []
