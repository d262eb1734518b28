"""SIGKILL of the store process, and starts of the server: each minute comes to files, once and as memory had it."""

import random
from pathlib import Path
from typing import Any

import gevent
import pytest

from analytics.query.reader import Reader
from analytics.sinks.long_term.writer import NumbersWriter
from analytics.state.rollup import Bucket
from tests.state.rig import event
from tests.store.rig import Keeping

HASTY = {"seconds": 0.05}
MINUTE = 60.0
TURNS, KILLS = 3, 8


def writer(disk: Keeping) -> NumbersWriter:
    return NumbersWriter(disk.client, Reader(disk.state, disk.clock), lambda: gevent.sleep(0))


def stored(disk: Keeping) -> dict[str, float]:
    sql = "SELECT epoch(start) AS at, count FROM metrics WHERE name = 'requests_total' AND resolution = 'minutes'"
    rows = disk.answer("sql", sql=sql, limit=10_000, seconds=30.0)["rows"]
    assert len({at for at, _ in rows}) == len(rows)
    return {str(int(at)): count for at, count in rows}


def kept(disk: Keeping) -> dict[str, float]:
    """The closed minutes in memory."""
    found: dict[str, float] = {}
    for start in disk.state.series.starts(1):
        table: Any = disk.state.series.table(Bucket(1, start))
        if ("requests", "shop", ()) in table and start + MINUTE + 15 <= disk.clock.wall():
            found[str(start)] = table["requests", "shop", ()].count
    return found


def requests(disk: Keeping, dice: random.Random) -> None:
    """Some requests, some of them late."""
    late = (dice.randrange(20) * MINUTE for _ in range(dice.randint(1, 5)))
    disk.events(*(event("request", "shop", at=disk.clock.wall() - each) for each in late))


def has_sent_all(numbers: NumbersWriter) -> bool:
    """Take a step; returns whether nothing is left, as there is while the store is away or starts again."""
    numbers.step()
    return numbers._life is not None and not numbers._due


@pytest.mark.parametrize("turn", range(TURNS))
def test_each_minute_is_stored_once_across_kills(tmp_path: Path, dice: random.Random, turn: int) -> None:
    with Keeping(tmp_path / "data", options=HASTY) as disk:
        numbers = writer(disk)
        for kill in range(KILLS):
            requests(disk, dice)
            disk.clock.advance(MINUTE * dice.randint(1, 2))
            disk.recorder.tick()
            numbers.step()
            if dice.random() < 0.6:
                gevent.sleep(dice.random() * 0.2)
                disk.kill()
            if kill % 4 == 3:
                numbers = writer(disk)  # as after a start of the server
        disk.clock.advance(2 * MINUTE)
        for _ in range(3):
            disk.recorder.tick()
            requests(disk, dice)
            disk.clock.advance(MINUTE + 20)
            disk.until(lambda: has_sent_all(numbers))
        assert kept(disk)
        assert stored(disk) == kept(disk)


def test_a_start_of_the_server_changes_nothing(tmp_path: Path, dice: random.Random) -> None:
    with Keeping(tmp_path / "data", options=HASTY) as disk:
        for _ in range(5):
            requests(disk, dice)
            disk.clock.advance(MINUTE)
        disk.recorder.tick()
        disk.clock.advance(MINUTE)
        disk.until(disk.client._ready.is_set)
        writer(disk).step()
        before, wall = stored(disk), disk.clock.wall()
        assert before == kept(disk)
        disk.until(lambda: disk.client.status.files)
    with Keeping(tmp_path / "data", wall, options=HASTY) as disk:
        disk.until(disk.client._ready.is_set)
        writer(disk).step()
        assert stored(disk) == before == kept(disk)
