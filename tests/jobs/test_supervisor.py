"""The supervisor: all jobs are listed, with a reason if one is down."""

from typing import get_args

import gevent
import pytest
from gevent.event import Event

from analytics.jobs.report import JobReport, State, reason
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.schemas.responses import JOB_STATES
from tests.fakes import FakeClock

PATIENCE = 30


def report(state: State) -> JobReport:
    return {**Supervisor(FakeClock()).loop("x", print).report(), "state": state}


def test_every_job_is_listed_from_its_creation() -> None:
    jobs = Supervisor(FakeClock())
    assert jobs.reports() == []
    jobs.loop("sender", print)
    jobs.periodic("ticker", 1.0, print, stalled_after=5.0)
    jobs.task("recovery", print, print)
    at_rest = {"state": "stopped", "runs": 0, "failures": 0, "skipped": 0, "last_error": None, "last_success": None}
    assert jobs.reports() == [
        {"name": "sender", **at_rest, "lateness_seconds": None},
        {"name": "ticker", **at_rest, "lateness_seconds": 0.0},
        {"name": "recovery", **at_rest, "lateness_seconds": None},
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("restarting", "the x failed and is being restarted"),
        ("stalled", "the x has stalled"),
        ("failed", "the x failed"),
        ("running", None),
        ("waiting", None),
        ("stopped", None),
        ("done", None),
    ],
)
def test_a_job_that_is_down_is_a_reason(state: State, words: str | None) -> None:
    assert reason(report(state)) == words


def test_the_documented_states_are_all_there_are() -> None:
    assert get_args(State) == JOB_STATES


def test_a_job_that_others_wait_for_is_restarted_sooner() -> None:
    again, runs = Event(), []

    def work() -> None:
        runs.append(1)
        if len(runs) == 2:
            again.set()
            gevent.sleep(PATIENCE)

    job = Supervisor(FakeClock(), Backoff(first=PATIENCE)).loop("sender", work, most_pause=0.001)
    job.start()
    assert again.wait(PATIENCE)
    job.stop()


def test_a_job_that_was_ended_is_listed_no_more() -> None:
    jobs = Supervisor(FakeClock())
    sender, other = (jobs.loop(name, Event().wait) for name in ("sender", "other"))
    sender.start()
    jobs.end(sender)
    assert sender.state == "stopped"
    assert [each["name"] for each in jobs.reports()] == [other.name]
