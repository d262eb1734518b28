"""The ticker: the job that updates the dashboard each second, in a fixed phase."""

from collections.abc import Callable

from analytics.jobs.periodic import Periodic
from analytics.jobs.supervisor import Supervisor

TICK_SECONDS = 1.0
STALLED_AFTER = 5.0
"""Seconds without a successful tick after which the ticker is stalled."""


def make_ticker(work: Callable[[], None], jobs: Supervisor, dropped: Callable[[str, int], None]) -> Periodic:
    """The job that calls `work` each second; a failed tick does not affect the next one.

    Args:
        dropped: called with `snapshot_failed` or `snapshot_skipped`, and the number of ticks.
    """

    def tick() -> None:
        try:
            work()
        except Exception:
            dropped("snapshot_failed", 1)
            raise

    return jobs.periodic(
        "ticker",
        TICK_SECONDS,
        tick,
        stalled_after=STALLED_AFTER,
        most_pause=TICK_SECONDS,
        skipped=lambda missed: dropped("snapshot_skipped", missed),
    )
