"""Values that are made when they are first asked for."""

import gevent
import pytest
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from analytics import lazy
from analytics.lazy import Lazy


def test_a_value_is_made_once_when_it_is_first_asked_for() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    value = Lazy(make)
    assert value.made is None
    assert made == []
    assert value() is value() is value.made
    assert len(made) == 1


def test_those_that_ask_meanwhile_wait_for_the_same_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "Lock", lambda: BoundedSemaphore(1))  # what gevent makes of locks
    begun, may_end = Event(), Event()

    def make() -> object:
        begun.set()
        may_end.wait()
        return object()

    value = Lazy(make)
    asking = [gevent.spawn(value) for _ in range(3)]
    begun.wait()
    may_end.set()
    first, *others = [each.get(timeout=10) for each in asking]
    assert all(other is first for other in others)


def test_what_could_not_be_made_is_made_by_the_next_call() -> None:
    outcomes = iter([ImportError("no memory"), None])

    def make() -> str:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return "made"

    value = Lazy(make)
    with pytest.raises(ImportError):
        value()
    assert value.made is None
    assert value() == "made"
