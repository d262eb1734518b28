"""Loop lag: how late the event loop runs a job that is due, which is how long other work blocked it."""

from collections.abc import Iterator

from analytics.jobs.supervisor import Supervisor
from analytics.own_metrics.family import Histograms
from analytics.own_metrics.histogram import Histogram

SAMPLE_SECONDS = 0.1
SAMPLES_STALLED_AFTER = 60.0


class LoopLag:
    """Samples the lag of the event loop ten times a second, in a job of `jobs`.

    While the loop is blocked there are no samples; the one after it has the rest of the time.
    """

    def __init__(self, jobs: Supervisor) -> None:
        self._lags = Histogram()
        self.job = jobs.periodic(
            "event loop monitor", SAMPLE_SECONDS, self._sample, stalled_after=SAMPLES_STALLED_AFTER
        )

    def families(self) -> Iterator[Histograms]:
        """The metric so far."""
        about = "How late the event loop runs a job that is due, sampled ten times a second"
        yield Histograms("event_loop_lag_seconds", about, {(): self._lags})

    def _sample(self) -> None:
        self._lags.observe(self.job.lateness)
