"""Jobs: they go on whatever goes wrong in them."""

import logging

import gevent
import pytest
from gevent.event import Event

from analytics import jobs
from analytics.jobs import Job

PATIENCE = 30


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "RETRY_SECONDS", 0.001)


@pytest.mark.parametrize(
    "error", [KeyError("x"), MemoryError(), RecursionError(), gevent.Timeout(1)], ids=lambda error: type(error).__name__
)
def test_a_job_that_fails_is_run_again_and_says_so(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    done = Event()

    def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise error
        done.set()
        gevent.sleep(PATIENCE)

    job = Job("the work", work)
    with caplog.at_level(logging.ERROR):
        job.start()
        assert done.wait(PATIENCE)
    assert job.is_running
    job.stop()
    assert not job.is_running
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [error, error]
    assert [record.getMessage() for record in caplog.records] == ["the work failed and is run again"] * 2


def test_a_job_that_ends_is_run_again() -> None:
    runs: list[int] = []
    done = Event()

    def work() -> None:
        runs.append(1)
        if len(runs) == 3:
            done.set()

    job = Job("the work", work)
    job.start()
    job.start()
    assert done.wait(PATIENCE)
    job.stop()
    job.stop()
