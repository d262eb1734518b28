"""The budget of one query: samples, series, steps and seconds."""

from collections.abc import Callable

from msgspec import Struct

from analytics.promql.errors import BadQuery, CannotEvaluate, QueryTimeout


class Limits(Struct, frozen=True):
    """Upper bounds of one query."""

    samples: int = 20_000_000
    """Points that are read or computed, over all steps; a histogram counts as one for every two of its buckets."""
    series: int = 100_000
    steps: int = 11_000
    """Points of one series in an answer, as in Prometheus."""
    points: int = 500_000
    """Times at which a subquery is evaluated."""
    seconds: float = 60.0


def _nothing() -> None:
    pass


class Budget:
    """Counts what a query costs.

    Args:
        pause: called between parts of the work. It lets others run, and raises `QueryCanceled` when nobody waits for
            the answer any more.
        clock: seconds of a monotonic clock.
        since: when the query was asked; now by default.
    """

    __slots__ = ("_clock", "_deadline", "_pause", "limits", "points", "samples")

    def __init__(
        self,
        limits: Limits | None = None,
        pause: Callable[[], None] = _nothing,
        clock: Callable[[], float] = lambda: 0.0,
        since: float | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._pause = pause
        self._clock = clock
        self._deadline = (clock() if since is None else since) + self.limits.seconds
        self.samples = 0
        self.points = 0
        """Times at which subqueries were evaluated, in all."""

    def pause(self) -> None:
        """Let others run.

        Raises:
            QueryTimeout: the time is up.
            QueryCanceled: nobody waits for the answer any more.
        """
        self._pause()
        if self._clock() > self._deadline:
            raise QueryTimeout(f"query timed out after {self.limits.seconds:g} seconds")

    def charge(self, samples: int) -> None:
        """Count samples before they are read or computed, and let others run.

        Raises:
            CannotEvaluate: the query needs more than it may.
        """
        self.samples += int(samples)
        if self.samples > self.limits.samples:
            raise CannotEvaluate(
                f"query processing would load too many samples: more than {self.limits.samples:,}; "
                "ask for fewer series, a shorter range or a longer step"
            )
        self.pause()

    def check_points(self, count: int) -> None:
        """Count the times of a subquery; raises `CannotEvaluate` if it would be evaluated too often."""
        self.points += count
        if count > self.limits.points:
            raise CannotEvaluate(
                f"query processing would load too many samples: a subquery has {count:,} steps, more than "
                f"{self.limits.points:,}; ask for a shorter range or a longer step"
            )

    def check_series(self, count: int) -> None:
        """Raises `CannotEvaluate` if a selector finds more series than a query may read."""
        if count > self.limits.series:
            raise CannotEvaluate(
                f"the query selects {count:,} series, more than {self.limits.series:,}; add label matchers"
            )

    def check_steps(self, count: int) -> None:
        """Raises `BadQuery` if an answer would have more points in a series than allowed."""
        if count > self.limits.steps:
            raise BadQuery(
                f"exceeded maximum resolution of {self.limits.steps:,} points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
