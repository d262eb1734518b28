"""The thread beside the event loop: it makes calls in order, and callers wait in the faster way."""

import random
from collections.abc import Iterator

import gevent
import pytest
from gevent.monkey import get_original

from analytics.log.disk.thread import Thread
from tests.log.disk.disk import PATIENCE

NEVER, AT_ONCE = 0.0, 1e-6
_allocate_lock = get_original("_thread", "allocate_lock")


@pytest.fixture
def thread() -> Iterator[Thread]:
    thread = Thread()
    yield thread
    thread.end()


def test_a_brief_call_ends_before_other_greenlets_run(thread: Thread) -> None:
    turns: list[str] = []
    thread.ask(str)  # start the thread
    gevent.spawn(turns.append, "others")
    assert thread.ask_briefly(PATIENCE, "{} {}".format, 1, 2) == "1 2"
    assert turns == []
    assert thread.ask(str, 3) == "3"
    assert turns == ["others"]


@pytest.mark.parametrize("seconds", [NEVER, AT_ONCE])
def test_other_greenlets_run_during_a_long_call(thread: Thread, seconds: float) -> None:
    gate = _allocate_lock()  # a native lock, which blocks the thread
    gate.acquire()
    asking = gevent.spawn(thread.ask_briefly, seconds, gate.acquire, timeout=PATIENCE)
    gevent.sleep(0.01)
    assert not asking.ready()
    gate.release()
    assert asking.get(timeout=PATIENCE)


@pytest.mark.parametrize("seconds", [NEVER, AT_ONCE, PATIENCE])
def test_an_error_in_the_thread_is_raised_in_the_caller(thread: Thread, seconds: float) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            thread.ask_briefly(seconds, lambda: 1 / 0)
    assert thread.ask(str, 1) == "1"


def test_each_caller_gets_its_own_result(thread: Thread, dice: random.Random) -> None:
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
        assert [number for number in order if number in span] == list(span), "calls are made in order"
