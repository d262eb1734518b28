"""Errors that nobody expects: the journal says so, refuses what waits, and works again afterwards."""

import logging
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import jobs
from analytics.errors import Unavailable
from analytics.storage import journal
from analytics.storage.database import Database
from tests.state.rig import Rig, event, metric, moderate
from tests.storage.plain_disk import Disk
from tests.storage.test_failed_writes import check_as_it_was, until_recovered

PATIENCE = 30
ERRORS = [KeyError("surprise"), TypeError("surprise"), UnicodeEncodeError("utf-8", "x", 0, 1, "surprise"), ValueError()]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(jobs, "RETRY_SECONDS", 0.001)


def once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception) -> None:
    """Have a method raise the next time it is called, and never again."""
    original = getattr(owner, name)

    def raises(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(owner, name, original)
        raise error

    monkeypatch.setattr(owner, name, raises)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("step", ["append", "tidy"])
def test_an_unknown_error_of_the_database_is_a_trouble_that_ends(
    step: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 3)
        failed = disk.journal.database
        if step == "tidy":
            monkeypatch.setattr(Database, "is_untidy", property(lambda self: self is failed))
        once(monkeypatch, Database, step, error)
        with gevent.Timeout(PATIENCE), caplog.at_level(logging.ERROR):
            if step == "append":
                with pytest.raises(Unavailable, match="the journal cannot be written"):
                    disk.recorder.event(event(id="again"))
            else:
                disk.recorder.event(event(id="kept"))
            until_recovered(disk, failed)
        assert any("Traceback" in str(record.exc_text) for record in caplog.records)
        assert not disk.recorder.event(event(id="again")).duplicate
        picture = disk.picture()
    check_as_it_was(tmp_path, picture)


@pytest.mark.parametrize("step", ["_next_group", "_gather", "_apply", "_fail"])
def test_no_request_waits_for_ever_wherever_the_writer_fails(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Disk(tmp_path) as disk:
        failed = disk.journal.database
        if step == "_fail":
            once(monkeypatch, Database, "append", KeyError("surprise"))
        once(monkeypatch, disk.journal, step, KeyError("another surprise"))
        with gevent.Timeout(PATIENCE):
            sending = [gevent.spawn(send, disk, f"x{number}") for number in range(3)]
            outcomes = [each.get() for each in sending]
            while disk.journal.trouble is not None:
                gevent.sleep(0.001)
            for number, outcome in enumerate(outcomes):
                if outcome == "refused":
                    assert not disk.recorder.event(event(id=f"x{number}")).duplicate
            assert disk.ids().keys() == {"x0", "x1", "x2"}
        assert failed is not None
        picture = disk.picture()
    check_as_it_was(tmp_path, picture)


def send(disk: Disk, id_: str) -> str:
    try:
        disk.recorder.event(event(id=id_))
    except Unavailable:
        return "refused"
    return "taken"


def test_an_entry_that_cannot_be_undone_does_not_keep_others_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Disk(tmp_path) as disk:
        once(monkeypatch, Database, "append", KeyError("surprise"))
        once(monkeypatch, disk.state, "release", KeyError("another surprise"))
        with gevent.Timeout(PATIENCE):
            assert [each.get() for each in [gevent.spawn(send, disk, id_) for id_ in "ab"]] == ["refused", "refused"]
            while send(disk, "c") == "refused":
                gevent.sleep(0.001)
        assert "c" in disk.ids()


@moderate
@given(st.lists(st.tuples(st.sampled_from(("ok", "fails")), st.integers(1, 4)), min_size=1, max_size=8), st.data())
def test_room_of_writes_that_failed_is_free_and_room_in_flight_is_not_given_twice(
    rounds: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Claims follow each write by itself, in whatever order others succeed or fail meanwhile."""
    rig = Rig(max_services=6, max_series=6)
    waiting: list[Any] = []

    class Journal:
        def check(self) -> None: ...

        def write(self, entry: Any) -> Any:
            waiting.append(entry)
            return lambda: None

    rig.recorder._journal = Journal()
    recorded: set[str] = set()
    for outcome, count in rounds:
        names = [f"s{data.draw(st.integers(0, 9))}" for _ in range(count)]
        receipt = rig.metrics(*(metric("queue", 1, name) for name in names))
        refused = {error.index for error in receipt.errors}
        pending = {name for place, name in enumerate(names) if place not in refused}
        in_flight = {item.tags["service"] for entry in waiting for item in entry.records}
        assert len(recorded | in_flight) <= 6
        while waiting and data.draw(st.booleans()):
            entry = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            if outcome == "ok":
                entry.apply()
                recorded |= {item.tags["service"] for item in entry.records}
            else:
                entry.undo()
        assert pending <= recorded | in_flight
    for entry in waiting:
        entry.undo()
    waiting.clear()
    assert {service.name for service in rig.state.services.all()} == recorded
    assert rig.stats()["totals"]["limited_series"] == len(recorded)
    free = 6 - len(recorded)
    receipt = rig.metrics(*(metric("queue", 1, f"new{number}") for number in range(8)))
    assert receipt.accepted == free
