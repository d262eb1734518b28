"""Consumers read every written entry in order, across crashes; the entries that they miss are counted."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.log.disk import cursors
from analytics.log.disk.consumer import Consumer, Written
from tests.log.disk.disk import Disk
from tests.randomness import costly


def ids(entries: Sequence[Written]) -> list[str]:
    """The ids of the events in entries."""
    return [record.id for entry in entries if entry.kind == "events" for record in entry.records]


def read_all(consumer: Consumer) -> list[str]:
    """Read all remaining entries and mark them as done; returns the ids of their events."""
    found: list[str] = []
    while entries := consumer.read():
        found += ids(entries)
        consumer.done(entries[-1])
    return found


def entries_kept(disk: Disk) -> int:
    ((count,),) = disk.sql("SELECT count(*) FROM journal")
    return int(count)


def test_a_consumer_reads_entries_since_its_first_start(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path))
    disk.event(id="before")
    consumer = Consumer(disk.log, "archive")
    disk.event(id="a")
    disk.metric("cpu", 1)
    disk.beat()
    entries = consumer.read()
    assert [entry.kind for entry in entries] == ["events", "metrics", "heartbeats"]
    assert entries[0].received == disk.clock.wall()
    assert ids(entries) == ["a"]
    assert ids(consumer.read()) == ["a"], "entries are read again until they are done"
    consumer.done(entries[0])
    assert [entry.kind for entry in consumer.read()] == ["metrics", "heartbeats"]


def test_entries_are_kept_for_a_consumer_across_checkpoints_and_crashes(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path / "data"))
    consumer = Consumer(disk.log, "archive")
    disk.event(id="a")
    assert disk.save()
    disk.event(id="b")
    assert disk.save()
    disk = disk.crashed(stack)
    consumer = Consumer(disk.log, "archive")
    assert read_all(consumer) == ["a", "b"]
    disk.event(id="c")
    assert disk.save()
    assert read_all(consumer) == ["c"]
    disk.event(id="d")
    assert disk.save()
    assert entries_kept(disk) == 1, "only unread entries are kept"
    consumer.end()
    disk.event(id="e")
    assert disk.save()
    assert entries_kept(disk) == 0


def test_entries_beyond_the_limit_are_pruned_and_counted_as_missed(
    tmp_path: Path, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    disk = stack.enter_context(Disk(tmp_path))
    disk.log.max_bytes = 1_000
    behind, quick = Consumer(disk.log, "behind"), Consumer(disk.log, "quick")
    with caplog.at_level(logging.WARNING):
        for number in range(10):
            disk.event(id=f"e{number}", data={"text": random_text(number)})
            assert read_all(quick) == [f"e{number}"]
            assert disk.save()
    left = read_all(behind)
    assert left == [f"e{number}" for number in range(10 - len(left), 10)]
    assert 0 < len(left) < 5
    missed = 10 - len(left)
    assert (behind.cursor.missed, quick.cursor.missed) == (missed, 0)
    assert disk.store.consumers["behind"]["missed"] == missed
    assert disk.stats()["drops"]["log_entries_missed"] == missed
    assert sum(record.entries for record in caplog.records if record.message.startswith("a consumer")) == missed  # type: ignore[attr-defined]


def random_text(seed: int) -> str:
    """300 bytes that do not compress."""
    return "".join(f"{(seed + 1) * 2654435761 * (place + 1) % 2**32:08x}" for place in range(40))


def test_relaxed_consumers_read_written_entries_only(tmp_path: Path, stack: ExitStack) -> None:
    disk = stack.enter_context(Disk(tmp_path, durability="relaxed"))
    consumer = Consumer(disk.log, "archive")
    with disk.held():
        disk.event(id="a")
        assert len(disk.state.events) == 1
        assert disk.log.written < disk.log.position
    disk.log.flush()
    assert read_all(consumer) == ["a"]


_step = st.sampled_from(("event", "event", "save", "crash", "read", "done"))


@costly(12)
@given(st.lists(_step, max_size=30))
def test_every_entry_is_read_until_it_is_done(steps: list[Any]) -> None:
    with TemporaryDirectory() as directory, ExitStack() as stack:
        disk = stack.enter_context(Disk(Path(directory) / "data"))
        consumer = Consumer(disk.log, "archive")
        sent: list[str] = []
        done = 0
        for step in steps:
            if step == "event":
                sent.append(disk.event(id=f"e{len(sent)}").id)
            elif step == "save":
                assert disk.save() or not disk.checkpointer.has_new_entries
            elif step == "crash":
                disk = disk.crashed(stack)
                consumer = Consumer(disk.log, "archive")
            else:
                entries = consumer.read()
                assert ids(entries) == sent[done:]
                if step == "done" and entries:
                    consumer.done(entries[-1])
                    done = len(sent)
        assert read_all(consumer) == sent[done:]
        assert consumer.cursor.missed == 0


def test_after_a_restart_only_what_exceeds_the_limit_goes(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "SEGMENT_BYTES", 300)
    disk = stack.enter_context(Disk(tmp_path / "data"))
    Consumer(disk.log, "archive")
    for number in range(10):
        disk.event(id=f"e{number}", data={"text": random_text(number)})
    assert disk.save()
    disk = disk.crashed(stack)
    assert disk.store.consumers["archive"]["missed"] == 0, "it is shown before it runs again"
    disk.log.max_bytes = 2_500
    disk.event(id="e10", data={"text": random_text(10)})
    assert disk.save()
    left = read_all(Consumer(disk.log, "archive"))
    assert left == [f"e{number}" for number in range(11 - len(left), 11)]
    assert 4 <= len(left) <= 9
