"""The alarm: it rings once its deadline has passed, wherever that has moved."""

import gc
import time
import weakref

import gevent
import pytest
from gevent.event import Event

from analytics.internals.alarm import Alarm

SOON, LONG = 0.05, 60.0


class Bell:
    """An alarm, when it rang, and in which greenlet."""

    def __init__(self) -> None:
        self.rung = Event()
        self.at: list[float] = []
        self.alarm = Alarm(self._ring)

    def _ring(self) -> None:
        self.at.append(time.monotonic())
        assert gevent.getcurrent() is gevent.get_hub()
        self.rung.set()

    def set(self, seconds: float) -> float:
        """Move the deadline, and set the alarm."""
        self.alarm.deadline = time.monotonic() + seconds
        return self.alarm.set()


@pytest.mark.parametrize("moves", [[SOON], [LONG, SOON], [SOON, 2 * SOON], [LONG, SOON, 2 * SOON, 3 * SOON]])
def test_it_rings_once_after_the_last_deadline(moves: list[float]) -> None:
    bell = Bell()
    for seconds in moves:
        assert 0 < bell.set(seconds) <= seconds
    assert bell.rung.wait(5)
    gevent.sleep(2 * SOON)
    (at,) = bell.at
    assert at >= bell.alarm.deadline
    bell.alarm.stop()


def test_it_rings_again_when_it_is_set_again() -> None:
    bell = Bell()
    for count in (1, 2):
        bell.set(SOON)
        assert bell.rung.wait(5)
        bell.rung.clear()
        assert len(bell.at) == count


def test_a_deadline_that_has_passed_is_not_waited_for() -> None:
    bell = Bell()
    assert bell.set(-1) <= 0
    gevent.sleep(SOON)
    assert bell.at == []


def test_a_stopped_alarm_does_not_ring_and_keeps_nothing_alive() -> None:
    bell = Bell()
    bell.set(SOON)
    bell.alarm.stop()
    gevent.sleep(2 * SOON)
    assert bell.at == []
    left = weakref.ref(bell)
    gc.disable()
    try:
        del bell
        assert left() is None
    finally:
        gc.enable()
