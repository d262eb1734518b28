"""Own metrics of the jobs, from their reports."""

from collections.abc import Callable, Iterator, Sequence

from analytics.jobs.report import JobReport
from analytics.own_metrics.family import Family, by_label


def job_families(reports: Callable[[], Sequence[JobReport]]) -> Iterator[Family]:
    """The metrics of all jobs; only periodic jobs have a lateness."""
    jobs = reports()
    late = {job["name"]: seconds for job in jobs if (seconds := job["lateness_seconds"]) is not None}
    yield by_label("job_lateness_seconds", "gauge", "Delay of the latest run of a periodic job", "job", late)
    skipped = {job["name"]: job["skipped"] for job in jobs}
    yield by_label("job_skipped_runs", "counter", "Runs of periodic jobs that were due but skipped", "job", skipped)
    failures = {job["name"]: job["failures"] for job in jobs}
    yield by_label("job_restarts", "counter", "Restarts of jobs after a failure", "job", failures)
