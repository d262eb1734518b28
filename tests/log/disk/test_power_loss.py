"""Power cuts at any write: `fsync` loses no acknowledged record, and the database is never damaged."""

import random
import shutil
from collections import Counter
from pathlib import Path

from tests.edge.wire import tool
from tests.log.disk.plain_disk import Disk
from tests.log.disk.power import Call, Power, traced
from tests.randomness import many

CUTS = many(100)
LAST = 165
WRITER = "tests.log.disk.power_writer"


def missing_after_cuts(calls: list[Call], count: int, dice: random.Random, scratch: Path) -> list[set[str]]:
    """The acknowledged ids that are missing after each of `count` power cuts; checks that the database opens."""
    changes = [number for number, call in enumerate(calls) if call.what != "acknowledged"]
    cuts = Counter(dice.choices(changes, k=count))
    power, missing = Power(), []
    for number, call in enumerate(calls):
        power.call(call)
        for _ in range(cuts[number]):
            scratch.mkdir()
            power.cut(dice, scratch)
            with Disk(scratch) as disk:
                ids = disk.ids()
                assert disk.answers()[0]["overview"]["total_requests"] == len(ids)
            assert set(ids.values()) <= {1}
            assert ids.keys() <= {f"e{each}" for each in range(LAST)}
            missing.append(set(power.acknowledged) - ids.keys())
            shutil.rmtree(scratch)
    assert len(power.acknowledged) == len(set(power.acknowledged)) == 130
    return missing


def test_fsync_keeps_all_acknowledged_records_across_power_cuts(tmp_path: Path, dice: random.Random) -> None:
    calls = traced(tool("strace"), WRITER, tmp_path / "data", "fsync", tmp_path / "calls")
    missing = missing_after_cuts(calls, CUTS, dice, tmp_path / "disk")
    assert len(missing) == CUTS
    assert not any(missing)


def test_process_loses_records_in_the_same_cuts_but_damages_nothing(tmp_path: Path, dice: random.Random) -> None:
    calls = traced(tool("strace"), WRITER, tmp_path / "data", "process", tmp_path / "calls")
    missing = missing_after_cuts(calls, CUTS, dice, tmp_path / "disk")
    assert any(missing), "the cuts prove nothing"
    assert not all(missing), "data copied into the file is lost"
