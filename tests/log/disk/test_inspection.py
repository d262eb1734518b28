"""Inspection: it reports what a database contains, and how it is damaged."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from analytics.clock import first_number
from analytics.errors import CannotStore
from analytics.log.disk.database import Database
from analytics.log.disk.inspection import ConsumerSummary, FamilySummary, KindSummary, inspect
from analytics.log.disk.report import format_bytes, full_text, one_line
from tests.log.disk import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made.closed(tmp_path / "analytics.db")


def test_inspection_finds_what_a_database_contains(path: Path) -> None:
    found = inspect(path)
    events, heartbeats = found.journal
    assert events == KindSummary("events", 18, 36, events.bytes, "2023-11-14T22:13:41.000Z", "2023-11-14T22:13:59.000Z")
    assert heartbeats[:3] == ("heartbeats", 2, 4)
    assert found.checkpoint == [
        FamilySummary("ids", "events", 1, 8, None, None),
        FamilySummary("rest", "", 1, 3, None, None),
        FamilySummary("series", "day", 1, 6, "2023-11-14T00:00:00Z", "2023-11-14T00:00:00Z"),
    ]
    assert (found.schema, found.generation, found.position, found.beyond, found.damage) == (4, 1, 20, 20, [])
    assert found.sizes["analytics.db"] == path.stat().st_size


def test_inspection_is_printed_as_text_and_json(path: Path) -> None:
    found = inspect(path)
    text = full_text(found)
    assert "journal     20 entries, 20 of them after the checkpoint" in text
    assert "\nevents           18       36  35.2 KiB  2023-11-14T22:13:41.000Z  2023-11-14T22:13:59.000Z\n" in text
    assert text.endswith("Sound: the integrity check and all checksums passed.")
    assert "statistics since 2023-11-14, newest record 2023-11-14T22:14:00.000Z" in one_line(found)
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["sound"] is True
    assert plain["journal"]["kinds"][0]["records"] == 36
    assert plain["image"]["families"][0]["family"] == "ids"


def test_the_cursors_of_consumers_are_listed(path: Path) -> None:
    database = Database(path, sync=False)
    database.cursors.move(database.cursors.open("archive", 20), 37)
    database.cursors.open("mail", 40)
    database.cursors.close("mail")
    database.cursors.open("sink", 40)
    database.close()
    found = inspect(path)
    assert found.damage == []
    assert found.consumers == [ConsumerSummary("archive", 37, 3, 0), ConsumerSummary("sink", 40, 0, 0)]
    table = "\nconsumer  read up to entry  behind  missed\narchive                 37       3       0\n"
    assert table in full_text(found)
    assert found.to_json()["consumers"][1] == {"name": "sink", "position": 40, "behind": 0, "missed": 0}
    made.change(path, "UPDATE cursors SET missed = 1 WHERE name = 'sink'")
    assert inspect(path).damage == ["the cursor of consumer sink has a wrong checksum"]


def test_a_database_without_cursors_can_be_inspected(path: Path) -> None:
    made.change(path, "DROP TABLE cursors")
    made.change(path, "PRAGMA user_version = 2")
    found = inspect(path)
    assert (found.consumers, found.damage) == ([], [])


def test_positions_that_a_start_skipped_are_not_missing_entries(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "skips.db", sync=False)) as database:
        entries = [made.entry(1)._replace(position=seq) for seq in (1, 2, first_number(2, 0.0), 1_700_000_000_000_000)]
        database.append(entries)
    assert inspect(tmp_path / "skips.db").damage == []


def test_a_new_database_is_sound_and_empty(tmp_path: Path) -> None:
    found = inspect(made.closed(tmp_path / "new.db", seqs=[], checkpoint_at=0))
    assert (found.journal, found.checkpoint, found.damage) == ([], [], [])
    assert "no records" in one_line(found)


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("UPDATE journal SET crc = 1 WHERE seq = 25", ["entry 25 of the journal (events) has a wrong checksum"]),
        (
            "UPDATE image SET body = x'00' WHERE family = 'series'",
            ["part series of the checkpoint (level 3, start 1699920000, generation 1) has a wrong checksum"],
        ),
        ("DELETE FROM journal WHERE seq IN (25, 27)", ["2 entries of the journal are missing"]),
        ("DELETE FROM image WHERE family = 'rest'", ["the checkpoint is incomplete"]),
        ("DELETE FROM mark", ["the mark of the checkpoint is missing"]),
        ("DROP TABLE image", ["no such table: image"]),
    ],
)
def test_inconsistencies_are_damage(path: Path, statement: str, damage: list[str]) -> None:
    made.change(path, statement)
    found = inspect(path)
    assert found.damage == damage
    assert f"DAMAGED:\n  {damage[0]}" in full_text(found)
    assert found.to_json()["sound"] is False


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("UPDATE journal SET received = 1e300 WHERE seq = 25", "entry 25 of the journal (events) has a wrong checksum"),
        ("UPDATE journal SET received = 1e12 WHERE seq = 25", "entry 25 of the journal (events) has a wrong checksum"),
        ("UPDATE image SET rung = -1 WHERE family = 'rest'", "part rest of the checkpoint (level -1, "),
        ("UPDATE mark SET generation = NULL", "a value is not of its column (int() argument"),
    ],
)
def test_values_that_no_column_has_are_damage(path: Path, statement: str, damage: str) -> None:
    with closing(sqlite3.connect(path)) as db:  # as a damaged page has them
        db.executescript("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
    made.change(path, statement)
    found = inspect(path)
    assert any(fault.startswith(damage) for fault in found.damage), found.damage
    assert "DAMAGED:" in full_text(found)


def test_only_the_first_faults_are_listed(path: Path) -> None:
    made.change(path, "UPDATE journal SET crc = 1")
    assert len(inspect(path).damage) == 20


def test_broken_and_missing_pages_are_damage(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: 8_192 * 3] + bytes(8_192) + whole[8_192 * 4 :])
    assert inspect(path).damage
    path.write_bytes(whole[: len(whole) // 2])
    assert inspect(path).damage


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a database of this service"),
        (b"SQLite format 3\0" + bytes(10), "is not a database of this service"),
        (b"SQLite format 3\0" + bytes(9_000), "is a database of another program"),
        (None, "cannot be read"),
    ],
)
def test_foreign_files_cannot_be_inspected(tmp_path: Path, content: bytes | None, reason: str) -> None:
    other = tmp_path / "other.db"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(CannotStore, match=reason):
        inspect(other)


def test_a_newer_schema_is_refused(path: Path) -> None:
    made.change(path, "PRAGMA user_version = 99")
    with pytest.raises(CannotStore, match=r"a newer version of this service \(schema 99, this one supports"):
        inspect(path)


def test_sizes_are_printed_in_units() -> None:
    assert [format_bytes(size) for size in (0, 1_023, 1_536, 10 * 1024**3)] == ["0 B", "1023 B", "1.5 KiB", "10.0 GiB"]
