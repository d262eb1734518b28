"""The thread beside the event loop: it answers in order, and who asks waits in whichever way is quicker."""

import random
from collections.abc import Iterator

import gevent
import pytest
from gevent.monkey import get_original

from analytics.storage.thread import Thread
from tests.storage.disk import PATIENCE

NEVER, AT_ONCE = 0.0, 1e-6
_allocate_lock = get_original("_thread", "allocate_lock")


@pytest.fixture
def thread() -> Iterator[Thread]:
    thread = Thread()
    yield thread
    thread.end()


def test_what_is_done_soon_is_answered_without_a_turn_of_others(thread: Thread) -> None:
    turns: list[str] = []
    thread.ask(str)  # it is there
    gevent.spawn(turns.append, "others")
    assert thread.ask_briefly(PATIENCE, "{} {}".format, 1, 2) == "1 2"
    assert turns == []
    assert thread.ask(str, 3) == "3"
    assert turns == ["others"]


@pytest.mark.parametrize("seconds", [NEVER, AT_ONCE])
def test_others_go_on_while_it_takes_its_time(thread: Thread, seconds: float) -> None:
    gate = _allocate_lock()  # a native one: it holds the thread
    gate.acquire()
    asking = gevent.spawn(thread.ask_briefly, seconds, gate.acquire, timeout=PATIENCE)
    gevent.sleep(0.01)
    assert not asking.ready()
    gate.release()
    assert asking.get(timeout=PATIENCE)


@pytest.mark.parametrize("seconds", [NEVER, AT_ONCE, PATIENCE])
def test_what_fails_there_is_raised_here(thread: Thread, seconds: float) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            thread.ask_briefly(seconds, lambda: 1 / 0)
    assert thread.ask(str, 1) == "1"


def test_each_gets_its_own_answer_however_it_waits(thread: Thread, dice: random.Random) -> None:
    order = list[int]()

    def work(number: int) -> int:
        order.append(number)
        return number

    def ask(numbers: range) -> list[int]:
        return [thread.ask_briefly(dice.choice([NEVER, AT_ONCE, 1e-5, 1e-4]), work, number) for number in numbers]

    spans = [range(start, start + 500) for start in range(0, 4_000, 500)]
    asking = [gevent.spawn(ask, span) for span in spans]
    assert [each.get(timeout=PATIENCE) for each in asking] == [list(span) for span in spans]
    for span in spans:
        assert [number for number in order if number in span] == list(span), "in the order in which it was asked for"
