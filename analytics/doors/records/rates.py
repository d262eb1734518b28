"""Rates of services: how many lines or spans a second are taken of each."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from analytics.errors import AnalyticsError
from analytics.log_lines import NewLogLine
from analytics.schemas.compiled import DecodedBatch
from analytics.spans import NewSpan

L = TypeVar("L", NewLogLine, NewSpan)
Take = Callable[[str, int], None]
"""Takes so many items from the rate of a service. Raises an AnalyticsError, 429, if none is left, also for 0 items."""


class ServiceRates:
    """Refuses what is beyond the rates of services.

    Args:
        take: takes items; None for no limit.
        code: the code of the errors.
    """

    def __init__(self, take: Take | None, code: str) -> None:
        self._take, self._code = take, code

    def limited(self, batch: DecodedBatch[L], *, is_whole: bool) -> DecodedBatch[L]:
        """The batch with an error in place of each item of a service that is over its rate.

        Args:
            is_whole: whether the protocol can only refuse all of a request, which its sender repeats then.

        Raises:
            AnalyticsError: nothing of the batch is left; its status is 429.
        """
        if self._take is None or not batch.items:
            return batch
        counts = Counter([item.service for item in batch.items])
        over: dict[str, AnalyticsError] = {}
        for service, count in counts.items():
            try:
                self._take(service, 0 if is_whole else count)
            except AnalyticsError as error:
                error.code = self._code
                over[service] = error
        if over and (is_whole or len(over) == len(counts)):
            raise next(iter(over.values()))
        if is_whole:
            for service, count in counts.items():
                self._take(service, count)
        return batch.without(lambda item: over.get(item.service)) if over else batch
