"""Power cuts at any write: with `fsync` no acknowledged record is missing, and never is the database damaged."""

import random
import shutil
from collections import Counter
from pathlib import Path

from tests.edge.wire import tool
from tests.randomness import many
from tests.storage.plain_disk import Disk
from tests.storage.power import Call, Power, traced

CUTS = many(100)
LAST = 165
WRITER = "tests.storage.power_writer"


def missing_after_cuts(calls: list[Call], cuts: int, dice: random.Random, scratch: Path) -> list[set[str]]:
    """Acknowledged records that are missing after each of `cuts` power cuts; each leaves a database that opens."""
    changes = [number for number, call in enumerate(calls) if call.what != "told"]
    times = Counter(dice.choices(changes, k=cuts))
    power, missing = Power(), []
    for number, call in enumerate(calls):
        power.call(call)
        for _ in range(times[number]):
            scratch.mkdir()
            power.cut(dice, scratch)
            with Disk(scratch) as disk:
                ids = disk.ids()
                assert disk.picture()[0]["overview"]["total_requests"] == len(ids)
            assert set(ids.values()) <= {1}
            assert ids.keys() <= {f"e{each}" for each in range(LAST)}
            missing.append(set(power.told) - ids.keys())
            shutil.rmtree(scratch)
    assert len(power.told) == len(set(power.told)) == 130
    return missing


def test_with_fsync_nothing_acknowledged_is_missing_after_a_power_cut(tmp_path: Path, dice: random.Random) -> None:
    calls = traced(tool("strace"), WRITER, tmp_path / "data", "fsync", tmp_path / "calls")
    missing = missing_after_cuts(calls, CUTS, dice, tmp_path / "image")
    assert len(missing) == CUTS
    assert not any(missing)


def test_without_it_the_same_cuts_lose_records_but_damage_nothing(tmp_path: Path, dice: random.Random) -> None:
    calls = traced(tool("strace"), WRITER, tmp_path / "data", "process", tmp_path / "calls")
    missing = missing_after_cuts(calls, CUTS, dice, tmp_path / "image")
    assert any(missing), "else the cuts prove nothing"
    assert not all(missing), "what was brought into the file is there"
