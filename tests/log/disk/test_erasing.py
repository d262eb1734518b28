"""Erasing on disk: after an erasure is complete, no byte of the data directory holds the events."""

import json
import sqlite3
from collections.abc import Collection
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw, structs

from analytics.kinds import KINDS, LOGS, SPAN_COUNTS, SPANS
from analytics.log.digests import among
from analytics.log.disk import checkpointer, erasing
from analytics.log.disk.consumer import Consumer
from analytics.log.disk.copies import copies
from analytics.log.disk.database import Database
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.inspection import inspect
from analytics.log_lines import NewLogLine
from analytics.record_users import users_of_line
from analytics.records import ERASED, ERASED_LINE, ERASED_SPAN, NewErasure, NewEvent
from analytics.spans import CountedSpan, NewSpan
from tests.log.disk.disk import Disk
from tests.log.disk.search import holds
from tests.state.rig import batch, event

USER, NOTE = "user-3f9c1ad27be0", "note-9b31c07ee24d"
MARKER = "SELECT * FROM image WHERE family = 'erasing'"


def fill(disk: Disk, user: str = USER, note: str = NOTE) -> None:
    """Events of the user and of others, in requests of one and of many, compressed and not."""
    for number in range(30):
        disk.event("view", user_id=user, data={"note": f"{note}-{number}"})
        disk.events(*(event("error", user_id=user if each % 9 == 0 else "bob", data={"n": note}) for each in range(60)))
        disk.event("view", user_id="bob")


def is_clean(disk: Disk) -> bool:
    return not holds(disk.path, USER)


def test_no_file_holds_the_events_after_the_next_checkpoint(disk: Disk) -> None:
    fill(disk)
    assert disk.save()
    disk.event("view", user_id=USER)
    assert holds(disk.path, USER)
    assert holds(disk.path, NOTE)
    assert disk.recorder.erase([USER], "ops").counts["events"] == 30 * 8 + 1
    disk.event("view", user_id="bob")
    assert disk.save()
    assert is_clean(disk)
    assert holds(disk.path, NOTE), "of bob"
    assert not disk.checkpointer.is_needed
    assert not inspect(disk.path / FILE_NAME).damage


def test_a_checkpoint_becomes_due_by_an_erasure_but_not_again_and_again(disk: Disk) -> None:
    disk.event(user_id=USER)
    disk.clock.advance(checkpointer.MIN_SECONDS)
    assert not disk.checkpointer.is_due
    disk.recorder.erase([USER], "ops")
    assert disk.checkpointer.is_due
    assert disk.save()
    disk.clock.advance(checkpointer.MIN_SECONDS)
    assert not disk.checkpointer.is_due
    disk.recorder.erase(["bob"], "ops")
    assert not disk.checkpointer.is_due, "erasures of one minute share one"
    disk.clock.advance(erasing.PAUSE_SECONDS)
    assert disk.checkpointer.is_due


