"""The backlog: a batch takes from each kind in turn, and each kind has a limit of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds import EVENTS, HEARTBEATS, METRICS, Kind
from analytics.log.disk import backlog
from analytics.log.disk.backlog import Backlog
from analytics.log.disk.pending import PendingEntry
from analytics.log.log import Entry


def pending(kind: Kind[Any], size: int = 10, number: int = 0) -> PendingEntry:
    return PendingEntry(Entry(kind, float(number), "", (), lambda: None), bytes(size), None)


def kinds_of(batch: list[PendingEntry]) -> list[str]:
    return [each.entry.kind.name for each in batch]


def test_entries_that_fit_into_a_batch_keep_their_order_of_arrival() -> None:
    waiting = Backlog(is_one_queue=False)
    for kind in (EVENTS, METRICS, EVENTS, HEARTBEATS, METRICS):
        waiting.add(pending(kind))
    assert kinds_of(waiting.batch()) == ["events", "metrics", "events", "heartbeats", "metrics"]


def test_a_flood_of_one_kind_does_not_delay_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BATCH_BYTES", 100)
    waiting = Backlog(is_one_queue=False)
    for _ in range(1_000):
        waiting.add(pending(EVENTS))
    waiting.add(pending(HEARTBEATS))
    assert kinds_of(waiting.batch()) == ["events"] * 9 + ["heartbeats"]


def test_one_queue_keeps_the_order_across_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BATCH_BYTES", 30)
    waiting = Backlog(is_one_queue=True)
    for kind in (EVENTS, EVENTS, EVENTS, EVENTS, HEARTBEATS):
        waiting.add(pending(kind))
    assert kinds_of(waiting.batch()) == ["events"] * 3


def test_a_full_kind_leaves_room_for_others() -> None:
    waiting = Backlog(is_one_queue=False)
    waiting.add(pending(EVENTS, EVENTS.backlog + 1))
    assert not waiting.has_room(EVENTS)
    assert waiting.has_room(METRICS)
    waiting.remove(waiting.batch())
    assert waiting.has_room(EVENTS)


@given(
    st.lists(st.one_of(st.sampled_from((EVENTS, METRICS, HEARTBEATS)), st.just("write")), max_size=60), st.booleans()
)
def test_each_entry_is_written_once_and_each_kind_in_order(steps: list[Any], is_one_queue: bool) -> None:
    waiting = Backlog(is_one_queue=is_one_queue)
    added: list[PendingEntry] = []
    written: list[PendingEntry] = []
    for step in steps:
        if step == "write":
            batch = waiting.batch()
            waiting.remove(batch)
            written += batch
        else:
            added.append(pending(step, number=len(added)))
            waiting.add(added[-1])
    assert len(waiting) == len(added) - len(written)
    written += waiting.clear()
    for kind in (EVENTS, METRICS, HEARTBEATS):
        assert [each for each in written if each.entry.kind is kind] == [
            each for each in added if each.entry.kind is kind
        ]
    assert len(waiting) == 0
    assert waiting.batch() == []
