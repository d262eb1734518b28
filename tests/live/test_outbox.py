"""The outbox: bounded, and exact about the number of events it dropped."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import MAX_ANSWERS, MAX_BYTES, MAX_EVENTS, Outbox
from analytics.live.wire.encoding import json_frame

SEQ = iter(range(1, 10**9))


def events(count: int, size: int = 2) -> MessageBatch:
    return MessageBatch([Message("event", next(SEQ), b"x" * size) for _ in range(count)])


def update(text: str) -> MessageBatch:
    return MessageBatch([Message("dashboard_update", 0, text.encode())])


def take(outbox: Outbox) -> tuple[list[Message], int]:
    backlog = outbox.take()
    return [message for batch in backlog.batches for message in batch.messages], backlog.dropped


def test_batches_are_taken_in_order() -> None:
    outbox = Outbox()
    first, second, third = events(2), update("u"), events(1)
    outbox.add_events(first)
    outbox.add_update(second)
    outbox.add_events(third)
    assert take(outbox) == ([*first.messages, *second.messages, *third.messages], 0)


def test_an_update_replaces_an_unsent_one_and_comes_after_the_events_it_reflects() -> None:
    outbox = Outbox()
    outbox.add_update(update("old"))
    later = events(1)
    outbox.add_events(later)
    assert outbox.has_update
    outbox.add_update(update("new"))
    messages, dropped = take(outbox)
    assert [message.data for message in messages] == [later.messages[0].data, b"new"]
    assert dropped == 0, "a replaced update is not a drop"
    assert not outbox.has_update


@given(st.lists(st.one_of(st.integers(1, 100), st.just("update"), st.just("take")), max_size=60))
def test_the_drops_reported_are_the_events_missing(steps: list[int | str]) -> None:
    outbox, added, received, dropped_before, returned = Outbox(), 0, 0, 0, 0
    waits = False
    for step in [*steps, 1, "take"]:
        if step == "take":
            if not waits:
                continue
            messages, dropped = take(outbox)
            seqs = [message.seq for message in messages if message.kind == "event"]
            assert len(seqs) <= MAX_EVENTS
            assert seqs == sorted(seqs)
            received, dropped_before, waits = received + len(seqs), dropped_before + dropped, False
        elif step == "update":
            outbox.add_update(update("u"))
            waits = True
        else:
            assert isinstance(step, int)
            added += step
            returned += outbox.add_events(events(step))
            waits = True
    assert received + dropped_before == added
    assert dropped_before == returned


def test_the_oldest_events_are_dropped() -> None:
    outbox = Outbox()
    batches = [events(100) for _ in range(MAX_EVENTS // 100 + 2)]
    dropped = sum(outbox.add_events(batch) for batch in batches)
    messages, reported = take(outbox)
    assert (dropped, reported) == (200, 200)
    assert messages == [message for batch in batches[2:] for message in batch.messages]


def test_big_events_are_bounded_by_their_bytes() -> None:
    outbox, size = Outbox(), MAX_BYTES // 4
    assert [outbox.add_events(events(1, size)) for _ in range(6)] == [0, 0, 0, 0, 1, 1]
    assert len(take(outbox)[0]) == 4


def test_a_single_batch_above_the_limits_is_sent() -> None:
    outbox = Outbox()
    outbox.add_events(events(1))
    assert outbox.add_events(events(1, 2 * MAX_BYTES)) == 1
    assert len(take(outbox)[0]) == 1


def test_events_missing_before_a_batch_count_as_dropped() -> None:
    outbox = Outbox()
    assert outbox.add_events(events(1), missing=7) == 7
    assert take(outbox)[1] == 7


def test_initial_messages_come_first_and_answers_last() -> None:
    outbox = Outbox()
    outbox.add_events(events(1))
    outbox.add_answer(update("answer"))
    outbox.add_initial(iter([update("initial")]))
    assert [message.data for message in take(outbox)[0]] == [b"initial", b"xx", b"answer"]


def test_discarded_events_are_neither_sent_nor_counted() -> None:
    outbox = Outbox()
    outbox.add_events(events(3))
    outbox.add_update(update("u"))
    outbox.discard()
    assert not outbox.has_update
    outbox.add_events(events(MAX_EVENTS))
    assert take(outbox)[1] == 0


def test_the_newest_answers_are_kept() -> None:
    outbox = Outbox()
    for number in range(MAX_ANSWERS + 5):
        outbox.add_answer(update(str(number)))
    assert [message.data for message in take(outbox)[0]] == [str(n).encode() for n in range(5, MAX_ANSWERS + 5)]


@pytest.mark.parametrize("sizes", [[10, 10], [300_000, 10, 10], [200_000, 200_000, 10]])
def test_batches_are_joined_into_few_writes(sizes: list[int]) -> None:
    outbox = Outbox()
    batches = [events(1, size) for size in sizes]
    for batch in batches:
        outbox.add_events(batch)
    backlog = outbox.take()
    writes = list(backlog.writes(json_frame))
    assert b"".join(writes) == b"".join(batch.encoded(json_frame) for batch in batches)
    assert len(writes) < len(sizes)


def test_initial_messages_are_made_when_they_are_sent() -> None:
    made = []

    def initial() -> Iterator[MessageBatch]:
        for number in range(3):
            made.append(number)
            yield events(1, 300_000)

    outbox = Outbox()
    outbox.add_initial(initial())
    backlog = outbox.take()
    next(backlog.writes(json_frame))
    assert made == [0]