def test_a_reader_delays_it_and_the_next_try_completes_it(disk: Disk) -> None:
    fill(disk)
    disk.recorder.erase([USER], "ops")
    with closing(sqlite3.connect(disk.path / FILE_NAME, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journal").fetchall()
        assert disk.save(), "the checkpoint itself does not fail"
        assert disk.checkpointer.is_needed
        assert not is_clean(disk)
    disk.event("view", user_id="bob")
    disk.clock.advance(erasing.PAUSE_SECONDS)
    assert disk.checkpointer.is_due
    assert disk.save()
    assert is_clean(disk)


def test_ids_of_erased_events_leave_the_files_too_and_are_still_duplicates(disk: Disk, stack: ExitStack) -> None:
    given = "order-51c8f3b0aa17"
    disk.event("view", user_id=USER, id=given, sender="page (key 1)")
    disk.event("view", user_id="bob", id="of-bob")
    assert disk.save()
    disk.event("view", user_id=USER, id=given)
    disk.recorder.erase([USER], "ops")
    assert disk.save()
    assert not holds(disk.path, given)
    disk.event("view", user_id="bob", id="later")
    assert disk.save(), "of which only the newest ids are written"
    again = disk.crashed(stack)
    for id_, sender in ((given, None), (given, "page (key 1)"), ("of-bob", None), ("later", None)):
        assert again.event("view", user_id=USER, id=id_, sender=sender).duplicate


def test_ids_of_erased_events_leave_the_files_after_a_failed_checkpoint(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "order-51c8f3b0aa17"
    disk.event("view", user_id=USER, id=given)
    assert disk.save()
    disk.recorder.erase([USER], "ops")

    def fail(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(Database, "finish_checkpoint", fail)
        assert not disk.save()
    assert disk.save()
    assert not holds(disk.path, given)
    assert disk.event("view", user_id=USER, id=given).duplicate


def test_stopping_completes_it(disk: Disk) -> None:
    fill(disk)
    disk.recorder.erase([USER], "ops")
    disk.store.stop()
    assert is_clean(disk)


@pytest.mark.parametrize("moment", ["after the record", "after the checkpoint", "before the note"])
def test_after_a_crash_at_any_moment_the_next_run_completes_it(
    disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    fill(disk)
    disk.save()
    disk.recorder.erase([USER], "ops")
    if moment == "after the checkpoint":
        monkeypatch.setattr(Database, "compact", lambda _: None)
        monkeypatch.setattr(Database, "rewrite", lambda *_: None)
        disk.save()
        assert disk.sql(MARKER)
        monkeypatch.undo()
    elif moment == "before the note":
        monkeypatch.setattr(Database, "compact", lambda self: self._db.execute("VACUUM"))
        disk.save()
        monkeypatch.undo()
    again = disk.crashed(stack)
    assert {found.kept.records[found.place].user_id for found in again.state.events.newest_first()} == {"bob"}
    assert again.checkpointer.is_needed
    again.clock.advance(checkpointer.MIN_SECONDS + 1)
    assert again.checkpointer.is_due
    assert again.save()
    assert is_clean(again)
    assert not again.checkpointer.is_needed
    last = again.crashed(stack)
    assert not last.checkpointer._erasing.is_waiting, "it is noted as complete"
    assert not last.sql(MARKER)


def test_entries_that_wait_for_a_consumer_lose_the_events_and_keep_all_else(disk: Disk) -> None:
    consumer = Consumer(disk.log, "archive")
    disk.events(event("view", user_id=USER, id="given"), event("view", user_id="bob"), event("view", id="own"))
    disk.event("view", user_id=USER)
    disk.metric("m", 1)
    disk.recorder.erase([USER], "ops")
    disk.event("view", user_id=USER, data={"later": True})
    assert disk.save()
    read = consumer.read()
    assert [entry.kind for entry in read] == ["events", "events", "metrics", "erasures", "events"]
    first, second, _, erasure, later = read
    assert first.records[0] == second.records[0] == ERASED, "so that the places of the others stay"
    assert [(each.user_id, each.id) for each in first.records[1:]] == [("bob", None), (None, "own")]
    assert isinstance(erasure.records[0], NewErasure)
    assert among(erasure.records[0], [USER, "bob"]) == {USER}, "so that the consumer can erase too"
    assert isinstance(later.records[0], NewEvent)
    assert later.records[0].user_id == USER, "recorded after the erasure"
    assert not inspect(disk.path / FILE_NAME).damage


def record(disk: Disk) -> None:
    """Lines and spans of the user, also ones that are only counted, and of others."""
    named, now = Raw(json.dumps({"user.id": USER, "note": NOTE}).encode()), int(disk.clock.wall()) * 10**9
    spans = [NewSpan("a" * 32, f"{number:016x}", "shop", "x", now, now, attributes=named) for number in (1, 2)]
    lines = NewLogLine("shop", NOTE, attributes=named, id=NOTE), NewLogLine("shop", "x")
    disk.recorder.record_batch(LOGS, batch(*lines))
    disk.recorder.record_batch(SPANS, batch(spans[0], NewSpan("b" * 32, "b" * 16, "shop", "x", now, now)))
    disk.recorder.record_batch(SPAN_COUNTS, batch(structs.replace(CountedSpan.of(spans[1]), user_id=USER)))


@pytest.mark.parametrize("is_killed", [False, True])
def test_lines_and_spans_leave_the_files_too_and_the_others_keep_their_places(
    disk: Disk, stack: ExitStack, is_killed: bool
) -> None:
    consumer = Consumer(disk.log, "archive")
    record(disk)
    assert disk.save()
    record(disk)
    assert disk.recorder.erase([USER], "ops").counts == {"events": 0, "logs": 1, "spans": 1}
    again = disk.crashed(stack) if is_killed else disk
    again.clock.advance(checkpointer.MIN_SECONDS + 1)
    assert again.save()
    assert is_clean(again)
    assert not holds(again.path, NOTE)
    for kind, ring in again.state.rings.items():
        left = [found.kept.records[found.place] for found in ring.newest_first()]
        assert all(not user_ids(kind, each) for each in left)
        assert len(left) == {"logs": 2, "spans": 1}.get(kind, 0)
    if not is_killed:
        read = [entry for entry in consumer.read() if entry.kind in ("logs", "spans")]
        assert [entry.records[0] for entry in read] == [ERASED_LINE, ERASED_SPAN] * 2
        assert all(entry.records[1].service == "shop" for entry in read)


def test_others_run_while_entries_are_rewritten_and_each_record_is_looked_at_once(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Consumer(disk.log, "archive")
    record(disk)
    disk.recorder.erase([USER], "ops")
    looked_at: list[NewLogLine] = []
    pauses: list[int] = []

    def users_of(line: NewLogLine) -> Collection[str]:
        looked_at.append(line)
        return users_of_line(line)

    monkeypatch.setitem(KINDS, "logs", LOGS._replace(users=users_of))
    monkeypatch.setattr(erasing, "yield_if_due", lambda: pauses.append(len(looked_at)))
    assert disk.save()
    assert len(looked_at) == 2
    assert {1, 2} <= set(pauses), "after each record"
    assert is_clean(disk)


def user_ids(kind: str, each: Any) -> Collection[str]:
    return KINDS[kind].users(each) if KINDS[kind].users else ()


def test_relaxed_durability_erases_as_well(tmp_path: Path) -> None:
    with Disk(tmp_path / "data", durability="relaxed") as disk:
        fill(disk)
        assert disk.recorder.erase([USER], "ops").counts["events"] == 30 * 8
        assert disk.save()
        assert is_clean(disk)


def test_older_copies_of_the_database_are_named(disk: Disk) -> None:
    disk.event(user_id=USER)
    disk.save()
    disk.sql(f"VACUUM INTO '{disk.path / 'backup.db'}'")
    (disk.path / "other.db").write_bytes(b"SQLite format 3\0" + bytes(200))
    (disk.path / "folder").mkdir()
    assert copies(disk.path) == disk.store.copies == ["backup.db"]
