"""Unexpected errors: the log reports them, refuses waiting requests, and works again afterwards."""

import logging
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import Unavailable
from analytics.kinds import EVENTS
from analytics.log.disk import log as disk_log
from analytics.log.disk.database import Database
from tests.log.disk.plain_disk import Disk
from tests.log.disk.test_failed_writes import check_unchanged, until_recovered
from tests.state.rig import Rig, event, metric

PATIENCE = 30
ERRORS = [KeyError("surprise"), TypeError("surprise"), UnicodeEncodeError("utf-8", "x", 0, 1, "surprise"), ValueError()]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_log, "RETRY_SECONDS", 0.001)


def once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception) -> None:
    """Let the next call of a method raise, but no later one."""
    original = getattr(owner, name)

    def raises(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(owner, name, original)
        raise error

    monkeypatch.setattr(owner, name, raises)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("step", ["append", "checkpoint_wal"])
def test_the_log_recovers_from_an_unexpected_error_of_the_database(
    step: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 3)
        failed = disk.log.database
        if step == "checkpoint_wal":
            monkeypatch.setattr(Database, "needs_wal_checkpoint", property(lambda self: self is failed))
        once(monkeypatch, Database, step, error)
        with gevent.Timeout(PATIENCE), caplog.at_level(logging.ERROR):
            if step == "append":
                with pytest.raises(Unavailable, match="the journal cannot be written"):
                    disk.recorder.record(EVENTS, event(id="again"))
            else:
                disk.recorder.record(EVENTS, event(id="kept"))
            until_recovered(disk, failed)
        assert any("Traceback" in str(record.exc_text) for record in caplog.records)
        assert not disk.recorder.record(EVENTS, event(id="again")).duplicate
        answers = disk.answers()
    check_unchanged(tmp_path, answers)


@pytest.mark.parametrize("step", ["_write_batch", "_gather", "_apply", "_suspend"])
def test_no_request_waits_for_ever_if_the_writer_fails(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Disk(tmp_path) as disk:
        failed = disk.log.database
        if step == "_suspend":
            once(monkeypatch, Database, "append", KeyError("surprise"))
        once(monkeypatch, disk.log, step, KeyError("another surprise"))
        with gevent.Timeout(PATIENCE):
            sending = [gevent.spawn(send, disk, f"x{number}") for number in range(3)]
            outcomes = [each.get() for each in sending]
            while disk.log.failure is not None:
                gevent.sleep(0.001)
            for number, outcome in enumerate(outcomes):
                if outcome == "refused":
                    assert not disk.recorder.record(EVENTS, event(id=f"x{number}")).duplicate
            assert disk.ids().keys() == {"x0", "x1", "x2"}
        assert failed is not None
        answers = disk.answers()
    check_unchanged(tmp_path, answers)


def send(disk: Disk, id_: str) -> str:
    try:
        disk.recorder.record(EVENTS, event(id=id_))
    except Unavailable:
        return "refused"
    return "taken"


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 9), min_size=1, max_size=4)), max_size=12))
def test_only_written_records_take_room(requests: list[tuple[bool, list[int]]]) -> None:
    """Several requests wait; each is written and applied, or fails, in the order of the journal."""
    rig = Rig(max_services=6, max_series=6)
    waiting: list[Any] = []

    class Log:
        def check(self, kind: Any) -> None: ...

        def append(self, entry: Any) -> Any:
            waiting.append(entry)
            answer = len(waiting) - 1
            return lambda: outcomes[answer]

    outcomes: list[Any] = []
    rig.recorder._log = Log()
    for _, numbers in requests:
        sent = gevent.spawn(rig.metrics, *(metric("queue", 1, f"s{number}") for number in numbers))
        with pytest.raises(IndexError):
            sent.get()
    known: set[int] = set()
    for (is_written, numbers), entry in zip(requests, waiting, strict=True):
        outcomes.append(entry.apply() if is_written else None)
        for number in numbers if is_written else ():
            if number in known or len(known) < 6:
                known.add(number)
    assert {service.name for service in rig.state.services.all()} == {f"s{number}" for number in known}
    assert rig.stats()["totals"]["limited_series"] == len(known)
