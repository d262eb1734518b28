"""SIGKILL of the store process at any point: every event is stored exactly once, under its number."""

import random
from pathlib import Path
from typing import Any

import gevent
import pytest

from analytics.records import NewEvent
from tests.state.rig import event
from tests.store.mortal import MORTAL, POINTS
from tests.store.rig import Keeping

HASTY = {"seconds": 0.05, "records": 40}
LIMITS = {"events_ring": 1_000_000}
TURNS, FEW_KILLS, MANY_KILLS = 5, 12, 1_000
"""Together with the kills at a point these are 100 in `make test`, and 1,000 in `make test-long`."""
PAUSE_PER_KILL = 0.0005
DAY = 86_400
DEATH_SECONDS = 2.0


class Sender:
    """Records batches of events, some of them twice, some of other days, as long as it runs.

    Args:
        pause: the longest pause between two batches, in seconds.
    """

    def __init__(self, disk: Keeping, dice: random.Random, pause: float = 0.02) -> None:
        self._disk, self._dice, self._pause = disk, dice, pause
        self._made, self._is_over = 0, False
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Stop after the batch that is being recorded."""
        self._is_over = True
        self._greenlet.join()

    def _run(self) -> None:
        while not self._is_over:
            self.send()
            gevent.sleep(self._dice.random() * self._pause)

    def send(self) -> None:
        """Record one batch."""
        self._disk.events(*(self._event() for _ in range(self._dice.randint(1, 30))))

    def _event(self) -> NewEvent:
        dice = self._dice
        self._made += 1
        id_ = None if dice.random() < 0.3 else f"e{dice.randrange(self._made)}"
        at = self._disk.clock.wall() - dice.randrange(3) * DAY if dice.random() < 0.2 else None
        data: dict[str, Any] = {"number": self._made, "page": "/"} if dice.random() < 0.8 else {f"k{self._made}": [1]}
        return event(dice.choice(["view", "request"]), dice.choice(["shop", "api"]), id=id_, at=at, data=data)


def check(disk: Keeping) -> int:
    """Check that the kept events are stored, once and as they were; returns how many came meanwhile."""
    expected = [
        [each.sequence, each.kept.id(each.place), bytes(each.kept.records[each.place].data).decode()]
        for each in disk.state.events.newest_first()
    ]
    stored = [[row[0], row[1], row[5]] for row in disk.stored()]
    assert stored[: len(expected)] == expected[::-1]
    assert len({row[0] for row in stored}) == len(stored)
    return len(stored) - len(expected)


@pytest.mark.parametrize(
    ("kills", "turn"),
    [*((FEW_KILLS, turn) for turn in range(TURNS)), pytest.param(MANY_KILLS, 0, marks=pytest.mark.long)],
)
def test_each_event_is_stored_once_across_kills_at_any_moment(
    tmp_path: Path, dice: random.Random, kills: int, turn: int
) -> None:
    with Keeping(tmp_path / "data", options=HASTY, **LIMITS) as disk:
        sender = Sender(disk, dice, PAUSE_PER_KILL * kills)  # all are compared again and again
        for kill in range(kills):
            if dice.random() < 0.7:  # otherwise while it starts
                disk.until(disk.client._ready.is_set)
            gevent.sleep(dice.random() * 0.3)
            disk.kill()
            if kill % 10 == 9:
                assert disk.save()
                disk.until(disk.client._ready.is_set)
                check(disk)
        sender.stop()
        assert check(disk) == 0
        disk.until(lambda: disk.client.status.upto >= disk.log.position)
        assert check(disk) == 0


@pytest.mark.parametrize("point", POINTS)
def test_each_event_is_stored_once_across_kills_at_a_point(tmp_path: Path, dice: random.Random, point: str) -> None:
    with Keeping(tmp_path / "data", options=HASTY, **LIMITS) as disk:
        sender = Sender(disk, dice)
        for count in (1, 4):
            disk.client._command = (*MORTAL, point, str(count))
            disk.replace_child()
            child = disk.client._child
            with gevent.Timeout(DEATH_SECONDS, exception=False):  # it may not come so often to that point
                disk.until(lambda child=child: disk.client._child is not child)
        disk.client._command = MORTAL
        disk.replace_child()
        disk.until(disk.client._ready.is_set)
        sender.stop()
        assert check(disk) == 0
        disk.until(lambda: disk.client.status.upto >= disk.log.position)
        assert check(disk) == 0
