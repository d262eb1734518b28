"""Own metrics of jobs: delay, skipped runs, restarts, and the lag of the event loop."""

from math import inf

import gevent
import pytest

from analytics.jobs.loop_lag import SAMPLE_SECONDS, LoopLag
from analytics.jobs.own_metrics import job_families
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from tests.fakes import FakeClock
from tests.own_metrics.reading import figures


def test_delay_and_skipped_runs_of_a_periodic_job_are_measured() -> None:
    clock = FakeClock()
    jobs = Supervisor(clock)
    sweeper = jobs.periodic("sweeper", 10.0, lambda: clock.advance(25), stalled_after=50.0)
    jobs.loop("sender", print)
    sweeper.start()
    clock.advance(12)
    sweeper.tick()
    sweeper.stop()
    assert figures(job_families(jobs.reports)) == {
        ("job_lateness_seconds", "sweeper"): 2,
        ("job_skipped_runs", "sweeper"): 2,
        ("job_skipped_runs", "sender"): 0,
        ("job_restarts", "sweeper"): 0,
        ("job_restarts", "sender"): 0,
    }


def test_restarts_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    jobs, done = Supervisor(FakeClock(), Backoff(first=0.001, most=0.001)), gevent.event.Event()

    def work() -> None:
        if figures(job_families(jobs.reports))["job_restarts", "sender"] < 2:
            raise KeyError("no")
        done.set()
        done.wait()
        gevent.sleep(30)

    sender = jobs.loop("sender", work)
    sender.start()
    assert done.wait(30)
    assert figures(job_families(jobs.reports))["job_restarts", "sender"] == 2
    sender.stop()


def test_a_blocked_loop_is_measured_as_lag() -> None:
    clock = FakeClock()
    lag = LoopLag(Supervisor(clock))
    lag.job.start()
    for blocked in (0.0, 0.0003, 3.0):
        clock.advance(lag.job._due - clock.monotonic() + blocked)
        lag.job.tick()
    lag.job.stop()
    (family,) = lag.families()
    (histogram,) = family.values.values()
    counts = dict(histogram.buckets())
    assert histogram.sum == pytest.approx(3.0003)
    assert (counts[0.0001], counts[0.0005], counts[2.5], counts[5.0], counts[inf]) == (1, 2, 2, 3, 3)


def test_the_lag_is_sampled_by_a_job_of_the_supervisor() -> None:
    clock = FakeClock()
    jobs = Supervisor(clock)
    LoopLag(jobs)
    (report,) = jobs.reports()
    assert (report["name"], report["state"]) == ("event loop monitor", "stopped")
    assert SAMPLE_SECONDS <= 0.1
