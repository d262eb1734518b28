"""Sliding sums of endpoint usage over the newest time buckets, exact for all values."""

from collections.abc import Mapping

from analytics.state.dirty import DirtySet
from analytics.state.exact import UNIT_BITS, divided, in_units

Key = tuple[str, str]
"""Service and endpoint."""


class Usage:
    """Usage of one endpoint in one request: requests, errors, number of latencies, and their sum in ms."""

    __slots__ = ("errors", "milliseconds", "requests", "timed")

    def __init__(self, requests: float = 0, errors: float = 0, timed: int = 0, milliseconds: float = 0.0) -> None:
        self.requests = requests
        self.errors = errors
        self.timed = timed
        self.milliseconds = milliseconds

    def add(self, other: "Usage") -> None:
        """Add another usage."""
        self.requests += other.requests
        self.errors += other.errors
        self.timed += other.timed
        self.milliseconds += other.milliseconds


class Total:
    """Sum of usages.

    Requests, errors and milliseconds are integers in units of 2**-80. Subtracting an expired bucket is therefore exact,
    and a total depends only on the buckets that are left.
    """

    __slots__ = ("buckets", "errors_in_units", "ms_in_units", "requests_in_units", "timed")

    def __init__(self, requests: int = 0, errors: int = 0, timed: int = 0, milliseconds: int = 0) -> None:
        self.buckets = 0
        self.requests_in_units = requests
        self.errors_in_units = errors
        self.timed = timed
        self.ms_in_units = milliseconds

    @classmethod
    def of(cls, usage: Usage) -> "Total":
        """The usage of one request."""
        return cls(in_units(usage.requests), in_units(usage.errors), usage.timed, in_units(usage.milliseconds))

    def add(self, other: "Total") -> None:
        """Add another total."""
        self.requests_in_units += other.requests_in_units
        self.errors_in_units += other.errors_in_units
        self.timed += other.timed
        self.ms_in_units += other.ms_in_units

    def subtract(self, other: "Total") -> None:
        """Subtract a total that was added."""
        self.requests_in_units -= other.requests_in_units
        self.errors_in_units -= other.errors_in_units
        self.timed -= other.timed
        self.ms_in_units -= other.ms_in_units

    @property
    def requests(self) -> float:
        return divided(self.requests_in_units, 1 << UNIT_BITS)

    @property
    def errors(self) -> float:
        return divided(self.errors_in_units, 1 << UNIT_BITS)

    @property
    def milliseconds(self) -> float:
        """Sum of the latencies."""
        return divided(self.ms_in_units, 1 << UNIT_BITS)

    @property
    def mean_ms(self) -> float | None:
        """Average latency in ms of the requests that had one, or None."""
        return divided(self.ms_in_units, self.timed << UNIT_BITS) if self.timed else None

    @property
    def rank(self) -> int:
        """Sort key: most requests first."""
        return -self.requests_in_units


class SlidingSum:
    """Usage by key over the newest `keep` buckets of `size` seconds; a changed `keep` applies from `advance` on."""

    def __init__(self, size: int, keep: int, now: float) -> None:
        self._size, self.keep = size, keep
        self._buckets: dict[int, dict[Key, Total]] = {}
        self._newest = int(now) // size
        self.dirty: DirtySet[int] = DirtySet()
        self.totals: dict[Key, Total] = {}

    def add(self, at: float, key: Key, more: Total) -> None:
        """Add usage at `at` (the future counts as now); ignored if older than the window."""
        number = min(int(at) // self._size, self._newest)
        if number < self.oldest:
            return
        self.dirty.add(number)
        bucket = self._buckets.setdefault(number, {})
        total = self.totals.get(key)
        if total is None:
            total = self.totals[key] = Total()
        held = bucket.get(key)
        if held is None:
            held = bucket[key] = Total()
            total.buckets += 1
        held.add(more)
        total.add(more)

    def advance(self, now: float) -> set[Key]:
        """Drop the buckets older than the window; returns their keys."""
        self._newest = max(self._newest, int(now) // self._size)
        left: set[Key] = set()
        for number in [number for number in self._buckets if number < self.oldest]:
            self.dirty.discard(number)
            for key, held in self._buckets.pop(number).items():
                left.add(key)
                self._take_back(key, held)
        return left

    def forget(self, key: Key) -> None:
        """Remove `key` from all buckets."""
        self.totals.pop(key, None)
        for number, bucket in self._buckets.items():
            if bucket.pop(key, None) is not None:
                self.dirty.add(number)

    @property
    def newest(self) -> int:
        """Number of the open bucket."""
        return self._newest

    @property
    def oldest(self) -> int:
        """Number of the oldest bucket kept."""
        return self._newest - self.keep + 1

    def bucket(self, number: int) -> Mapping[Key, Total]:
        """Totals of one bucket by key; empty if it is outside the window."""
        return self._buckets.get(number, {})

    def restore(self, newest: int, buckets: Mapping[int, dict[Key, Total]]) -> None:
        """Replace the content by that of another one; its window may have been different."""
        self._newest = newest
        self._buckets = {number: bucket for number, bucket in buckets.items() if number >= self.oldest}
        self.totals = {}
        for bucket in self._buckets.values():
            for key, held in bucket.items():
                total = self.totals.setdefault(key, Total())
                total.buckets += 1
                total.add(held)

    def _take_back(self, key: Key, held: Total) -> None:
        total = self.totals[key]
        total.buckets -= 1
        total.subtract(held)
        if not total.buckets:
            del self.totals[key]
