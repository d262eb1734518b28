"""What a query may cost."""

from collections.abc import Callable

from msgspec import Struct

from analytics.logql.errors import BadLogQuery

MOST_STEPS = 11_000
"""Steps of a range."""
MOST_VALUES = 5_000_000
"""Values of an answer: series by steps."""
EVERY = 200
"""Lines between two pauses."""


class LogLimits(Struct, frozen=True):
    """Limits of a query.

    Attributes:
        lines: how many it may read to look into them.
        series: how many it may answer.
        seconds: how long it may take.
    """

    lines: int = 200_000
    series: int = 5_000
    seconds: float = 30.0


class LogQueryTimeout(BadLogQuery):
    """The query takes too long."""


class LogBudget:
    """The costs of a query so far.

    Args:
        pause: lets others run; called every few milliseconds.
        monotonic: a clock in seconds.
        is_wanted: whether somebody waits for the answer.

    Attributes:
        lines, bytes: what was read of lines.
    """

    def __init__(
        self,
        limits: LogLimits,
        pause: Callable[[], None],
        monotonic: Callable[[], float],
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.limits, self.is_wanted = limits, is_wanted
        self._pause, self._monotonic = pause, monotonic
        self._until = monotonic() + limits.seconds
        self.lines = self.bytes = 0

    @property
    def seconds_left(self) -> float:
        """Seconds until its time is up."""
        return max(self._until - self._monotonic(), 0.05)

    def read(self, line: str) -> None:
        """Count a line that is read.

        Raises:
            BadLogQuery: it is one too many, or the time is up.
        """
        self.lines += 1
        self.bytes += len(line)
        if self.lines > self.limits.lines:
            raise BadLogQuery(
                f"the query would read more than {self.limits.lines:,} lines; narrow its selector, its line filters or "
                "its range"
            )
        if self.lines % EVERY == 0:
            self.rest()

    def rest(self) -> None:
        """Let others run.

        Raises:
            LogQueryTimeout: the time is up.
        """
        self._pause()
        if self._monotonic() > self._until:
            raise LogQueryTimeout(f"the query timed out after {self.limits.seconds:g} seconds")

    def check_series(self, count: int) -> None:
        """Check how many series there are.

        Raises:
            BadLogQuery: there are too many.
        """
        if count > self.limits.series:
            raise BadLogQuery(f"maximum number of series ({self.limits.series:,}) reached for a single query")
