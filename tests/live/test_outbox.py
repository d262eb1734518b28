"""The outbox: bounded, honest about what it dropped, and never waited for by who offers."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.live.messages import Message, Piece, as_json
from analytics.live.outbox import ANSWERS, BYTES, EVENTS, Outbox

SEQ = iter(range(1, 10**9))


def events(count: int, size: int = 2) -> Piece:
    return Piece([Message("event", next(SEQ), b"x" * size) for _ in range(count)])


def update(text: str) -> Piece:
    return Piece([Message("dashboard_update", 0, text.encode())])


def taken(outbox: Outbox) -> tuple[list[Message], int]:
    parcel = outbox.take()
    return [message for piece in parcel.pieces for message in piece.messages], parcel.dropped


def test_pieces_come_in_their_order() -> None:
    outbox = Outbox()
    first, second, third = events(2), update("u"), events(1)
    outbox.offer_events(first)
    outbox.offer_update(second)
    outbox.offer_events(third)
    assert taken(outbox) == ([*first.messages, *second.messages, *third.messages], 0)


def test_the_newest_update_replaces_one_that_waits_and_comes_after_what_it_knows_of() -> None:
    outbox = Outbox()
    outbox.offer_update(update("old"))
    later = events(1)
    outbox.offer_events(later)
    assert outbox.has_update
    outbox.offer_update(update("new"))
    messages, dropped = taken(outbox)
    assert [message.data for message in messages] == [later.messages[0].data, b"new"]
    assert dropped == 0, "an update that a newer one replaces is not missed"
    assert not outbox.has_update


@given(st.lists(st.one_of(st.integers(1, 100), st.just("update"), st.just("take")), max_size=60))
def test_what_is_dropped_is_what_is_missing(steps: list[int | str]) -> None:
    outbox, offered, got, told, reported = Outbox(), 0, 0, 0, 0
    waits = False
    for step in [*steps, 1, "take"]:
        if step == "take":
            if not waits:
                continue
            messages, dropped = taken(outbox)
            seqs = [message.seq for message in messages if message.kind == "event"]
            assert len(seqs) <= EVENTS
            assert seqs == sorted(seqs)
            got, told, waits = got + len(seqs), told + dropped, False
        elif step == "update":
            outbox.offer_update(update("u"))
            waits = True
        else:
            assert isinstance(step, int)
            offered += step
            reported += outbox.offer_events(events(step))
            waits = True
    assert got + told == offered
    assert told == reported


def test_the_oldest_events_make_room() -> None:
    outbox = Outbox()
    pieces = [events(100) for _ in range(EVENTS // 100 + 2)]
    dropped = sum(outbox.offer_events(piece) for piece in pieces)
    messages, told = taken(outbox)
    assert (dropped, told) == (200, 200)
    assert messages == [message for piece in pieces[2:] for message in piece.messages]


def test_big_events_are_bounded_by_their_bytes() -> None:
    outbox, size = Outbox(), BYTES // 4
    assert [outbox.offer_events(events(1, size)) for _ in range(6)] == [0, 0, 0, 0, 1, 1]
    assert len(taken(outbox)[0]) == 4


def test_one_piece_beyond_all_bounds_is_still_sent() -> None:
    outbox = Outbox()
    outbox.offer_events(events(1))
    assert outbox.offer_events(events(1, 2 * BYTES)) == 1
    assert len(taken(outbox)[0]) == 1


def test_events_left_out_before_a_piece_count_too() -> None:
    outbox = Outbox()
    assert outbox.offer_events(events(1), missing=7) == 7
    assert taken(outbox)[1] == 7


def test_the_opening_comes_first_and_answers_last() -> None:
    outbox = Outbox()
    outbox.offer_events(events(1))
    outbox.offer_answer(update("answer"))
    outbox.offer_opening(iter([update("opening")]))
    assert [message.data for message in taken(outbox)[0]] == [b"opening", b"xx", b"answer"]


def test_what_is_forgotten_is_neither_sent_nor_missed() -> None:
    outbox = Outbox()
    outbox.offer_events(events(3))
    outbox.offer_update(update("u"))
    outbox.forget()
    assert not outbox.has_update
    outbox.offer_events(events(EVENTS))
    assert taken(outbox)[1] == 0


def test_the_newest_answers_stay() -> None:
    outbox = Outbox()
    for number in range(ANSWERS + 5):
        outbox.offer_answer(update(str(number)))
    assert [message.data for message in taken(outbox)[0]] == [str(n).encode() for n in range(5, ANSWERS + 5)]


@pytest.mark.parametrize("sizes", [[10, 10], [300_000, 10, 10], [200_000, 200_000, 10]])
def test_what_waits_together_goes_out_together(sizes: list[int]) -> None:
    outbox = Outbox()
    pieces = [events(1, size) for size in sizes]
    for piece in pieces:
        outbox.offer_events(piece)
    parcel = outbox.take()
    writes = list(parcel.writes(as_json))
    assert b"".join(writes) == b"".join(piece.frames(as_json) for piece in pieces)
    assert len(writes) < len(sizes)


def test_the_opening_is_made_as_it_is_sent() -> None:
    made = []

    def opening() -> Iterator[Piece]:
        for number in range(3):
            made.append(number)
            yield events(1, 300_000)

    outbox = Outbox()
    outbox.offer_opening(opening())
    parcel = outbox.take()
    next(parcel.writes(as_json))
    assert made == [0]
