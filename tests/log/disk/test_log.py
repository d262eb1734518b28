"""The log on disk: it writes waiting entries together and in order, and applies them afterwards (relaxed: before)."""

import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.socket import socketpair

from analytics.errors import Unavailable
from analytics.kinds import EVENTS, Kind
from analytics.log.disk import backlog
from analytics.log.disk import log as disk_log
from analytics.log.disk.database import Database
from analytics.log.disk.stored import StoredEntry
from analytics.log.recorder import Taken
from tests.log.disk.disk import PATIENCE, Disk
from tests.state.rig import batch, event


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of entries in each write."""
    found: list[int] = []
    append = Database.append

    def noted(self: Database, entries: list[StoredEntry]) -> None:
        found.append(len(entries))
        append(self, entries)

    monkeypatch.setattr(Database, "append", noted)
    return found


def begin(disk: Disk, **fields: Any) -> "gevent.Greenlet":
    """Send an event; it is in the backlog when this returns."""
    sending = gevent.spawn(disk.event, **fields)
    gevent.sleep(0)
    return sending


def send_refused_again(disk: Disk, sending: list["gevent.Greenlet"]) -> None:
    """Wait for events whose ids are their indexes; refused ones are sent again until all are accepted."""
    for number, each in enumerate(sending):
        each.join(PATIENCE)
        while not each.successful():
            assert isinstance(each.exception, Unavailable)
            each = begin(disk, id=str(number))
            each.join(PATIENCE)


def random_text() -> str:
    """4 KB of text that hardly compresses."""
    return secrets.token_hex(2_048)


def ids(disk: Disk) -> list[str]:
    """The ids of the events, oldest first."""
    return [each.kept.id(each.place) for each in disk.state.events.newest_first()][::-1]


def taken(sending: "gevent.Greenlet") -> Taken:
    answer: Taken = sending.get(timeout=PATIENCE)
    return answer


def test_waiting_entries_are_written_together_in_order_of_arrival(disk: Disk, groups: list[int]) -> None:
    with disk.held():
        sending = [begin(disk, id=str(number)) for number in range(50)]
        assert not any(each.ready() for each in sending)
        assert disk.stats()["totals"]["events"] == 0, "an event counts before it is written"
    assert [taken(each).id for each in sending] == ids(disk) == [str(number) for number in range(50)]
    assert sum(groups) == 50
    assert len(groups) <= 2
    first = round(disk.clock.wall() * 1e6)
    assert disk.sql("SELECT seq, records FROM journal ORDER BY seq") == [(first + number, 1) for number in range(50)]


def test_a_write_waits_for_requests_that_are_ready(disk: Disk, groups: list[int]) -> None:
    mine, theirs = socketpair()
    with mine, theirs:
        waiting = gevent.spawn(lambda: (mine.recv(1), disk.event(id="by the socket")))
        gevent.sleep(0)
        theirs.send(b"x")  # the event loop has not seen it yet
        at_once = [gevent.spawn(disk.event, id=str(number)) for number in range(20)]
        gevent.joinall([waiting, *at_once], timeout=PATIENCE)
    assert sorted(ids(disk)) == sorted(["by the socket", *map(str, range(20))])
    assert groups == [21]


def test_large_entries_are_written_in_several_batches(
    disk: Disk, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "BATCH_BYTES", 1_000)
    with disk.held():
        sending = [begin(disk, id=str(number), data={"text": "x" * 300}) for number in range(20)]
    assert [taken(each).id for each in sending] == ids(disk)
    assert sum(groups) == 20
    assert 5 <= len(groups) <= 8


@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_without_a_sync_a_large_entry_is_written_before_other_requests_are_read(
    tmp_path: Path, stack: ExitStack, groups: list[int], monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    monkeypatch.setattr(disk_log, "LARGE_BYTES", 1_000)
    monkeypatch.setattr(disk_log, "BRIEF_SECONDS", float(PATIENCE))
    disk = stack.enter_context(Disk(tmp_path / "data", durability=durability))
    disk.event(id="first")
    disk.log._idle.wait(PATIENCE)  # the first write also copies the write-ahead log, and others run meanwhile
    sending = [gevent.spawn(disk.event, id=str(number), data={"text": random_text()}) for number in range(3)]
    assert ["first", *(taken(each).id for each in sending)] == ids(disk) == ["first", "0", "1", "2"]
    assert groups[1:] == ([3] if durability == "fsync" else [1, 1, 1])


def test_a_large_entry_takes_the_waiting_ones_with_it(
    disk: Disk, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_log, "LARGE_BYTES", 1_000)
    monkeypatch.setattr(disk_log, "BRIEF_SECONDS", float(PATIENCE))
    disk.event(id="first")
    disk.log._idle.wait(PATIENCE)
    texts = ["", "", random_text(), ""]
    sending = [gevent.spawn(disk.event, id=str(number), data={"text": text}) for number, text in enumerate(texts)]
    assert [taken(each).id for each in sending] == ids(disk)[1:] == ["0", "1", "2", "3"]
    assert groups == [1, 3, 1]


def test_a_duplicate_of_an_entry_in_flight_waits_for_it(disk: Disk) -> None:
    with disk.held():
        first, again = begin(disk, id="a"), begin(disk, id="a")
        both = gevent.spawn(disk.recorder.record_batch, EVENTS, batch(event(id="a"), event(id="b")))
        gevent.sleep(0)
        assert not first.ready()
        assert not again.ready()
    assert (taken(first).duplicate, taken(again).duplicate) == (False, True)
    receipt = both.get(timeout=PATIENCE)
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert ids(disk) == ["a", "b"]
    assert disk.event(id="a").duplicate


def test_requests_beyond_the_backlog_are_refused_and_can_be_sent_again(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kind, "backlog", 100)
    with disk.held():
        waiting = [begin(disk, id=str(number), data={"text": "x" * 80}) for number in range(3)]
        refused = [begin(disk, id=str(number)) for number in range(3, 6)]
        for each in refused:
            with pytest.raises(Unavailable, match="does not keep up"):
                taken(each)
    for each in waiting:
        with pytest.raises(Unavailable) if each.exception else ExitStack():
            taken(each)
    for number in range(6):
        disk.event(id=str(number))
    assert sorted(ids(disk)) == sorted(map(str, range(6)))


def test_an_error_before_the_backlog_leaves_no_trace(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(disk_log, "packed", lambda body: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                disk.event(id="a")
            with pytest.raises(ZeroDivisionError):
                disk.beat("other")
    assert not disk.event(id="a").duplicate
    assert disk.stats()["totals"]["services"] == 1


@pytest.mark.parametrize("durability", ["process", "relaxed"])
def test_a_writer_that_is_killed_during_a_write_loses_and_repeats_nothing(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    monkeypatch.setattr(disk_log, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(disk_log, "RELAXED_SECONDS", 0.001)
    disk = stack.enter_context(Disk(tmp_path / "data", durability=durability))
    with disk.held():
        sending = [begin(disk, id=str(number)) for number in range(5)]
        gevent.sleep(0.01)  # the writer waits for the disk
        writer = disk.log._writer._greenlet
        assert writer is not None
        writer.kill()
    send_refused_again(disk, sending)
    assert sorted(ids(disk)) == sorted(map(str, range(5)))
    assert disk.log._idle.wait(PATIENCE)
    assert ids(disk.crashed(stack)) == ids(disk)


def test_a_request_that_is_killed_while_it_writes_a_large_entry_loses_and_repeats_nothing(
    disk: Disk, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_log, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(disk_log, "LARGE_BYTES", 1_000)
    monkeypatch.setattr(disk_log, "BRIEF_SECONDS", 0)
    with disk.held():
        large = begin(disk, id="large", data={"text": random_text()})
        others = [begin(disk, id=str(number)) for number in range(5)]
        large.kill()
    send_refused_again(disk, others)
    disk.event(id="large")
    assert sorted(ids(disk)) == sorted([*map(str, range(5)), "large"])
    assert ids(disk.crashed(stack)) == ids(disk)


def test_relaxed_answers_first_and_writes_later(
    tmp_path: Path, stack: ExitStack, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_log, "RELAXED_SECONDS", 0.05)
    with Disk(tmp_path / "data", durability="relaxed") as disk:
        with disk.held():
            for number in range(30):
                assert disk.event(id=str(number)).id == str(number)
                assert disk.stats()["totals"]["events"] == number + 1
            assert disk.event(id="0").duplicate
            assert groups == []
        disk.log._idle.wait(PATIENCE)
        assert ids(disk.crashed(stack)) == ids(disk)
        assert len(groups) <= 2
        disk.event(id="last")
    with Disk(tmp_path / "data") as later:
        assert ids(later) == [*map(str, range(30)), "last"], "a stop loses entries"


def test_a_relaxed_checkpoint_waits_until_its_entries_are_written(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_log, "RELAXED_SECONDS", 0.3)
    disk = stack.enter_context(Disk(tmp_path / "data", durability="relaxed"))
    for number in range(20):
        disk.event(id=str(number))
    saving = gevent.spawn(disk.save)
    gevent.sleep(0.05)
    early = disk.crashed(stack)
    assert ids(early) == [], "nothing is written yet"
    assert early.stats()["totals"]["events"] == 0
    assert saving.get(timeout=PATIENCE)
    later = disk.crashed(stack)
    assert ids(later) == ids(disk)
    assert later.stats()["totals"]["events"] == 20


def test_a_stop_writes_waiting_entries(tmp_path: Path) -> None:
    with Disk(tmp_path / "data") as disk:
        sending = [begin(disk, id=str(number)) for number in range(20)]
    assert all(taken(each) for each in sending)
    assert not list((tmp_path / "data").glob("*-wal"))
    with Disk(tmp_path / "data") as later:
        assert ids(later) == ids(disk)


def test_an_error_while_applying_an_entry_reaches_its_sender_only(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    with disk.held():
        before, wrong, after = (begin(disk, id=name) for name in ("before", "wrong", "after"))
        add = disk.state.events.add

        def faulty(kept: Any) -> None:
            if kept.records[0].id == "wrong":
                raise RuntimeError("a fault that the test put there")
            add(kept)

        monkeypatch.setattr(disk.state.events, "add", faulty)
    assert [taken(before).id, taken(after).id] == ["before", "after"]
    with pytest.raises(RuntimeError):
        taken(wrong)
    assert ids(disk) == ["before", "after"]
