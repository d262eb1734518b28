"""The long-term store: events are found at once and in files, each exactly once, as they were sent."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from analytics.errors import Unavailable
from analytics.store.client import client
from analytics.store.client.client import StoreFailure
from tests.log.disk.disk import Disk
from tests.state.rig import event
from tests.store.rig import Keeping

QUICK = {"seconds": 0.1, "records": 50}


def test_events_are_found_at_once_and_in_files(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options={"seconds": 600.0}) as disk:
        disk.events(*(event("view", id=f"a{number}", user_id="u") for number in range(3)))
        disk.events(event("view", id="a1"), event("view", id="b"))
        assert [row[1] for row in disk.stored()] == ["a0", "a1", "a2", "b"]
        assert disk.client.status.files == 0


def test_numbers_are_those_of_the_service(tmp_path: Path) -> None:
    for _ in range(3):
        with Keeping(tmp_path / "data", options=QUICK) as disk:
            disk.events(*(event("view") for _ in range(70)))
            disk.events(event("view", id="same"))
            found = [(row[0], row[1]) for row in disk.stored()]
            expected = [(found.sequence, found.kept.id(found.place)) for found in disk.state.events.newest_first()]
            assert found == expected[::-1]
            disk.until(lambda disk=disk: disk.client.status.files)
            assert [(row[0], row[1]) for row in disk.stored()] == found


def test_events_are_stored_that_came_before_the_store_could_ever_start(tmp_path: Path) -> None:
    for number in range(2):
        with Keeping(tmp_path / "data", command=("-c", "")) as disk:
            disk.event(id=f"e{number}")
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="e2")
        expected = [(each.sequence, each.kept.id(each.place)) for each in disk.state.events.newest_first()]
        assert [(row[0], row[1]) for row in disk.stored()] == expected[::-1]
        assert len(expected) == 3


def test_a_store_that_is_switched_on_later_begins_then(tmp_path: Path) -> None:
    with Disk(tmp_path / "data", time.time(), starts=True) as disk:
        disk.event(id="before")
    with Keeping(tmp_path / "data", options=QUICK) as disk:
        disk.event(id="after")
        found = [(row[0], row[1]) for row in disk.stored()]
        assert found == [(each.sequence, "after") for each in [*disk.state.events.newest_first()][:1]]


def test_a_store_process_that_hangs_is_told_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TOLD_SECONDS", 0.2)
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.2)
    with Keeping(tmp_path / "data") as disk:
        disk.event(id="a")
        assert [row[1] for row in disk.stored()] == ["a"]
        child = disk.client._child
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        try:
            disk.event(id="b")
            disk.until(lambda: disk.client.status.trouble == client.SILENT)
            with pytest.raises(Unavailable, match="does not answer now"):
                next(disk.client.ask("events"))
        finally:
            os.kill(child.pid, signal.SIGCONT)
        disk.until(lambda: disk.client.status.trouble is None)
        assert [row[1] for row in disk.stored()] == ["a", "b"]


def test_a_question_without_an_answer_in_time_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Keeping(tmp_path / "data") as disk:
        assert disk.stored() == []
        ours, theirs = socket.socketpair()
        monkeypatch.setattr(client, "GRACE_SECONDS", 0.1)
        monkeypatch.setattr(disk.client._child, "connect", lambda _: ours)
        with theirs, pytest.raises(StoreFailure) as caught:
            list(disk.client.ask("events", seconds=0.2))
        assert (caught.value.code, caught.value.status) == ("query_timeout", 503)
        monkeypatch.undo()
        assert disk.stored() == []


def test_a_question_that_does_not_fit_into_memory_says_what_would(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options={"memory": 64 * 1024 * 1024}) as disk:
        disk.event(id="a")
        with pytest.raises(StoreFailure, match=r"ask for a shorter time.*ANALYTICS_STORE_MEMORY") as caught:
            b"".join(disk.client.ask("large", start_seconds=60))
        assert (caught.value.code, caught.value.status) == ("query_too_large", 422)
        assert [row[1] for row in disk.stored()] == ["a"]
