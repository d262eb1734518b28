"""The waits of idle connections, when the worker stops."""

import time

import gevent
from gevent.event import Event

from analytics.live.stopping import IdleWaits


def test_a_wait_is_ended_as_if_nothing_had_come() -> None:
    idle = IdleWaits(60)

    def serve() -> str:
        with idle.wait():
            gevent.sleep(60)
            return "served"
        return "ended"

    serving = gevent.spawn(serve)
    gevent.sleep(0)
    idle.end()
    assert serving.get(timeout=5) == "ended"


def test_a_request_that_comes_at_that_very_moment_is_served_undisturbed() -> None:
    idle, request = IdleWaits(60), Event()

    def serve() -> str:
        with idle.wait():
            request.wait()
        for _ in range(5):
            gevent.sleep(0)
        return "served"

    serving = gevent.spawn(serve)
    gevent.sleep(0)
    request.set()
    idle.end()
    assert serving.get(timeout=5) == "served"


def test_who_comes_later_has_a_moment_for_its_request() -> None:
    idle = IdleWaits(60)
    idle.end()
    started, came = time.monotonic(), False
    with idle.wait():
        gevent.sleep(0.05)
        came = True
    assert came
    with idle.wait():
        gevent.sleep(60)
    assert time.monotonic() - started < 5


def test_a_wait_is_over_in_its_own_time() -> None:
    started = time.monotonic()
    with IdleWaits(0.05).wait():
        gevent.sleep(60)
    assert time.monotonic() - started < 5
