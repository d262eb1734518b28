"""Dropped records: a reader of the journal finds out which records of an entry the state did not keep."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from analytics.log.disk.consumer import Consumer
from analytics.log.disk.dropped import Dropped
from analytics.log.disk.file import FILE_NAME, checksum
from analytics.log.disk.indexes import packed_indexes, unpacked_indexes
from analytics.log.disk.inspection import inspect
from analytics.log.outcome import Outcome
from analytics.records import Kept
from tests.log.disk.disk import Disk
from tests.state.rig import DAY, HOUR, event, metric


def noted(disk: Disk) -> dict[int, list[int]]:
    """The dropped records in memory by entry, counted from the first."""
    first = disk.log.first_position
    return {at - first: list(unpacked_indexes(indexes)) for at, indexes in disk.log.dropped.after(0)}


def stored(disk: Disk) -> dict[int, list[int]]:
    """Those in the database."""
    rows = disk.sql("SELECT position, indexes, crc FROM dropped")
    assert all(crc == checksum(at, body=indexes) for at, indexes, crc in rows)
    return {at - disk.log.first_position: list(unpacked_indexes(indexes)) for at, indexes, _ in rows}


def fill(disk: Disk) -> None:
    now = disk.clock.wall()
    disk.events(event(id="a"), event(id="b"))
    disk.events(event(id="a"), event(id="c"), event(at=now + HOUR), event(id="b"), event(at=now - 1_000 * DAY))
    disk.metrics(metric("m", 1, id="m"), metric("requests", -1), metric("m", 2, id="m"), metric("m", 3))
    disk.events(event(), event())


DROPPED = {1: [0, 2, 3, 4], 2: [1, 2]}


@pytest.mark.parametrize("durability", ["process", "relaxed"])
def test_duplicates_and_refused_records_are_noted_by_entry(tmp_path: Path, durability: str) -> None:
    with Disk(tmp_path / "data", durability=durability) as disk:
        fill(disk)
        assert noted(disk) == DROPPED


def test_with_little_room_for_services_they_are_noted_as_well(tmp_path: Path) -> None:
    with Disk(tmp_path / "data", max_services=2) as disk:
        disk.events(event(service="a", id="1"), event(service="b"), event(service="c"), event(service="a", id="1"))
        assert noted(disk) == {0: [2, 3]}


def test_a_replay_notes_them_again(disk: Disk, stack: ExitStack) -> None:
    fill(disk)
    copy = disk.crashed(stack)
    assert copy.log.dropped.after(0) == disk.log.dropped.after(0)


def test_a_checkpoint_stores_them_as_long_as_the_entries_are_kept(disk: Disk) -> None:
    consumer = Consumer(disk.log, "archive", 0)
    fill(disk)
    assert disk.save()
    assert stored(disk) == DROPPED
    assert noted(disk) == {}
    consumer.move(disk.log.first_position + 1)
    disk.events(event(id="a"))
    assert disk.save()
    assert stored(disk) == {2: DROPPED[2], 4: [0]}
    consumer.end()
    disk.event()
    assert disk.save()
    assert stored(disk) == {}


def test_what_a_reader_was_not_told_stays_in_memory() -> None:
    dropped = Dropped()
    for position in (1, 2, 3):
        dropped.note(position, Outcome(Kept((), 0.0, "", ""), 0, 1, "", [], [0]))
    dropped.told = 1
    dropped.forget(2)
    assert dropped.after(0) == [(2, packed_indexes([0])), (3, packed_indexes([0]))]
    dropped.told = None
    dropped.forget(2)
    assert dropped.after(0) == [(3, packed_indexes([0]))]


def test_a_wrong_checksum_of_them_is_found(disk: Disk) -> None:
    Consumer(disk.log, "archive", 0)
    fill(disk)
    assert disk.save()
    assert inspect(disk.path / FILE_NAME).damage == []
    position = disk.log.first_position + 2
    disk.sql(f"UPDATE dropped SET crc = 1 WHERE position = {position}")
    assert inspect(disk.path / FILE_NAME).damage == [
        f"the list of dropped records of entry {position} has a wrong checksum"
    ]
