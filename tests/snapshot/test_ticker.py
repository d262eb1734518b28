"""The ticker does its work at each tick, and counts failed and skipped ticks."""

from collections import Counter

import gevent
import pytest
from gevent.event import Event

from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.snapshot.ticker import STALLED_AFTER, make_ticker
from tests.fakes import FakeClock

PATIENCE = 30


def test_a_failed_tick_is_counted_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []
    clock, drops, done = FakeClock(), Counter[str](), Event()

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            clock.advance(1)
            raise ValueError("broken")
        done.set()

    ticker = make_ticker(
        work, Supervisor(clock, Backoff(0.001, 0.001)), lambda reason, count: drops.update({reason: count})
    )
    ticker.start()
    clock.advance(1)
    assert done.wait(PATIENCE)
    ticker.stop()
    assert (len(calls), drops["snapshot_failed"]) == (2, 1)
    assert "the ticker failed" in caplog.text
    assert "broken" in caplog.text


def test_ticks_that_are_skipped_are_counted() -> None:
    clock, drops = FakeClock(), Counter[str]()
    ticker = make_ticker(
        lambda: clock.advance(3.5), Supervisor(clock), lambda reason, count: drops.update({reason: count})
    )
    ticker.start()
    clock.advance(1)
    ticker.tick()
    ticker.stop()
    assert drops == {"snapshot_skipped": 3}


def test_it_stalls_after_five_seconds() -> None:
    clock = FakeClock()
    ticker = make_ticker(print, Supervisor(clock), lambda reason, count: None)
    ticker.start()
    clock.advance(STALLED_AFTER)
    assert not ticker.is_stalled
    clock.advance(0.1)
    assert ticker.is_stalled
    assert ticker.report()["state"] == "stalled"
    ticker.stop()
    gevent.sleep(0)
