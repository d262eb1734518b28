"""Reading the configuration folder again: whenever that is asked for, once at a time."""

import gevent
from gevent.event import Event

from analytics.catalog.reloading import Reloading


def test_what_is_asked_for_while_it_loads_is_done_once_afterwards() -> None:
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
