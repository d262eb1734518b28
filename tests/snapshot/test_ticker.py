"""The ticker: a fixed phase, missed ticks skipped, failures survived."""

from collections import Counter

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.snapshot.ticker import STALLED_AFTER, Ticker, next_due
from tests.fakes import FakeClock
from tests.state.rig import moderate


@pytest.mark.parametrize(
    ("due", "now", "following", "missed"),
    [
        (10.0, 10.0, 11.0, 0),
        (10.0, 10.001, 11.0, 0),
        (10.0, 10.999, 11.0, 0),
        (10.0, 11.0, 12.0, 1),
        (10.0, 11.5, 12.0, 1),
        (10.0, 15.25, 16.0, 5),
        (10.0, 9.99, 11.0, 0),
    ],
)
def test_the_next_tick_keeps_the_phase_and_skips_what_was_missed(
    due: float, now: float, following: float, missed: int
) -> None:
    assert next_due(due, now, 1.0) == (following, missed)


@moderate
@given(st.integers(0, 1_000), st.integers(0, 100_000), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_the_next_tick_is_the_first_of_its_phase_that_lies_ahead(due: int, late: int, interval: float) -> None:
    now = due + late / 64
    following, missed = next_due(float(due), now, interval)
    assert now < following <= now + interval
    assert (following - due) % interval == 0
    assert following == due + (missed + 1) * interval


def test_a_tick_that_fails_is_counted_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("broken")

    drops: Counter[str] = Counter()
    ticker = Ticker(work, FakeClock(), lambda reason, count: drops.update({reason: count}))
    ticker.tick()
    ticker.tick()
    assert (len(calls), drops) == (2, {"snapshot_failed": 1})
    assert "tick failed" in caplog.text
    assert "broken" in caplog.text


def test_a_ticker_stalls_when_no_tick_succeeds_for_too_long() -> None:
    clock, broken = FakeClock(), [False]

    def work() -> None:
        if broken[0]:
            raise ValueError("broken")

    ticker = Ticker(work, clock, print, interval=3_600)
    assert not ticker.stalled, "what does not run cannot stall"
    ticker.start()
    try:
        clock.advance(STALLED_AFTER)
        assert not ticker.stalled
        clock.advance(0.5)
        assert ticker.stalled
        ticker.tick()
        assert not ticker.stalled
        broken[0] = True
        clock.advance(STALLED_AFTER + 0.5)
        ticker.tick()
        assert ticker.stalled
    finally:
        ticker.stop()
    assert not ticker.running


class RunningClock(FakeClock):
    """A clock by which each tick takes as long as it is told, so that nothing is waited for."""

    def monotonic(self) -> float:
        self.advance(0.5)
        return super().monotonic()


def test_it_ticks_until_it_is_stopped_and_tells_what_it_skipped() -> None:
    done = gevent.event.Event()
    ticks: list[float] = []
    clock = RunningClock()

    def work() -> None:
        ticks.append(clock.monotonic())
        if len(ticks) == 5:
            done.set()

    drops: Counter[str] = Counter()
    ticker = Ticker(work, clock, lambda reason, count: drops.update({reason: count}), interval=0.25)
    ticker.start()
    ticker.start()
    assert done.wait(timeout=10)
    ticker.stop()
    ticker.stop()
    ticked = len(ticks)
    gevent.sleep(0)
    assert len(ticks) == ticked >= 5
    assert drops["snapshot_skipped"] >= 4
    assert not ticker.running
