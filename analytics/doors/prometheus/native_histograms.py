"""Decodes Prometheus' native histograms, as remote write sends them.

Prometheus' bucket `i` is bucket `i - 1` of an exponential histogram. Buckets are given as spans, each of a gap and a
number of buckets in a row. Integer counts are given as differences to the bucket before, float counts as they are.

Source: github.com/prometheus/prometheus/blob/main/prompb/types.proto and prometheus.io/docs/specs/native_histograms
"""

import math
from collections.abc import Sequence
from itertools import accumulate

from analytics.doors.prometheus.samples import is_stale, seconds
from analytics.doors.prometheus.wire import WireField, fields
from analytics.errors import ValidationFailed
from analytics.points import HISTOGRAM, ExponentialHistogram, Labels, NewPoint

SCHEMAS = range(-4, 9)
"""Schemas of exponential buckets, which are scales of exponential histograms."""
CUSTOM_SCHEMA = -53
GAUGE_HINT = 3
MOST_NATIVE_BUCKETS = 2_000
MOST_INDEX = 2**31
Span = tuple[int, int]
"""The gap before some buckets, and their number."""


class UnsupportedHistogram(ValidationFailed):
    """A histogram whose values cannot be kept; the message says why."""

    code = "unsupported_histogram"


class RemoteHistogram:
    """A histogram as it was sent.

    Raises:
        MalformedProtobuf: `data` is no histogram.
    """

    def __init__(self, data: bytes) -> None:
        self._at = 0.0
        self._sum = self._count = self._zero_count = self._zero_threshold = 0.0
        self._schema = self._hint = 0
        self._spans: dict[int, list[Span]] = {8: [], 11: []}
        self._deltas: dict[int, list[int]] = {9: [], 12: []}
        self._counts: dict[int, list[float]] = {10: [], 13: []}
        for field in fields(data):
            self._take(field)

    @property
    def size(self) -> int:
        """How many buckets it has."""
        return sum(map(len, self._deltas.values())) + sum(map(len, self._counts.values()))

    def point(self, labels: Labels) -> NewPoint:
        """The point of a series that it is: a total, or the end of the series.

        Raises:
            UnsupportedHistogram: it has buckets of another kind, may fall, or its counts are no counts.
        """
        ended = is_stale(self._sum)
        return NewPoint(labels, HISTOGRAM, None, self._at, None if ended else self._histogram(), is_cumulative=True)

    def _histogram(self) -> ExponentialHistogram:
        if self._schema not in SCHEMAS:
            kind = "custom buckets" if self._schema == CUSTOM_SCHEMA else f"the unknown schema {self._schema}"
            raise UnsupportedHistogram(f"A native histogram has {kind}; send classic buckets instead.")
        if self._hint == GAUGE_HINT:
            raise UnsupportedHistogram("Gauge histograms are not supported; send one that only counts up.")
        positive, negative = self._buckets(11, 12, 13), self._buckets(8, 9, 10)
        counts = [self._count, self._zero_count, self._zero_threshold, *positive.values(), *negative.values()]
        if not all([0 <= count < math.inf for count in counts]) or not math.isfinite(self._sum):  # noqa: C419
            raise UnsupportedHistogram("A native histogram has a count below 0, or one that is not finite.")
        return ExponentialHistogram(
            self._schema, self._count, self._sum, positive, negative, self._zero_count, self._zero_threshold
        )

    def _take(self, field: WireField) -> None:
        number = field.number
        if number in self._spans:
            self._spans[number].append(_span(field.message()))
        elif number in self._deltas:
            self._deltas[number] += field.sints()
        elif number in self._counts:
            self._counts[number] += field.doubles()
        elif number in (1, 2):
            self._count = float(field.uint64()) if number == 1 else field.double()
        elif number in (6, 7):
            self._zero_count = float(field.uint64()) if number == 6 else field.double()
        elif number == 3:
            self._sum = field.double()
        elif number == 4:
            self._schema = field.sint()
        elif number == 5:
            self._zero_threshold = field.double()
        elif number == 14:
            self._hint = field.uint64()
        elif number == 15:
            self._at = seconds(field.int64())

    def _buckets(self, spans: int, deltas: int, counts: int) -> dict[int, float]:
        absolute: Sequence[float] = self._counts[counts] or [*map(float, accumulate(self._deltas[deltas]))]
        size = sum(length for _, length in self._spans[spans])
        if size != len(absolute) or size > MOST_NATIVE_BUCKETS:
            raise UnsupportedHistogram(
                f"A native histogram has {len(absolute)} counts for {size} buckets, at most {MOST_NATIVE_BUCKETS}."
            )
        buckets: dict[int, float] = {}
        index, at = -1, 0
        for gap, length in self._spans[spans]:
            index += gap
            if abs(index) + length > MOST_INDEX:
                raise UnsupportedHistogram("A native histogram has a bucket beyond all numbers.")
            buckets.update((index + each, absolute[at + each]) for each in range(length) if absolute[at + each])
            index, at = index + length, at + length
        return buckets


def _span(data: bytes) -> Span:
    gap = length = 0
    for field in fields(data):
        if field.number == 1:
            gap = field.sint()
        elif field.number == 2:
            length = field.uint64()
    return gap, length
