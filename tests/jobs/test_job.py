"""Jobs: any end is recorded and logged once, and the job is restarted."""

import logging
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event

from analytics.jobs.job import ERROR_LIMIT, Job
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.jobs.task import Task
from tests.fakes import FakeClock

PATIENCE = 30
QUICK = Backoff(first=0.001, most=0.001)
SLOW = Backoff(first=PATIENCE)


class Work:
    """Work that waits until a test makes it end."""

    def __init__(self, *endings: BaseException | None) -> None:
        self.endings = list(endings)
        self.runs = 0
        self.settled = Event()

    def __call__(self) -> None:
        self.runs += 1
        if self.endings:
            error = self.endings.pop(0)
            if error is not None:
                raise error
            return
        self.settled.set()
        gevent.sleep(PATIENCE)


@pytest.fixture
def loop() -> Iterator[Callable[..., Job]]:
    jobs: list[Job] = []

    def make(work: Callable[[], None], backoff: Backoff = QUICK) -> Job:
        job = Supervisor(FakeClock(), backoff).loop("sweeper", work)
        jobs.append(job)
        job.start()
        return job

    yield make
    for job in jobs:
        job.stop()


ENDINGS = [
    (KeyError("x"), "KeyError: 'x'"),
    (MemoryError(), "MemoryError"),
    (RecursionError(), "RecursionError"),
    (gevent.Timeout(1), "Timeout: 1 second"),
    (gevent.GreenletExit(), "GreenletExit"),
    (SystemExit(3), "SystemExit: 3"),
    (GeneratorExit(), "GeneratorExit"),
    (None, "EndedError: the work returned, although it should run for ever"),
]


@pytest.mark.parametrize(("error", "text"), ENDINGS, ids=[text.split(":")[0] for _, text in ENDINGS])
def test_a_loop_that_ends_in_any_way_is_logged_once_and_started_again(
    error: BaseException | None, text: str, loop: Callable[..., Job], caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(error, error)
    with caplog.at_level(logging.ERROR):
        job = loop(work)
        assert work.settled.wait(PATIENCE)
    report = job.report()
    assert (report["state"], report["runs"], report["failures"], report["last_error"]) == ("running", 3, 2, text)
    assert [record.getMessage() for record in caplog.records] == ["the sweeper failed"] * 2
    assert all(record.exc_info and record.exc_info[1] is not None for record in caplog.records)


def test_a_loop_that_is_down_is_reported_at_once(loop: Callable[..., Job]) -> None:
    work = Work()
    job = loop(work, SLOW)
    assert work.settled.wait(PATIENCE)
    assert job.report()["state"] == "running"
    assert job._greenlet is not None
    job._greenlet.kill()
    assert (job.report()["state"], job.report()["failures"]) == ("restarting", 1)
    gevent.sleep(0)
    assert (job.report()["state"], work.runs) == ("restarting", 1)


def test_a_loop_that_is_killed_before_it_begins_is_started_again(loop: Callable[..., Job]) -> None:
    work = Work()
    job = loop(work)
    assert job._greenlet is not None
    job._greenlet.kill()
    assert work.settled.wait(PATIENCE)
    assert (job.report()["runs"], job.report()["failures"]) == (1, 1)


def test_an_interrupt_ends_the_program(loop: Callable[..., Job]) -> None:
    loop(Work(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        gevent.sleep(PATIENCE)


def test_a_stop_ends_the_work_at_any_point_and_is_not_a_failure(
    loop: Callable[..., Job], caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    job = loop(work)
    assert work.settled.wait(PATIENCE)
    job.stop()
    job.stop()
    gevent.sleep(0.01)
    assert (job.report()["state"], job.report()["failures"], work.runs) == ("stopped", 0, 1)
    assert caplog.records == []
    job.start()
    job.start()
    gevent.sleep(0)
    assert (job.report()["state"], work.runs) == ("running", 2)


def test_a_stop_ends_a_job_that_waits_for_its_restart(loop: Callable[..., Job]) -> None:
    work = Work(KeyError("x"))
    job = loop(work, SLOW)
    gevent.sleep(0)
    assert job.report()["state"] == "restarting"
    job.stop()
    gevent.sleep(0)
    assert (job.report()["state"], work.runs) == ("stopped", 1)


def test_an_error_during_the_stop_is_logged(loop: Callable[..., Job], caplog: pytest.LogCaptureFixture) -> None:
    begun = Event()

    def work() -> None:
        begun.set()
        try:
            gevent.sleep(PATIENCE)
        finally:
            raise KeyError("cleaning up")

    job = loop(work)
    assert begun.wait(PATIENCE)
    job.stop()
    assert job.report()["state"] == "stopped"
    assert [record.getMessage() for record in caplog.records] == ["the sweeper failed while it was stopped"]


def test_the_text_of_an_error_is_truncated(loop: Callable[..., Job]) -> None:
    job = loop(Work(KeyError("x" * 10_000)), SLOW)
    gevent.sleep(0)
    assert len(job.report()["last_error"] or "") == ERROR_LIMIT


def test_pauses_grow_until_the_job_has_run_well_for_a_while() -> None:
    clock, pauses = FakeClock(), []

    class Noted(Job):
        def _spawn(self, pause: float) -> None:
            pauses.append(pause)
            super()._spawn(0.0)

    def work() -> None:
        clock.advance(ages.pop(0))
        if not ages:
            done.set()
            gevent.sleep(PATIENCE)
        raise KeyError("x")

    ages, done = [0.0, 0.0, 59.0, 60.0, 0.0, 0.0], Event()
    job = Noted("sweeper", work, clock, Backoff())
    job.start()
    assert done.wait(PATIENCE)
    job.stop()
    assert pauses == [0, 1, 2, 4, 1, 2]


@pytest.mark.parametrize("error", [KeyError("x"), gevent.GreenletExit(), SystemExit(1)], ids=repr)
def test_a_failed_task_raises_in_its_waiter_and_is_not_repeated(error: BaseException) -> None:
    work, failed = Work(error), Event()
    task = Supervisor(FakeClock(), QUICK).task("recovery", work, failed.set)
    task.start()
    assert failed.wait(PATIENCE)
    gevent.sleep(0.01)
    report = task.report()
    assert (report["state"], report["runs"], report["failures"], work.runs) == ("failed", 1, 1, 1)
    assert report["last_success"] is None


def test_a_task_that_is_killed_before_it_begins_is_started_again() -> None:
    work, failed = Work(None), Event()
    task = Supervisor(FakeClock(), QUICK).task("recovery", work, failed.set)
    task.start()
    assert task._greenlet is not None
    task._greenlet.kill()
    until(task, "done")
    assert not failed.is_set()


def test_a_task_runs_once() -> None:
    work, failed = Work(None), Event()
    task = Supervisor(FakeClock(1_700_000_000.0)).task("recovery", work, failed.set)
    assert task.report()["state"] == "stopped"
    task.start()
    until(task, "done")
    task.start()
    gevent.sleep(0)
    assert (work.runs, task.report()["last_success"]) == (1, "2023-11-14T22:13:20.000Z")
    assert not failed.is_set()


def until(task: Task, state: str) -> None:
    with gevent.Timeout(PATIENCE):
        while task.report()["state"] != state:
            gevent.sleep(0.001)
