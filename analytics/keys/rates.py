"""Rates: how much each sender may do. Each has a bucket of tokens that fills up over time."""

import math
from collections import OrderedDict
from collections.abc import Callable

from analytics.errors import AnalyticsError
from analytics.keys.key import Rate

MAX_SENDERS = 10_000
"""Buckets kept; the ones that were not used for longest are forgotten, which fills them."""


class TooManyRequests(AnalyticsError):
    """The sender exceeded its rate; Retry-After says when to try again."""

    status = 429
    code = "rate_limited"


class Rates:
    """Buckets of tokens by sender.

    A request is admitted while its sender has any token left, and then takes as many as it has items: a batch larger
    than the burst is not refused forever, but the next one waits longer.

    Args:
        what: what is counted, for the error message.
        now: returns seconds that only go forward.
    """

    def __init__(self, what: str, now: Callable[[], float]) -> None:
        self._what, self._now = what, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __contains__(self, sender: object) -> bool:
        """Whether a sender has taken something, and is not forgotten."""
        return sender in self._buckets

    def take(self, sender: str, rate: Rate, items: int) -> None:
        """Take tokens for that many items.

        Raises:
            TooManyRequests: none is left. With 0 items, nothing is taken.
        """
        now, burst = self._now(), rate.burst
        bucket = self._buckets.get(sender)
        left = burst if bucket is None else bucket[0] + (now - bucket[1]) * rate.per_second
        if left < 1 and left < burst:
            self._buckets.move_to_end(sender)  # it is not forgotten because others come
            seconds = max(1, math.ceil((1 - left) / rate.per_second))
            raise TooManyRequests(
                f"More than {rate.per_second:g} {self._what} a second: try again in {seconds} s.",
                headers={
                    "Retry-After": str(seconds),
                    "RateLimit-Limit": f"{rate.burst:g}",
                    "RateLimit-Remaining": "0",
                    "RateLimit-Reset": str(seconds),
                },
            )
        if items:
            self._buckets[sender] = (left if left < burst else burst) - items, now
            self._buckets.move_to_end(sender)
            if len(self._buckets) > MAX_SENDERS:
                self._buckets.popitem(last=False)
