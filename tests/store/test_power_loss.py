"""Power cuts at any write, with the durability `fsync`: the store has every acknowledged event, once."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.edge.wire import tool
from tests.log.disk.power import Call, Power, traced
from tests.randomness import many
from tests.store.power_writer import BATCHES, EVENTS
from tests.store.rig import Keeping
from tests.store.test_kills import check

TURNS, CUTS = 3, many(2)
WRITER = "tests.store.power_writer"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """What a service does that records events and dies."""
    folder = tmp_path_factory.mktemp("traced")
    return traced(tool("strace"), WRITER, folder / "data", "fsync", folder / "calls", is_all=True)


@pytest.mark.parametrize("turn", range(TURNS))
def test_files_and_journal_have_all_acknowledged_events_after_a_power_cut(
    calls: list[Call], tmp_path: Path, dice: random.Random, turn: int
) -> None:
    assert sum(call.what == "rename" and call.name.endswith(".parquet.tmp") for call in calls) >= BATCHES
    changes = [number for number, call in enumerate(calls) if call.name.startswith("store/") or call.what == "mkdir"]
    cuts = Counter(dice.choices(changes, k=CUTS))
    power = Power()
    for number, call in enumerate(calls):
        power.call(call)
        for _ in range(cuts[number]):
            disk = tmp_path / "disk"
            disk.mkdir()
            power.cut(dice, disk)
            after_a_cut(disk, power.acknowledged)
            shutil.rmtree(disk)
    assert len(power.acknowledged) == BATCHES * EVENTS


def after_a_cut(path: Path, acknowledged: list[str]) -> None:
    with Keeping(path, options={"seconds": 0.05, "records": 5}, durability="fsync") as disk:
        disk.event(id="next")
        assert check(disk) >= 0
        stored = Counter(row[1] for row in disk.stored())
        assert set(stored.values()) == {1}
        assert not {*acknowledged, "next"} - stored.keys()
        assert disk.client.status.damaged == []
