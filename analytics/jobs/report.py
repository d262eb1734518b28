"""Reports on jobs, shown in `/health` and `/stats`."""

from typing import Literal, TypedDict

State = Literal["running", "waiting", "restarting", "stalled", "failed", "stopped", "done"]


class JobReport(TypedDict):
    """State of one job.

    `runs` counts the starts of a loop, whose `last_success` is always None because it never ends. `lateness_seconds` is
    the delay of the latest run of a periodic job, and None for other jobs.
    """

    name: str
    state: State
    runs: int
    failures: int
    skipped: int
    last_error: str | None
    last_success: str | None
    lateness_seconds: float | None


_REASONS: dict[State, str] = {
    "restarting": "the {} failed and is being restarted",
    "stalled": "the {} has stalled",
    "failed": "the {} failed",
}


def reason(report: JobReport) -> str | None:
    """Why this job makes the service degraded; None if it does not."""
    text = _REASONS.get(report["state"])
    return text and text.format(report["name"])
