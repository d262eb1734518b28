"""Supervisor: creates every job of the service, and reports on all of them."""

from collections.abc import Callable
from typing import TypeVar

from analytics.clock import Clock
from analytics.jobs.job import Job
from analytics.jobs.periodic import Periodic
from analytics.jobs.report import JobReport
from analytics.jobs.schedule import Backoff
from analytics.jobs.task import Task

J = TypeVar("J", bound=Job)
BACKOFF = Backoff()


def _ignore(_: int) -> None:
    """Default callback for missed ticks. It does nothing, because the job's report counts them."""


class Supervisor:
    """Creates jobs. A job runs when its owner calls `start`, in the process that serves.

        jobs = Supervisor(clock)
        cleaner = jobs.periodic("cleaner", 60.0, clean, stalled_after=300.0)
        cleaner.start()

    A job's name is a noun that reads well after "the": "the cleaner has stalled". `most_pause` limits the pause before
    a restart, in seconds; use it for jobs that requests or live clients wait for.
    """

    def __init__(self, clock: Clock, backoff: Backoff = BACKOFF) -> None:
        self._clock, self._backoff = clock, backoff
        self._jobs: list[Job] = []

    def loop(
        self,
        name: str,
        work: Callable[[], None],
        *,
        most_pause: float | None = None,
        first_pause: float | None = None,
    ) -> Job:
        """Create a job whose `work` runs for ever; `first_pause` is the pause after a first failure, in seconds."""
        backoff = self._bounded(most_pause)
        return self._add(Job(name, work, self._clock, backoff._replace(first=first_pause or backoff.first)))

    def periodic(
        self,
        name: str,
        interval: float,
        work: Callable[[], None],
        *,
        stalled_after: float,
        most_pause: float | None = None,
        skipped: Callable[[int], None] = _ignore,
    ) -> Periodic:
        """Create a job that runs `work` every `interval` seconds; see `Periodic`."""
        backoff = self._bounded(most_pause)
        return self._add(Periodic(name, work, self._clock, backoff, interval, stalled_after, skipped))

    def task(self, name: str, work: Callable[[], None], failed: Callable[[], None]) -> Task:
        """Create a job that runs `work` once; `failed` is called if it fails."""
        return self._add(Task(name, work, self._clock, self._backoff, failed))

    def end(self, job: Job) -> None:
        """Stop a job, and report on it no more."""
        job.stop()
        self._jobs.remove(job)

    def reports(self) -> list[JobReport]:
        """Reports on all jobs, in the order of their creation."""
        return [job.report() for job in self._jobs]

    def _add(self, job: J) -> J:
        self._jobs.append(job)
        return job

    def _bounded(self, most: float | None) -> Backoff:
        return self._backoff if most is None else self._backoff._replace(most=min(most, self._backoff.most))
