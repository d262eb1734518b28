"""Counts since ever survive restarts, also those that keep fewer days than before."""

from contextlib import ExitStack
from pathlib import Path

from analytics.records import NO_TAGS
from tests.log.disk.disk import Disk
from tests.state.rig import DAY

REQUESTS = ("requests", "shop", NO_TAGS)


def made(path: Path, stack: ExitStack) -> Disk:
    disk = stack.enter_context(Disk(path, daily_days=3))
    for _ in range(6):
        disk.event()
        disk.clock.advance(DAY)
    return disk


def total(disk: Disk) -> float:
    return disk.ask(lambda state, now: state.series.since_ever(REQUESTS).sum)


def test_expired_counts_are_in_the_checkpoint(tmp_path: Path, stack: ExitStack) -> None:
    disk = made(tmp_path / "data", stack)
    assert disk.save()
    again = disk.crashed(stack)
    assert total(again) == 6
    again.event()
    again.clock.advance(2 * DAY)
    assert again.save()
    assert total(again.crashed(stack)) == 7


def test_expired_counts_are_in_the_next_checkpoint_if_one_fails(tmp_path: Path, stack: ExitStack) -> None:
    disk = made(tmp_path / "data", stack)
    total(disk)
    checkpoint = disk.checkpointer._checkpoint
    checkpoint.rollback(checkpoint.take_unsaved())
    assert disk.save()
    assert total(disk.crashed(stack)) == 6


def test_days_that_are_no_longer_kept_go_on_counting(tmp_path: Path, stack: ExitStack) -> None:
    disk = made(tmp_path / "data", stack)
    disk.event()
    assert disk.save()
    assert total(disk.crashed(stack, daily_days=1)) == 7
