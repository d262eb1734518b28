"""Sliding sums: what each endpoint did over the newest buckets of time, exact whatever the values."""

from collections.abc import Mapping

from analytics.state.changes import Changes

Key = tuple[str, str]
"""Service and endpoint."""

SCALE_BITS = 80
SCALE = 2.0**SCALE_BITS
"""Totals are integers in units of 1 / SCALE: exact for every float from 2**-27 up, and finer floats are cut the same
way when they are added and when they are taken back."""


class Usage:
    """Requests, errors among them, and how many of them had a latency, with its sum in ms."""

    __slots__ = ("errors", "milliseconds", "requests", "timed")

    def __init__(self, requests: float = 0, errors: float = 0, timed: int = 0, milliseconds: float = 0.0) -> None:
        self.requests = requests
        self.errors = errors
        self.timed = timed
        self.milliseconds = milliseconds

    def add(self, other: "Usage") -> None:
        """Add what `other` holds."""
        self.requests += other.requests
        self.errors += other.errors
        self.timed += other.timed
        self.milliseconds += other.milliseconds


class Total:
    """The sum of one key's usage over the buckets that hold it.

    Kept in integers (see `SCALE`), so that a bucket that leaves takes back exactly what it added: the total depends
    on the buckets that are left and on nothing else.
    """

    __slots__ = ("_errors", "_milliseconds", "_requests", "buckets", "timed")

    def __init__(self) -> None:
        self.buckets = 0
        self.timed = 0
        self._requests = self._errors = self._milliseconds = 0

    def add(self, usage: Usage) -> None:
        """Add the usage of a bucket."""
        self.buckets += 1
        self.timed += usage.timed
        self._requests += _exact(usage.requests)
        self._errors += _exact(usage.errors)
        self._milliseconds += _exact(usage.milliseconds)

    def subtract(self, usage: Usage) -> None:
        """Take back the usage of a bucket, which must be what was added."""
        self.buckets -= 1
        self.timed -= usage.timed
        self._requests -= _exact(usage.requests)
        self._errors -= _exact(usage.errors)
        self._milliseconds -= _exact(usage.milliseconds)

    @property
    def requests(self) -> float:
        return self._requests / (1 << SCALE_BITS)

    @property
    def errors(self) -> float:
        return self._errors / (1 << SCALE_BITS)

    @property
    def mean_ms(self) -> float | None:
        """Average latency in ms of the requests that had one; None where none had."""
        return self._milliseconds / (self.timed << SCALE_BITS) if self.timed else None

    @property
    def rank(self) -> int:
        """What orders keys by their requests, the busiest first."""
        return -self._requests


def _exact(value: float) -> int:
    return value << SCALE_BITS if value.__class__ is int else int(value * SCALE)


class SlidingSum:
    """Usage by key over the newest `keep` buckets of `size` seconds."""

    def __init__(self, size: int, keep: int, now: float) -> None:
        self._size, self._keep = size, keep
        self._buckets: dict[int, dict[Key, Usage]] = {}
        self._newest = int(now) // size
        self.changes: Changes[int] = Changes()
        self.totals: dict[Key, Total] = {}

    def add(self, at: float, key: Key, usage: Usage) -> None:
        """Count `usage` at `at` (ahead counts as now), unless that has left the window already."""
        number = min(int(at) // self._size, self._newest)
        if number < self.oldest:
            return
        self.changes.note(number)
        bucket = self._buckets.setdefault(number, {})
        total = self.totals.get(key)
        if total is None:
            total = self.totals[key] = Total()
        held = bucket.get(key)
        if held is None:
            held = bucket[key] = Usage()
        else:
            total.subtract(held)
        held.add(usage)
        total.add(held)

    def advance(self, now: float) -> set[Key]:
        """Drop the buckets that are older than the window; returns the keys that they held."""
        self._newest = max(self._newest, int(now) // self._size)
        left: set[Key] = set()
        for number in [number for number in self._buckets if number < self.oldest]:
            self.changes.forget(number)
            for key, usage in self._buckets.pop(number).items():
                left.add(key)
                self._take_back(key, usage)
        return left

    def forget(self, key: Key) -> None:
        """Remove all that is known of `key`."""
        self.totals.pop(key, None)
        for number, bucket in self._buckets.items():
            if bucket.pop(key, None) is not None:
                self.changes.note(number)

    @property
    def newest(self) -> int:
        """The number of the bucket that is open."""
        return self._newest

    @property
    def oldest(self) -> int:
        """The number of the oldest bucket that is kept."""
        return self._newest - self._keep + 1

    def bucket(self, number: int) -> Mapping[Key, Usage]:
        """What one bucket holds; nothing where it has left the window."""
        return self._buckets.get(number, {})

    def restore(self, newest: int, buckets: Mapping[int, dict[Key, Usage]]) -> None:
        """Become what another one was; it may have kept more or less."""
        self._newest = newest
        self._buckets = {number: bucket for number, bucket in buckets.items() if number >= self.oldest}
        self.totals = {}
        for bucket in self._buckets.values():
            for key, usage in bucket.items():
                self.totals.setdefault(key, Total()).add(usage)

    def _take_back(self, key: Key, usage: Usage) -> None:
        total = self.totals[key]
        total.subtract(usage)
        if not total.buckets:
            del self.totals[key]
