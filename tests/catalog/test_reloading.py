"""Reloading the configuration folder: on request, one reload at a time."""

import gevent
from gevent.event import Event

from analytics.catalog.reloading import Reloading


def test_requests_during_a_reload_cause_one_more_reload() -> None:
    begun, go = Event(), Event()
    log: list[str] = []

    def load() -> None:
        log.append("begins")
        begun.set()
        go.wait()
        log.append("ends")

    reloading = Reloading(load, lambda: log.append("loaded"))
    job = gevent.spawn(reloading.run)
    begun.wait()
    for _ in range(3):
        reloading.ask()
    go.set()
    gevent.sleep(0)
    gevent.sleep(0)
    assert log == ["begins", "ends", "loaded"] * 2
    reloading.ask()
    gevent.sleep(0)
    gevent.sleep(0)
    assert log == ["begins", "ends", "loaded"] * 3
    job.kill()
