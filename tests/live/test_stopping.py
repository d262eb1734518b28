"""Hearing of a stop: at once, once, and whatever the reason is."""

from types import SimpleNamespace

import gevent

from analytics.live.stopping import watch


class Worker:
    """As much of gunicorn's worker as matters here."""

    def __init__(self) -> None:
        self.alive = True
        self.cfg = SimpleNamespace(keepalive=60)


def test_who_takes_a_workers_life_has_it_drained_once() -> None:
    worker, told = Worker(), []
    watch(worker, lambda: told.append(worker.alive))
    worker.alive = True
    gevent.sleep(0)
    assert (worker.alive, told) == (True, [])
    for _ in range(2):
        worker.alive = False
        gevent.sleep(0)
    assert told == [False]
