"""The lines that Loki's tail begins with: the newest ones since a time.

Source: grafana.com/docs/loki/latest/reference/loki-http-api/#stream-logs
"""

import logging
import time
from collections.abc import Callable, Sequence

from analytics.api.loki.params import USUAL_SPAN, LokiParams
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.errors import AnalyticsError
from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse
from analytics.logql.select import selected
from analytics.query.records.log_source import RecordLogSource
from analytics.query.records.source import RecordSource
from analytics.query.records.streams import BadTailQuery, stream_of

MOST_DELAY = 5
"""Seconds of `delay_for`, as in Loki."""

logger = logging.getLogger(__name__)


class TailHistory:
    """Reads lines for the beginning of a tail.

    Args:
        pause: lets other greenlets run.
    """

    def __init__(self, records: RecordSource, clock: Clock, limits: LogLimits, pause: Callable[[], None]) -> None:
        self._source, self._clock, self._limits, self._pause = RecordLogSource(records), clock, limits, pause
        self._bodies = BodyReader(BodyLimits(0), ())

    def asked(self) -> tuple[Callable[[], Sequence[bytes]], int]:
        """How the tail of the current request begins: what reads the lines before live ones, and the seconds of delay.

        Raises:
            BadTailQuery: a parameter is not valid.
        """
        try:
            params = LokiParams(self._bodies, self._clock.wall())
            query = parse(params.asked("query"))
            start, limit = params.moment("start", params.now - USUAL_SPAN), params.lines()
            delay = params.get("delay_for") or "0"
            if delay not in map(str, range(MOST_DELAY + 1)):
                raise BadLogQuery(f"delay_for is a whole number of seconds from 0 to {MOST_DELAY}, not {delay[:20]!r}")
        except BadLogQuery as error:
            raise BadTailQuery(error.message) from None
        assert isinstance(query, LogSelection)
        selection = query
        return lambda: self._lines(selection, start, limit), int(delay)

    def _lines(self, query: LogSelection, start: int, limit: int) -> Sequence[bytes]:
        end = round(self._clock.wall() * 1e9) + 1
        budget = LogBudget(self._limits, self._pause, time.monotonic)
        try:
            found = selected(self._source, query, start, end, budget, limit=limit, is_ascending=False)
        except (BadLogQuery, AnalyticsError) as error:  # the live lines are what was asked for
            logger.warning("lines before live ones could not be read", extra={"reason": error.message})
            return []
        return [stream_of(entry.labels(), entry.time, entry.line) for entry in reversed(found)]
