"""Periodic jobs: a fixed phase, missed ticks skipped and counted, stalls seen."""

import gevent
import pytest
from gevent.event import Event

from analytics.jobs.periodic import Periodic
from analytics.jobs.report import reason
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from tests.fakes import FakeClock

PATIENCE = 30
QUICK = Backoff(first=0.001, most=0.001)


class RunningClock(FakeClock):
    """A clock that advances half a second at each read, so that tests do not wait."""

    def monotonic(self) -> float:
        self.advance(0.5)
        return super().monotonic()


def periodic(clock: FakeClock, work: object, **more: object) -> Periodic:
    return Supervisor(clock, QUICK).periodic("sweeper", 10.0, work, stalled_after=50.0, **more)  # type: ignore[arg-type]


def test_runs_keep_their_phase_and_report_delay_and_skipped_runs() -> None:
    clock, skipped, durations = FakeClock(), [], [0.0, 3.0, 25.0, 0.0]
    job = periodic(clock, lambda: clock.advance(durations.pop(0)), skipped=skipped.append)
    job.start()
    seen = []
    for wait in (10.0, 12.0, 5.0, 1.0):  # until 10, 22, 30 and 56
        clock.advance(wait)
        job.tick()
        seen.append((clock.monotonic(), job.report()["lateness_seconds"], job.report()["skipped"]))
    job.stop()
    assert seen == [(10, 0, 0), (25, 2, 0), (55, 0, 2), (56, 0, 2)]
    assert skipped == [2]
    assert job.report()["runs"] == 4


def test_it_runs_until_it_is_stopped() -> None:
    clock, done, runs = RunningClock(), Event(), []

    def work() -> None:
        runs.append(clock.monotonic())
        if len(runs) == 5:
            done.set()

    job = Supervisor(clock).periodic("sweeper", 0.25, work, stalled_after=PATIENCE)
    job.start()
    assert done.wait(PATIENCE)
    job.stop()
    ran = len(runs)
    gevent.sleep(0)
    assert len(runs) == ran == job.report()["runs"] >= 5
    assert job.report()["skipped"] >= 4
    assert job.report()["state"] == "stopped"


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), gevent.GreenletExit(), SystemExit(1), gevent.Timeout(1)],
    ids=lambda error: type(error).__name__,
)
def test_a_run_that_fails_is_followed_by_the_next_of_the_phase(error: BaseException) -> None:
    clock, done, runs = RunningClock(), Event(), []

    def work() -> None:
        runs.append(clock.monotonic())
        if len(runs) == 1:
            raise error
        done.set()

    job = Supervisor(clock, QUICK).periodic("sweeper", 0.375, work, stalled_after=PATIENCE)
    job.start()
    assert done.wait(PATIENCE)
    job.stop()
    report = job.report()
    assert (report["failures"], report["last_success"] is not None) == (1, True)
    assert (job._due - 0.875) % 0.375 == 0, "the phase is kept since the start"


def test_the_state_follows_the_runs() -> None:
    clock, gate, begun = FakeClock(), Event(), Event()

    def work() -> None:
        begun.set()
        gate.wait()

    job = Supervisor(clock).periodic("sweeper", 0.001, work, stalled_after=PATIENCE)
    assert job.report()["state"] == "stopped"
    job.start()
    gevent.sleep(0)
    assert job.report()["state"] == "waiting"
    assert begun.wait(PATIENCE)
    assert job.report()["state"] == "running"
    job.stop()


def test_it_stalls_when_no_run_succeeds_for_too_long() -> None:
    clock, broken = FakeClock(), [False]

    def work() -> None:
        if broken[0]:
            raise ValueError("broken")

    job = periodic(clock, work)
    clock.advance(1_000)
    assert not job.is_stalled, "a stopped job cannot stall"
    job.start()
    try:
        clock.advance(50)
        assert not job.is_stalled
        clock.advance(0.5)
        assert job.is_stalled
        assert job.report()["state"] == "stalled"
        assert reason(job.report()) == "the sweeper has stalled"
        job.tick()
        assert not job.is_stalled
        broken[0] = True
        clock.advance(50.5)
        with pytest.raises(ValueError, match="broken"):
            job.tick()
        assert job.is_stalled
    finally:
        job.stop()
    assert not job.is_stalled
