"""What is usual, and what is well beyond it: errors and latency of a service in its newest minutes.

The usual is the median of the hours of the day before, or while these are not known, of the minutes before.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

MINUTES = 60
"""Minutes that are looked at, the newest of which is still open."""
RECENT = 3
"""The newest minutes, which are compared with the usual."""
FEWEST_ERRORS = 5
UNUSUAL_ERRORS = 3.0
"""Times the usual share of errors."""
DEVIATIONS = 4.0
"""Of a number of errors that come by chance."""
FAILING_SHARE = 0.1
"""Share of errors that is too many where the usual is not known."""
STILL = 2.0
"""Times the usual, and part of the newest share, at which trouble has begun."""
STILL_RECENT = 0.25
SLOW = 2.0
"""Times the usual latency, on average and in the median: neither outliers nor another mix are enough."""
SLOW_MS = 10.0
FEWEST_TIMED = 20
"""Requests with a latency."""
FEWEST_MINUTES = 10
"""With a latency, to know what is usual."""
FEWEST_BUCKETS = 3


class ErrorsFound(NamedTuple):
    """Errors well beyond the usual.

    Attributes:
        share: of the requests, which may be above 1; None without requests.
        usual: share of errors; None where it is not known.
        failed: errors in the newest minutes.
        minute: place of the minute in which it began; None if it is not known, or was before the first one.
    """

    share: float | None
    usual: float | None
    failed: float
    minute: int | None


class LatencyFound(NamedTuple):
    """Latency well beyond the usual, in milliseconds."""

    now: float
    usual: float


class TrafficBucket(NamedTuple):
    """Figures of a minute or an hour that starts at `at` (seconds since the epoch)."""

    at: float
    seconds: float
    requests: float
    errors: float
    latency: float | None


class UsualFigures(NamedTuple):
    """Usual values; None where too little is known. `error_rate` in percent."""

    requests_per_second: float | None
    error_rate: float | None
    mean_latency_ms: float | None


def median(values: Sequence[float | None]) -> float | None:
    """The median of the values that are known, the greater of the two in the middle; None if none is."""
    known = [value for value in values if value is not None]
    return sorted(known)[len(known) // 2] if known else None


def usual_share(requests: Sequence[float], errors: Sequence[float]) -> float | None:
    """The usual share of errors: the median over buckets with requests, or their mean where most had no error."""
    busy = [(asked, failed) for asked, failed in zip(requests, errors, strict=True) if asked > 0]
    share = median([failed / asked for asked, failed in busy])
    return share or (None if share is None else sum(failed for _, failed in busy) / sum(asked for asked, _ in busy))


def unusual_errors(requests: Sequence[float], errors: Sequence[float], usual: float | None) -> ErrorsFound | None:
    """Whether the errors of the newest minutes are well beyond the usual.

    Args:
        requests, errors: by minute, oldest first.
        usual: share of errors of the day before; None where it is not known.
    """
    split = len(errors) - RECENT
    failed, asked = sum(errors[split:]), sum(requests[split:])
    if failed < FEWEST_ERRORS:
        return None
    if usual is None:
        usual = usual_share(requests[:split], errors[:split])
    share = failed / asked if asked else None
    if usual is None:
        return ErrorsFound(share, None, failed, None) if failed >= asked * FAILING_SHARE else None
    expected = usual * asked
    if failed < max(expected * UNUSUAL_ERRORS, expected + DEVIATIONS * sqrt(expected + 1)):
        return None
    still = max(usual * STILL, failed / max(1.0, asked) * STILL_RECENT)
    first = split
    while first > 0 and errors[first - 1] > 0 and errors[first - 1] / max(1.0, requests[first - 1]) >= still:
        first -= 1
    while first < len(errors) - 1 and errors[first] == 0:
        first += 1
    return ErrorsFound(share, usual, failed, first or None)


def usual_latency(means: Sequence[float | None]) -> float | None:
    """The usual latency by that of each minute, of which the newest are left out; None where too few have one."""
    before = [mean for mean in means[: -RECENT - 1] if mean is not None]
    return median(before) if len(before) >= FEWEST_MINUTES else None


def unusual_latency(
    requests: Sequence[float],
    means: Sequence[float | None],
    medians: Callable[[], Sequence[float | None]],
    usual: float | None,
) -> LatencyFound | None:
    """Whether the latency of the newest minutes is well beyond the usual.

    Args:
        requests, means, medians: by minute, oldest first; latencies in milliseconds, None without one.
        usual: average latency of the day before in milliseconds; None where it is not known.
    """
    split = len(means) - RECENT - 1
    newest = zip(requests[split:], means[split:], strict=True)
    timed = [(asked if mean is not None else 0.0, mean or 0.0) for asked, mean in newest]
    weight = sum(asked for asked, _ in timed)
    expected = usual_latency(means) if usual is None else usual
    if weight < FEWEST_TIMED or expected is None:
        return None
    now = sum(asked * mean for asked, mean in timed) / weight
    if now < expected * SLOW or now < expected + SLOW_MS:
        return None
    middles = medians()
    usual_median = (median(middles[:split]) or 0.0) if usual is None else 0.0
    middle = sum(asked * (each or 0.0) for (asked, _), each in zip(timed, middles[split:], strict=True)) / weight
    return LatencyFound(now, expected) if middle >= usual_median * SLOW else None


def usual_figures(buckets: Sequence[TrafficBucket], fewest: int = FEWEST_BUCKETS) -> UsualFigures:
    """The usual values of figures; None for those with fewer than `fewest` buckets."""
    busy = [bucket for bucket in buckets if bucket.requests > 0]
    timed = [bucket.latency for bucket in busy if bucket.latency is not None]
    if len(busy) < fewest:
        return UsualFigures(None, None, None)
    share = usual_share([bucket.requests for bucket in busy], [bucket.errors for bucket in busy]) or 0.0
    return UsualFigures(
        median([bucket.requests / bucket.seconds for bucket in busy]),
        share * 100,
        median(timed) if len(timed) >= fewest else None,
    )
