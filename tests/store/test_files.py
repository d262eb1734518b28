"""Files of the store: damage, retention, erasures, full disks, and other lives of the log."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import gevent
import pytest

from analytics.errors import Unavailable
from analytics.store.client.client import StoreFailure
from analytics.store.files.manifest import DataFile
from analytics.store.files.merging import FAN, expired, oldest_day_of, room_of, to_merge
from analytics.store.files.space import DiskRoom, byte_limit
from tests.state.rig import DAY, event
from tests.store.mortal import MORTAL
from tests.store.rig import Keeping

QUICK = {"seconds": 0.1, "records": 1_000_000}


def ids(disk: Keeping) -> list[str]:
    return [row[1] for row in disk.stored()]


def flushed(disk: Keeping) -> None:
    """Wait until all is in files."""
    ids(disk)
    disk.until(lambda: disk.client.status.upto >= disk.log.position)


def parquet(disk: Keeping) -> list[Path]:
    return sorted((disk.path / "store").rglob("*.parquet"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-30]), "bytes instead of"),
    "flipped": (flip, "checksum"),
    "replaced": (lambda path: path.write_bytes(b"PAR1" * 100), "bytes instead of"),
    "removed": (Path.unlink, "cannot be read"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_named_and_left_out(tmp_path: Path, name: str) -> None:
    damage, reason = DAMAGES[name]
    now = time.time()
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(event(id="today"), event(id="before", at=now - DAY))
        flushed(disk)
        (bad,) = [path for path in parquet(disk) if f"day={time.strftime('%Y-%m-%d', time.gmtime(now))}" in str(path)]
        whole = bad.read_bytes()
        damage(bad)
        disk.until(lambda: ids(disk) == ["before"])
        disk.event(id="next")
        assert ids(disk) == ["before", "next"]
        disk.until(lambda: disk.client.status.damaged)
        (left_out,) = disk.client.status.damaged
        assert left_out.name == str(bad.relative_to(disk.path / "store"))
        assert reason in left_out.reason
        disk.until(lambda: (disk.client.status.files, disk.client.status.rows) == (2, 2))
        bad.write_bytes(whole)
        disk.replace_child()
        assert sorted(ids(disk)) == ["before", "next", "today"], "it is as it was again"


def test_a_file_of_a_newer_layout_is_named_and_left_out(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        with closing(sqlite3.connect(disk.path / "store/manifest.db", isolation_level=None)) as db:
            db.execute("UPDATE files SET layout = 9")
        disk.replace_child()
        disk.event(id="b")
        assert ids(disk) == ["b"]
        disk.until(lambda: disk.client.status.damaged)
        assert "newer version" in disk.client.status.damaged[0].reason


@pytest.mark.parametrize("newer", [True, False])
def test_recording_goes_on_where_the_manifest_cannot_be_read(tmp_path: Path, newer: bool) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        path = disk.path / "store/manifest.db"
        whole = path.read_bytes()
        if newer:
            with closing(sqlite3.connect(path, isolation_level=None)) as db:
                db.execute("PRAGMA user_version = 7")
        else:
            path.write_bytes(b"x" * len(whole))
        disk.replace_child()
        reason = "newer version" if newer else "damaged"
        disk.until(lambda: reason in str(disk.client.status.trouble))
        disk.event(id="b")
        with pytest.raises((Unavailable, StoreFailure)):
            b"".join(disk.client.ask("events", start_seconds=0.1))
        path.write_bytes(whole)
        assert ids(disk) == ["a", "b"]


def test_files_that_the_manifest_does_not_name_are_deleted(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        (path,) = parquet(disk)
        for name in ("0-1-2-0.0.parquet", "0-1-2-0.0.parquet.tmp"):
            shutil.copy(path, path.with_name(name))
        disk.replace_child()
        assert ids(disk) == ["a"]
        assert sorted(path.parent.iterdir()) == [path]


def test_an_erasure_reaches_tail_and_files(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(*(event(id=f"a{each}", user_id="gone" if each % 3 else "bob") for each in range(9)))
        flushed(disk)
        disk.event(id="tail", user_id="gone")
        disk.recorder.erase(["gone"], "ops")
        disk.event(id="later", user_id="gone")
        assert ids(disk) == ["a0", "a3", "a6", "later"], "at once"
        flushed(disk)
        disk.until(lambda: not disk.client.status.erasing)
        assert ids(disk) == ["a0", "a3", "a6", "later"]
        texts = [path.read_bytes() for path in parquet(disk)]
        assert sum(b"gone" in text for text in texts) == 1, "of the one recorded later"
        disk.replace_child()
        assert ids(disk) == ["a0", "a3", "a6", "later"]


@pytest.mark.parametrize("comes_back", [True, False])
def test_an_erasure_waits_for_a_damaged_file_until_it_comes_back_or_is_deleted(
    tmp_path: Path, comes_back: bool
) -> None:
    now = time.time()
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(event(id="bad", user_id="gone", at=now - DAY), event(id="good", user_id="gone"), event(id="bob"))
        flushed(disk)
        bad, _ = parquet(disk)
        whole = bad.read_bytes()
        flip(bad)
        disk.until(lambda: ids(disk) == ["good", "bob"])
        disk.recorder.erase(["gone"], "ops")
        assert ids(disk) == ["bob"]
        flushed(disk)
        disk.until(lambda: len(parquet(disk)) == 2 and b"gone" not in parquet(disk)[1].read_bytes())
        disk.until(lambda: disk.client.status.erasing == 1)
        if comes_back:
            bad.write_bytes(whole)
            disk.replace_child()
            assert ids(disk) == ["bob"], "without what was erased"
        else:
            bad.unlink()
        disk.until(lambda: not disk.client.status.erasing)
        assert ids(disk) == ["bob"]
        assert not any(b"gone" in path.read_bytes() for path in parquet(disk))


def test_a_file_that_was_away_during_an_erasure_does_not_bring_back_what_was_erased(tmp_path: Path) -> None:
    now = time.time()
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(event(id="old", user_id="gone", at=now - DAY), event(id="kept", at=now - DAY), event(id="bob"))
        flushed(disk)
        old, _ = parquet(disk)
        old.rename(tmp_path / "away")
        disk.until(lambda: ids(disk) == ["bob"])
        disk.recorder.erase(["gone"], "ops")
        flushed(disk)
        disk.until(lambda: not disk.client.status.erasing)
        disk.replace_child()
        assert ids(disk) == ["bob"]
        (tmp_path / "away").rename(old)
        disk.replace_child()
        assert ids(disk) == ["kept", "bob"]
        disk.until(lambda: not disk.client.status.erasing)
        assert not any(b"gone" in path.read_bytes() for path in parquet(disk))


def test_recording_goes_on_while_files_cannot_be_written(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.until(disk.client._ready.is_set)
        obstacle = disk.path / "store/events"
        obstacle.write_text("no folder")
        disk.event(id="a")
        disk.until(lambda: "cannot be written" in str(disk.client.status.trouble))
        disk.event(id="b")
        assert disk.save()
        assert ids(disk) == ["a", "b"]
        disk.replace_child()
        assert ids(disk) == ["a", "b"], "the log keeps them meanwhile"
        obstacle.unlink()
        flushed(disk)
        disk.until(lambda: disk.client.status.trouble is None)
        assert ids(disk) == ["a", "b"]


def test_a_merge_that_fails_is_told_as_one_and_records_are_written(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK, command=(*MORTAL[:1], "tests.store.unmerged")) as disk:
        for number in range(FAN):
            disk.event(id=f"e{number}")
            flushed(disk)
            disk.until(lambda number=number: disk.client.status.rows > number)
        told = "small files cannot be merged, which makes queries slow (KeyError: 0)"
        disk.until(lambda: disk.client.status.trouble == told)
        assert ids(disk) == [f"e{number}" for number in range(FAN)]


def test_on_a_disk_that_is_almost_full_writing_stops_by_setting(tmp_path: Path) -> None:
    always = (*MORTAL[:1], "tests.store.full")
    with Keeping(tmp_path / "data", options={**QUICK, "low_disk": "stop"}, command=always) as disk:
        disk.event(id="a")
        disk.until(lambda: "almost full" in str(disk.client.status.trouble))
        assert ids(disk) == ["a"]
        assert not parquet(disk)


def test_on_a_disk_that_is_almost_full_the_oldest_days_go(tmp_path: Path) -> None:
    now = time.time()
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(*(event(id=f"d{days}", at=now - days * DAY) for days in range(3)))
        flushed(disk)
        disk.client._command = (*MORTAL[:1], "tests.store.full")
        disk.replace_child()
        disk.until(lambda: ids(disk) == ["d0"])


def test_long_before_the_disk_is_full_a_warning_is_logged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    filling = (*MORTAL[:1], "tests.store.filling")
    with Keeping(tmp_path / "data", options={**QUICK, "max_bytes": 10**9}, command=filling) as disk:
        disk.events(*(event(id=f"d{days}", at=time.time() - days * DAY) for days in range(2)))
        flushed(disk)
        logged = list[str]()

        def is_warned() -> bool:
            logged.append(capfd.readouterr().err)
            return "make room" in "".join(logged)

        disk.until(is_warned)
        assert (disk.client.status.trouble, sorted(ids(disk)), len(parquet(disk))) == (None, ["d0", "d1"], 2)
        assert disk.client.status.low_bytes == 50


@pytest.mark.parametrize("durability", ["fsync", "relaxed"])
def test_other_durabilities_store_all_as_well(tmp_path: Path, durability: str) -> None:
    with Keeping(tmp_path / "data", options=QUICK, durability=durability) as disk:
        disk.events(event(id="a"), event(id="a"), event(id="b"))
        disk.until(lambda: ids(disk) == ["a", "b"])
        disk.kill()
        disk.event(id="c")
        disk.until(lambda: ids(disk) == ["a", "b", "c"])


def test_old_days_are_deleted(tmp_path: Path) -> None:
    now = time.time()
    with Keeping(tmp_path / "data", options={**QUICK, "days": 3}) as disk:
        disk.events(*(event(id=f"d{days}", at=now - days * DAY) for days in range(6)))
        disk.until(lambda: ids(disk) == ["d0", "d1", "d2"], 40)
        assert len(parquet(disk)) == 3


def test_small_files_are_merged(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        for number in range(FAN):
            disk.event(id=f"e{number}", data={"n": number})
            flushed(disk)
            disk.until(lambda number=number: disk.client.status.rows > number)
        disk.until(lambda: disk.client.status.files == 1)
        assert ids(disk) == [f"e{number}" for number in range(FAN)]
        disk.until(lambda: len(parquet(disk)) == 1)


def test_a_query_whose_client_is_gone_ends(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        with pytest.raises(StoreFailure) as caught:
            b"".join(disk.client.ask("slow", seconds=0.3))
        assert (caught.value.code, caught.value.status) == ("query_timeout", 503)
        assert "ask for a shorter time" in caught.value.message
        slow = gevent.spawn(lambda: b"".join(disk.client.ask("slow")))
        gevent.sleep(0.3)
        slow.kill()
        assert ids(disk) == []


def test_a_clone_and_a_restored_log_take_no_positions_of_another_life(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.events(event(id="a"), event(id="b"))
        flushed(disk)
    old = tmp_path / "old.db"
    shutil.copy(tmp_path / "data/analytics.db", old)
    shutil.copytree(tmp_path / "data", tmp_path / "clone")
    with Keeping(tmp_path / "data", options=QUICK) as disk, Keeping(tmp_path / "clone", options=QUICK) as clone:
        disk.event(id="original")
        clone.event(id="cloned")
        flushed(disk)
        flushed(clone)
        assert (ids(disk), ids(clone)) == (["a", "b", "original"], ["a", "b", "cloned"])
    shutil.copy(old, tmp_path / "data/analytics.db")  # by hand, over a newer one
    for name in ("analytics.db-wal", "analytics.db-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="after")
        assert ids(disk) == ["a", "b", "original", "after"]
        flushed(disk)
        assert ids(disk) == ["a", "b", "original", "after"]


def test_with_a_clock_set_back_after_a_restore_nothing_is_skipped(tmp_path: Path) -> None:
    wall = time.time()
    with Keeping(tmp_path / "data", wall - 2 * DAY, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
    shutil.copy(tmp_path / "data/analytics.db", tmp_path / "old.db")
    with Keeping(tmp_path / "data", wall, options=QUICK) as disk:
        disk.event(id="b")
        flushed(disk)
    shutil.copy(tmp_path / "old.db", tmp_path / "data/analytics.db")
    with Keeping(tmp_path / "data", wall - DAY, options=QUICK) as disk:
        disk.event(id="c")
        flushed(disk)
        assert set(ids(disk)) == {"a", "b", "c"}


def file(day: int, level: int = 0, rows: int = 10, size: int = 100, first: int = 0, kind: str = "events") -> DataFile:
    names: frozenset[str] = frozenset()
    return DataFile(
        f"{kind}/{day}-{level}-{first}",
        1,
        day,
        level,
        0,
        first,
        first + 1,
        rows,
        size,
        0,
        0,
        0,
        0.0,
        0.0,
        (),
        names,
        names,
    )


def test_files_of_a_day_that_is_over_become_one_but_no_large_one_for_a_late_event() -> None:
    assert len(to_merge([file(1, first=1), file(1, 1, 30, first=0)], today=2)) == 2
    assert to_merge([file(1, first=1), file(1, 1, 41, first=0)], today=2) == []
    assert to_merge([file(2, first=each) for each in range(FAN - 1)], today=2) == []
    assert len(to_merge([file(2, first=each) for each in range(FAN)], today=2)) == FAN
    assert to_merge([file(2, rows=500_000, first=each) for each in range(20)], today=2) == []


def test_the_oldest_days_go_beyond_the_limits() -> None:
    files = [file(day) for day in range(5)]
    second, first = ({"events": day, "logs": 0} for day in (2, 0))
    assert [each.day for each in expired(files, second, 10_000)] == [0, 1]
    assert sorted(each.day for each in expired(files, first, 250)) == [0, 1, 2]
    assert sorted(each.day for each in expired(files, first, 1)) == [0, 1, 2, 3], "the newest day stays"
    assert expired([*files, file(0, kind="logs")], second, 10_000) == files[:2], "each kind has its days"
    assert [each.day for each in oldest_day_of(files)] == [0]
    assert oldest_day_of([file(3)]) == []


def test_a_flood_of_one_kind_costs_no_other_one() -> None:
    events = [file(day, size=10) for day in range(20)]
    lines = [file(day, size=900, kind="logs") for day in range(17, 20)]
    files, oldest = [*events, *lines], {"events": 0, "logs": 0}
    assert expired(files, oldest, 2_900) == []
    assert expired(files, oldest, 2_899) == [lines[0]]
    assert expired(files, oldest, 1_100) == lines[:2]
    assert expired(files, oldest, 1_050) == [*lines[:2], *events[:5]], "the newest day of each kind stays"
    assert expired(files, oldest, 1) == [*lines[:2], *events[:-1]]
    assert (room_of("events", files, 3_000), room_of("events", files, 100)) == (2_500, 2_500), "lines would go first"
    of_one_day = [*events[:10], *lines[:1]]
    assert room_of("events", of_one_day, 1_000) == 0, "lines of a single day stay, and events would go"
    assert (room_of("logs", files, 3_000), room_of("logs", files, 100), room_of("spans", [], 7)) == (100, 0, 7)


def test_a_disk_is_low_below_a_share_of_it_and_not_above_a_gibibyte() -> None:
    gib = 1024**3
    assert DiskRoom(10 * gib, gib // 2 - 1).is_low
    assert not DiskRoom(10 * gib, gib // 2 + 1).is_low
    assert not DiskRoom(1_000 * gib, gib + 1).is_low
    assert DiskRoom(1_000 * gib, 2 * gib).is_near
    assert byte_limit(0, DiskRoom(8 * gib, gib)) == 2 * gib
    assert byte_limit(0, DiskRoom(8_000 * gib, gib)) == 20 * 10**9
    assert byte_limit(5, DiskRoom(8 * gib, gib)) == 5
