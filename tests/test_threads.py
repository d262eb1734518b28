"""Threads beside the loop: items come in order, one thread computes at a time, and ends when nobody wants its items."""

import os
import sys
from collections.abc import Callable, Iterator
from threading import get_native_id

import gevent
import pytest
from gevent.event import Event

from analytics.threads import THREAD_NICENESS, NotWantedError, Threads

PATIENCE = 20
"""Seconds after which a test fails that waits for nothing."""


@pytest.fixture
def threads() -> Threads:
    return Threads()


def endless(threads: Threads, say: Callable[[], object]) -> Iterator[int]:
    """Works without an end, as a long query does."""
    threads.in_loop(say)
    while True:
        threads.pause()
    yield 0


def test_items_are_made_in_a_thread_each_when_it_is_asked_for(threads: Threads) -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield get_native_id()

    with threads.items(make) as items:
        assert next(items) != get_native_id()
        assert made == [0]
        assert len(list(items)) == 2
        assert items.ended.wait(PATIENCE)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
def test_threads_are_nicer_than_the_loop(threads: Threads) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with threads.items(lambda: iter([os.getpriority(os.PRIO_PROCESS, 0)])) as items:
        assert next(items) == min(before + THREAD_NICENESS, 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_greenlets_run_while_an_item_is_made(threads: Threads) -> None:
    is_seen = Event()
    gevent.spawn(is_seen.set)

    def make() -> Iterator[bool]:
        while not threads.in_loop(is_seen.is_set):
            pass
        yield True

    with threads.items(make) as items:
        assert next(items)


def test_errors_are_raised_where_the_item_is_asked_for(threads: Threads) -> None:
    def make() -> Iterator[int]:
        yield 1
        raise KeyError("a")

    with threads.items(make) as items:
        assert next(items) == 1
        with pytest.raises(KeyError):
            next(items)
        assert items.ended.wait(PATIENCE)
        with pytest.raises(StopIteration):
            next(items)


def test_calls_run_in_the_thread_of_the_loop_and_raise_their_errors(threads: Threads) -> None:
    def make() -> Iterator[object]:
        yield threads.in_loop(get_native_id)
        try:
            threads.in_loop(lambda: {}["missing"])
        except KeyError as error:
            yield error.args

    with threads.items(make) as items:
        assert list(items) == [get_native_id(), ("missing",)]
    assert threads.in_loop(get_native_id) == get_native_id()


def test_a_thread_ends_at_its_next_pause_after_its_items_are_closed(threads: Threads) -> None:
    has_begun = Event()
    items = threads.items(lambda: endless(threads, has_begun.set))

    def ask() -> None:
        with pytest.raises(NotWantedError):
            next(items)

    waiting = gevent.spawn(ask)
    assert has_begun.wait(PATIENCE)
    items.close()
    assert items.ended.wait(PATIENCE)
    waiting.get(timeout=PATIENCE)


def test_a_thread_that_was_asked_for_nothing_ends(threads: Threads) -> None:
    items = threads.items(lambda: iter("a"))
    items.close()
    assert items.ended.wait(PATIENCE)
    assert list(items) == []


def test_nobody_waits_for_what_is_not_wanted(threads: Threads) -> None:
    items = threads.items(lambda: endless(threads, lambda: None), lambda: False)
    with pytest.raises(NotWantedError):
        next(items)
    assert items.ended.wait(PATIENCE)


def test_a_call_of_a_thread_that_nobody_serves_ends_with_it(threads: Threads) -> None:
    def make() -> Iterator[int]:
        yield 1
        threads.in_loop(lambda: None)
        yield 2

    items = threads.items(make)
    assert next(items) == 1
    items._asked.release()  # as `next` does, without waiting for the item
    items.close()
    assert items.ended.wait(PATIENCE)


def test_one_thread_computes_at_a_time_and_all_have_their_turn(threads: Threads) -> None:
    """Each counts up to a pause only; if two ran at once, they would see each other within their turns."""
    running: set[int] = set()
    together: list[set[int]] = []
    turns = [0, 0, 0]

    def make(number: int) -> Callable[[], Iterator[int]]:
        def work() -> Iterator[int]:
            while min(turns) < 3:
                running.add(number)
                for _ in range(20_000):
                    if len(running) > 1:
                        together.append(set(running))
                turns[number] += 1
                running.discard(number)
                threads.pause()
            yield number

        return work

    every = [threads.items(make(number)) for number in range(3)]
    greenlets = [gevent.spawn(next, items) for items in every]
    assert [greenlet.get(timeout=PATIENCE) for greenlet in greenlets] == [0, 1, 2]
    assert together == []
    for items in every:
        items.close()
