"""Closed buckets come to the store, each cell once, whatever is killed meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from analytics.sinks.long_term.writer import NumbersWriter
from tests.sinks.long_term.rig import StoredRig
from tests.state.rig import HOUR, MINUTE, NOON, event

DAY = 24 * HOUR


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    with StoredRig(tmp_path / "data") as rig:
        yield rig


def counts(rig: StoredRig, kind: str = "minutes") -> dict[int, float]:
    """The count of `requests_total` by minutes after NOON; each cell comes once."""
    found = [
        (int(start - NOON) // 60, count) for name, _, start, count in rig.store.rows(kind) if name == "requests_total"
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def request(rig: StoredRig, minute: int) -> None:
    rig.events(event("request", "shop", at=NOON + minute * MINUTE))


def test_a_closed_minute_is_found_at_once_and_once(rig: StoredRig) -> None:
    request(rig, 0)
    rig.wait(50)
    assert counts(rig) == {}
    rig.wait(30)
    assert counts(rig) == {0: 1}
    rig.store.keep()
    assert counts(rig) == {0: 1}
    assert [file.kind for file in rig.store.open.catalog.of_numbers()] == ["minutes"]


@pytest.mark.parametrize("is_flushed", [True, False])
def test_a_late_record_replaces_the_cell(rig: StoredRig, is_flushed: bool) -> None:
    request(rig, 0)
    request(rig, 1)
    rig.wait(3 * MINUTE)
    if is_flushed:
        rig.store.keep()
    request(rig, 0)
    rig.wait(10)
    assert counts(rig) == {0: 2, 1: 1}
    rig.store.keep()
    assert counts(rig) == {0: 2, 1: 1}
    rig.store.restart()
    assert counts(rig) == {0: 2, 1: 1}


def test_a_late_record_after_hours_changes_hours_and_days(rig: StoredRig) -> None:
    request(rig, 0)
    rig.wait(2 * MINUTE)
    rig.forget(5 * HOUR)
    request(rig, 1)
    rig.wait(MINUTE)
    assert counts(rig) == {0: 1}  # memory has no minutes any more
    assert counts(rig, "hours") == {0: 2}


def test_what_was_in_no_file_comes_again_after_a_kill(rig: StoredRig) -> None:
    request(rig, 0)
    rig.wait(2 * MINUTE)
    rig.store.keep()
    request(rig, 2)
    rig.wait(2 * MINUTE)
    rig.store.restart()
    assert counts(rig) == {0: 1}
    request(rig, 4)
    rig.wait(2 * MINUTE)
    rig.wait(MINUTE)
    assert counts(rig) == {0: 1, 2: 1, 4: 1}
    rig.store.keep()
    rig.store.restart()
    assert counts(rig) == {0: 1, 2: 1, 4: 1}


def test_after_a_start_of_the_server_only_what_differs_is_sent(rig: StoredRig) -> None:
    request(rig, 0)
    request(rig, 1)
    rig.wait(3 * MINUTE)
    rig.store.keep()
    generation = rig.store.open.catalog.cells.last
    rig.writer = NumbersWriter(rig.store, rig.reader, lambda: None)
    rig.writer.step()
    assert rig.store.open.catalog.cells.last == generation
    request(rig, 0)
    rig.reader.ask(lambda state, now: state.take_changed())  # as if it came while no writer ran
    rig.writer = NumbersWriter(rig.store, rig.reader, lambda: None)
    rig.writer.step()
    assert counts(rig) == {0: 2, 1: 1}
    assert rig.store.open.catalog.cells.last == generation + 1


def test_what_the_store_cannot_take_waits(rig: StoredRig) -> None:
    request(rig, 0)
    rig.store.is_away = True
    rig.wait(10 * MINUTE)
    rig.store.is_away = False
    rig.wait(10)
    assert counts(rig) == {0: 1}


def test_small_files_are_merged_and_old_ones_deleted(rig: StoredRig) -> None:
    for minute in range(12):
        request(rig, minute)
        rig.wait(MINUTE)
        while rig.store.open.numbers.is_due:
            rig.store.open.numbers.flush()
    rig.wait(20)
    request(rig, 3)
    rig.wait(10)
    rig.store.keep()
    files = [file for file in rig.store.open.catalog.of_numbers() if file.kind == "minutes"]
    assert len(files) < 8
    assert counts(rig) == {minute: 1 + (minute == 3) for minute in range(12)}
    rig.forget(3 * DAY)
    rig.store.keep()
    assert {file.kind for file in rig.store.open.catalog.of_numbers()} == {"minutes", "hours", "days"}
    rig.store.now = NOON + 31 * DAY
    rig.store.keep()
    assert {file.kind for file in rig.store.open.catalog.of_numbers()} == {"hours", "days"}
    assert not list((rig.store.open.catalog.folder / "minutes").glob("*/*.parquet"))


def test_cells_in_files_leave_the_memory(rig: StoredRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.store.numbers.tail.FLUSHED_SECONDS", 0.0)
    for minute in range(3):
        request(rig, minute)
        rig.wait(MINUTE + 20)
        rig.store.keep()
    tail = rig.store.open.catalog.cells
    assert tail.span("minutes") == (NOON + 2 * MINUTE, NOON + 2 * MINUTE)
    assert counts(rig) == {0: 1, 1: 1, 2: 1}


def test_a_damaged_file_is_left_out(rig: StoredRig) -> None:
    request(rig, 0)
    rig.wait(2 * MINUTE)
    rig.store.keep()
    (file,) = rig.store.open.catalog.of_numbers()
    (rig.store.open.catalog.folder / file.name).write_bytes(b"PAR1")
    rig.store.restart()
    assert counts(rig) == {}
    assert rig.store.open.catalog.of_numbers()[0].damage
