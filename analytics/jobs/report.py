"""Reports on jobs, as `/health` and `/stats` show them."""

from typing import Literal, TypedDict

State = Literal["running", "waiting", "restarting", "stalled", "failed", "stopped", "done"]


class JobReport(TypedDict):
    """How one job is.

    A loop counts a run for each start; it never succeeds, because it never ends. `lateness_seconds` is how long after
    its time the latest run of a periodic job began.
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
    """Why the service is degraded, if this job is the cause."""
    text = _REASONS.get(report["state"])
    return text and text.format(report["name"])
