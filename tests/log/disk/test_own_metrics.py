"""Own metrics of the log on disk: what waits, each commit, the checkpoint's age, and the size of the directory."""

import shutil
from pathlib import Path
from typing import NamedTuple

import gevent
import pytest

from analytics.kinds import EVENTS, KINDS
from analytics.log.disk import checkpointer
from analytics.log.disk.consumer import Consumer
from analytics.log.disk.own_metrics import directory_bytes
from analytics.log.log import Entry
from tests.log.disk.disk import Disk
from tests.log.disk.test_checkpointer import no_child
from tests.own_metrics.reading import figures
from tests.state.rig import event


class DiskUsage(NamedTuple):
    """Bytes of a disk."""

    total: int
    used: int
    free: int


def test_entries_that_wait_are_counted_by_kind(disk: Disk) -> None:
    with disk.held():
        entry = Entry(EVENTS, disk.clock.wall(), "x", [event(data={"text": "x" * 100})], lambda: None)
        with disk.state.lock:
            disk.log.append(entry)
        waiting = figures(disk.store.families())
    assert waiting["journal_backlog_entries",] == 1
    assert waiting["journal_backlog_bytes", "events"] > 50
    assert {kind for name, *labels in waiting if name == "journal_backlog_bytes" for kind in labels} == {*KINDS}
    disk.log.flush()
    written = figures(disk.store.families())
    assert written["journal_backlog_entries",] == written["journal_backlog_bytes", "events"] == 0


def test_each_commit_is_measured_once_however_many_entries_it_has(disk: Disk) -> None:
    before = figures(disk.store.families())["journal_commit_duration_seconds",]
    disk.event()
    assert figures(disk.store.families())["journal_commit_duration_seconds",] == before + 1
    with disk.held():
        writers = [gevent.spawn(disk.event, id=str(number)) for number in range(5)]
        gevent.sleep(0)
    gevent.joinall(writers, raise_error=True)
    assert before + 2 <= figures(disk.store.families())["journal_commit_duration_seconds",] <= before + 3
    assert disk.log.commits.sum > 0


def test_a_journal_that_cannot_be_written_is_seen(disk: Disk) -> None:
    assert figures(disk.store.families())["journal_writable",] == 1
    disk.log.failure = "the disk is full"
    assert figures(disk.store.families())["journal_writable",] == 0
    disk.log.failure = None


def test_a_checkpoint_has_an_age_and_entries_after_it(disk: Disk) -> None:
    assert disk.save()
    disk.clock.advance(30)
    disk.event()
    disk.event()
    found = figures(disk.store.families())
    assert (found["checkpoint_age_seconds",], found["checkpoint_pending_entries",]) == (30, 2)
    assert disk.save()
    found = figures(disk.store.families())
    assert (found["checkpoint_age_seconds",], found["checkpoint_pending_entries",]) == (0, 0)


def test_a_checkpoint_that_fails_makes_it_no_younger(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk.save()
    disk.clock.advance(30)
    disk.event()
    monkeypatch.setattr(checkpointer, "_fork", no_child)
    assert not disk.save()
    found = figures(disk.store.families())
    assert (found["checkpoint_age_seconds",], found["checkpoint_pending_entries",]) == (30, 1)


def test_the_lag_of_a_consumer_is_in_entries_across_starts(tmp_path: Path) -> None:
    with Disk(tmp_path / "data") as disk:
        consumer = Consumer(disk.log, "archive")
        disk.event()
        disk.event()
        assert figures(disk.store.families())["consumer_lag_entries", "archive"] == 2
        consumer.done(consumer.read()[0])
        assert figures(disk.store.families())["consumer_lag_entries", "archive"] == 1
    with Disk(tmp_path / "data") as disk:
        disk.event()
        assert figures(disk.store.families())["consumer_lag_entries", "archive"] == 2


def test_the_size_is_that_of_all_files_below_the_directory(disk: Disk) -> None:
    inner = disk.path / "segments"
    inner.mkdir()
    before = figures(disk.store.families())["data_directory_bytes",]
    (inner / "one").write_bytes(bytes(1_000))
    (disk.path / "two").write_bytes(bytes(200))
    assert figures(disk.store.families())["data_directory_bytes",] == before + 1_200
    assert before == sum(path.stat().st_size for path in disk.path.glob("*") if path.is_file()) - 200


def test_the_free_share_is_that_of_the_disk(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, share in ((90, 0.9), (5, 0.05), (0, 0)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(100, 100 - free, free))  # noqa: B023
        assert figures(disk.store.families())["disk_free_ratio",] == share


def test_a_dead_link_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    assert directory_bytes(tmp_path) == 0
