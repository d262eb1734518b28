"""The checkpointer: its child process may die, hang or fail to start, and a failed checkpoint changes nothing."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import gevent
import pytest

from analytics.log.disk import checkpointer, database
from analytics.log.disk.database import Database
from tests.log.disk.disk import PATIENCE, Disk
from tests.log.disk.test_checkpoint import check_equal
from tests.state.rig import HOUR, event, metric

write_all = checkpointer._write_all


def work(disk: Disk, *, hours: int = 3) -> None:
    """Record something of every kind."""
    for hour in range(hours):
        disk.events(*(event(service=f"s{n}", user_id=str(n), data={"endpoint": f"/{n}"}) for n in range(10)))
        disk.event(id=f"e{disk.clock.wall()}")
        disk.metrics(metric("memory", hour), metric("latency", hour, tags={"zone": "x"}))
        disk.beat(request_count=hour)
        disk.clock.advance(HOUR)


def children() -> set[str]:
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def dies(after: int) -> Callable[..., Any]:
    """The child is killed after so many parts."""

    def write(into: int, parts: Any) -> None:
        def some() -> Iterator[Any]:
            yield from islice(parts, after)
            os.kill(os.getpid(), signal.SIGKILL)

        write_all(into, some())

    return write


def hangs(into: int, parts: Any) -> None:
    """The child hangs after two parts."""

    def some() -> Iterator[Any]:
        yield from islice(parts, 2)
        signal.pause()

    write_all(into, some())


def exits(into: int, parts: Any) -> None:
    """The child exits with an error."""
    os._exit(1)


def no_child() -> int:
    raise OSError(12, "Cannot allocate memory")


FAULTS: dict[str, tuple[str, Any]] = {
    "dies at once": ("_write_all", dies(0)),
    "dies in the middle": ("_write_all", dies(3)),
    "dies at the end": ("_write_all", dies(1_000)),
    "hangs": ("_write_all", hangs),
    "exits": ("_write_all", exits),
    "cannot be forked": ("_fork", no_child),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_child_that_fails_loses_nothing_but_its_checkpoint(
    disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    before = children()
    monkeypatch.setattr(checkpointer, "PUT_BYTES", 1)
    work(disk)
    assert disk.save()
    for _ in range(3):
        work(disk)
        with monkeypatch.context() as patched:
            patched.setattr(checkpointer, *FAULTS[fault])
            if fault == "hangs":
                patched.setattr(checkpointer, "MAX_SAVING_SECONDS", 0.2)
            assert not disk.save()
        check_equal(disk, disk.crashed(stack))
    assert disk.save()
    assert disk.sql("SELECT count(*) FROM image, mark WHERE image.generation > mark.generation") == [(0,)]
    assert disk.sql("SELECT max(generation) FROM image") == [(3,)], "a failed checkpoint left parts"
    check_equal(disk, disk.crashed(stack))
    assert children() == before, "a child is left"


STEPS = ("begin_checkpoint", "put_parts", "finish_checkpoint", "abandon_checkpoint")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
def test_a_step_that_fails_loses_nothing_but_its_checkpoint(
    disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    work(disk)
    assert disk.save()
    original = getattr(Database, step)

    def faulty(self: Database, *args: Any) -> None:
        if done:
            original(self, *args)
        raise sqlite3.OperationalError("a fault that the test put there")

    for _ in range(2):
        work(disk)
        with monkeypatch.context() as patched:
            patched.setattr(Database, step, faulty)
            assert not disk.save()
        check_equal(disk, disk.crashed(stack))
        while disk.log.failure is not None:  # the log reopens the database after some failures
            gevent.sleep(0.01)
        work(disk)
        assert disk.save()
        check_equal(disk, disk.crashed(stack))


def test_reopening_the_database_during_a_checkpoint_loses_no_changes(
    disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointer, "PUT_BYTES", 1)
    work(disk)
    together = checkpointer._batches

    def reopened(parts: Any) -> Iterator[Any]:
        for number, each in enumerate(together(parts)):
            yield each
            if number == 0:
                opening.append(gevent.spawn(disk.log._reopen))
                gevent.sleep(0)

    opening: list[gevent.Greenlet] = []
    with monkeypatch.context() as patched:
        patched.setattr(checkpointer, "_batches", reopened)
        assert not disk.save(), "parts written before the reopening may be lost"
    opening[0].get(timeout=PATIENCE)
    assert disk.log.failure is None
    check_equal(disk, disk.crashed(stack))
    work(disk)
    assert disk.save()
    check_equal(disk, disk.crashed(stack))


def test_checkpoints_are_due_by_entries_records_and_age(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointer, "MAX_ENTRIES", 10)
    monkeypatch.setattr(checkpointer, "MAX_RECORDS", 50)
    due = []
    for acts in ("1", "1" * 12, "e", "e" * 6, "1w"):
        for act in acts:
            if act == "w":
                disk.clock.advance(checkpointer.MAX_SECONDS)
            else:
                disk.events(*(event() for _ in range(10 if act == "e" else 1)))
        due.append(disk.checkpointer.is_due)
        disk.clock.advance(checkpointer.MIN_SECONDS)
        due.append(disk.checkpointer.is_due)
        assert disk.save()
    assert due == [False, False, False, True, False, False, False, True, True, True]
    disk.clock.advance(10 * HOUR)
    assert not disk.checkpointer.is_due, "no new entries"


def test_requests_do_not_wait_for_the_child(disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointer, "_write_all", hangs)
    monkeypatch.setattr(checkpointer, "MAX_SAVING_SECONDS", PATIENCE)
    work(disk)
    saving = gevent.spawn(disk.save)
    gevent.sleep(0.02)
    work(disk)
    assert not saving.ready()
    check_equal(disk, disk.crashed(stack))
    saving.kill()
    monkeypatch.undo()
    assert disk.save()
    check_equal(disk, disk.crashed(stack))


def test_the_file_stays_bounded_under_endless_load(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAL_CHECKPOINT_BYTES", 256 * 1024)
    few = {"events_ring": 100, "metrics_ring": 50, "daily_days": 2, "hourly_days": 1, "dedupe_ids": 100}
    disk = stack.enter_context(Disk(tmp_path / "data", dedupe_seconds=0, **few))
    sizes = []
    for round_ in range(60):
        for number in range(8):
            name = f"{round_}.{number}"
            disk.events(*(event(id=f"{name}.{place}", data={"text": "x" * 500}) for place in range(20)))
            disk.metric("memory", number, id=name)
        disk.clock.advance(HOUR)
        assert disk.save()
        disk.log.ask(disk.log.database.checkpoint_wal)
        sizes.append(disk.store.size)
    assert max(sizes[20:]) <= 1.3 * max(sizes[:20]), sizes
    assert max(sizes) < 8 * 1024 * 1024
    check_equal(disk, disk.crashed(stack))
