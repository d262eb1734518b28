"""Old events that are brought into the store: each once, whatever is repeated or killed; erased users stay erased."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest

from analytics.errors import Unavailable
from analytics.records import NewEvent, Receipt
from analytics.store.client.client import StoreFailure
from analytics.store.messages import BRING_HISTORY
from tests.state.rig import DAY
from tests.store.mortal import MORTAL
from tests.store.rig import Keeping
from tests.store.test_files import QUICK, flushed, ids, parquet

LONG = {**QUICK, "days": 400}
POINTS = [
    "before a file",
    "after a file",
    "before a rename",
    "after a rename",
    "before a sync",
    "before the manifest",
    "inside of the manifest",
    "after the manifest",
    "before showing",
    "after showing",
]


def old(number: int, days: float, user: str | None = None, **data: Any) -> NewEvent:
    at = datetime.fromtimestamp(time.time() // 3600 * 3600 - days * DAY, UTC)
    return NewEvent("view", "shop", user, at, f"old{number}", msgspec.Raw(json.dumps({"n": number, **data}).encode()))


def bring(disk: Keeping, events: list[NewEvent]) -> Receipt:
    """Bring events in; a store process that was killed, or cannot write now, is asked again."""
    body = msgspec.json.Encoder().encode_lines(events)
    with gevent.Timeout(30):
        while True:
            try:
                answer = b"".join(disk.client.ask(BRING_HISTORY, seconds=10.0, body=body))
                return msgspec.json.decode(answer, type=Receipt)
            except Unavailable:
                gevent.sleep(0.02)


def test_old_events_are_stored_once_and_come_before_all_others(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=LONG) as disk:
        disk.event(id="live")
        events = [old(number, days=300 - number % 7, user="ann", page=f"/{number}") for number in range(200)]
        assert bring(disk, events[:150]) == Receipt(150, 0, 0, [])
        assert bring(disk, [*events[100:], events[199]]) == Receipt(50, 51, 0, [])
        assert ids(disk) == [*(f"old{number}" for number in range(200)), "live"]
        rows = disk.stored()
        assert [json.loads(row[5])["n"] for row in rows[:200]] == list(range(200))
        assert {row[8] for row in rows[:200]} == {True}
        assert len({path.parent for path in parquet(disk)}) >= 7
        disk.replace_child()
        assert bring(disk, events) == Receipt(0, 200, 0, [])
        assert disk.stored() == rows


def test_large_requests_arrive_and_leave_no_file_open(tmp_path: Path) -> None:
    def open_files() -> int:
        assert disk.client._child is not None
        return len(list(Path(f"/proc/{disk.client._child.pid}/fd").iterdir()))

    with Keeping(tmp_path / "data", options=LONG) as disk:
        assert bring(disk, [old(1, 1)]).accepted == 1
        before = open_files()
        for number in range(2, 6):
            assert bring(disk, [old(number, number, text="x" * 400_000)]).accepted == 1
        disk.until(lambda: open_files() <= before)
        assert ids(disk) == [f"old{number}" for number in range(1, 6)]


def test_an_event_that_is_stored_already_is_a_duplicate(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=LONG) as disk:
        disk.events(old(1, 1), old(2, 2), old(3, 0))
        flushed(disk)
        disk.event(at=time.time() // 3600 * 3600 - DAY, id="tail")
        assert bring(disk, [old(1, 1), old(2, 2), old(2, 3), old(3, 0)]) == Receipt(1, 3, 0, [])
        assert sorted(ids(disk)) == ["old1", "old2", "old2", "old3", "tail"]


def test_events_that_may_not_be_stored_are_named_and_cost_no_others(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=LONG) as disk:
        receipt = bring(disk, [old(4, 401), old(1, 10), old(5, -1), old(6, 0)])
        assert (receipt.accepted, receipt.rejected) == (2, 2)
        assert [(error.index, error.code, error.field) for error in receipt.errors] == [
            (0, "timestamp_too_old", "timestamp"),
            (2, "timestamp_in_future", "timestamp"),
        ]
        assert "ANALYTICS_EVENTS_DAYS" in receipt.errors[0].message
        assert ids(disk) == ["old1", "old6"]
        assert bring(disk, [old(7, 500)]).rejected == 1


@pytest.mark.parametrize("is_done", [True, False])
def test_events_of_erased_users_are_not_brought_back(tmp_path: Path, is_done: bool) -> None:
    with Keeping(tmp_path / "data", options=LONG if is_done else {**LONG, "seconds": 600.0}) as disk:
        assert bring(disk, [old(1, 5, "gone"), old(2, 5, "bob")]).accepted == 2
        disk.event(id="live", user_id="gone")
        disk.recorder.erase(["gone"], "ops")
        assert ids(disk) == ["old2"], "at once"
        if is_done:
            flushed(disk)
            disk.until(lambda: not disk.client.status.erasing)
            disk.replace_child()
            assert ids(disk) == ["old2"]
        receipt = bring(disk, [old(1, 5, "gone"), old(3, 5, "gone"), old(4, 5, "ann"), old(2, 5, "bob")])
        assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (1, 1, 2)
        assert {error.code for error in receipt.errors} == {"user_erased"}
        assert ids(disk) == ["old2", "old4"]
        if is_done:
            assert not any(b"gone" in path.read_bytes() for path in parquet(disk))


def test_without_room_old_events_are_refused_as_they_would_go_first(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options={**LONG, "max_bytes": 1}) as disk:
        disk.until(disk.client._ready.is_set)
        with pytest.raises(StoreFailure, match="ANALYTICS_STORE_MAX_BYTES") as caught:
            bring(disk, [old(1, 5)])
        assert (caught.value.code, caught.value.status) == ("store_full", 507)


def test_a_failed_write_stores_nothing_and_is_told(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data", options=LONG) as disk:
        disk.until(disk.client._ready.is_set)
        obstacle = disk.path / "store/events"
        obstacle.write_text("no folder")
        body = msgspec.json.encode(old(1, 5))
        with pytest.raises(StoreFailure, match="could not write these events") as caught:
            b"".join(disk.client.ask(BRING_HISTORY, body=body))
        assert caught.value.status == 503
        obstacle.unlink()
        assert bring(disk, [old(1, 5)]).accepted == 1
        assert ids(disk) == ["old1"]


@pytest.mark.parametrize("point", POINTS)
def test_each_event_is_stored_once_across_kills_at_a_point(tmp_path: Path, point: str) -> None:
    with Keeping(tmp_path / "data", options={**LONG, "seconds": 600.0}) as disk:
        for count in (1, 2):
            disk.client._command = (*MORTAL, point, str(count))
            disk.replace_child()
            disk.client._command = MORTAL
            events = [old(number, days=number % 3) for number in range(30 * count)]
            with suppress(Unavailable):
                receipt = bring(disk, events)
                assert receipt.accepted + receipt.duplicates == len(events)
        assert ids(disk) == [f"old{number}" for number in range(60)]
