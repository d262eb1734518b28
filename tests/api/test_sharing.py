"""Shared answers: made once a second at most."""

import gevent
import pytest
from gevent.event import Event

from analytics.api.sharing import SharedAnswers
from tests.fakes import FakeClock


def test_an_answer_is_shared_for_a_second() -> None:
    clock, made = FakeClock(), iter(range(10))
    shared: SharedAnswers[int] = SharedAnswers(clock)
    assert [shared.get("a", lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    clock.advance(0.9)
    assert shared.get("a", lambda: next(made)) == 0
    assert shared.get("b", lambda: next(made)) == 1
    clock.advance(0.1)
    assert shared.get("a", lambda: next(made)) == 2
    assert shared.get("b", lambda: next(made)) == 1


def test_those_that_ask_while_it_is_made_get_the_same() -> None:
    clock, made, done = FakeClock(), iter(range(10)), Event()
    shared: SharedAnswers[int] = SharedAnswers(clock)

    def make() -> int:
        done.wait()
        return next(made)

    asking = [gevent.spawn(shared.get, "a", make) for _ in range(3)]
    gevent.sleep(0)
    done.set()
    assert [each.get(timeout=5) for each in asking] == [0, 0, 0]


def test_a_failure_is_not_shared() -> None:
    shared: SharedAnswers[int] = SharedAnswers(FakeClock())
    with pytest.raises(ZeroDivisionError):
        shared.get("a", lambda: 1 // 0)
    assert shared.get("a", lambda: 5) == 5


def test_answers_that_nobody_can_get_are_forgotten() -> None:
    clock = FakeClock()
    shared: SharedAnswers[int] = SharedAnswers(clock)
    shared.get("a", lambda: 1)
    clock.advance(2)
    shared.get("b", lambda: 2)
    assert list(shared._made) == ["b"]
