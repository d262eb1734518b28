"""Progress of the sink: which closed buckets another database has, and which of those changed since.

A late record changes buckets that are closed, and perhaps delivered. Their keys wait here, until a delivery says that
it read them later. Only applied records change this: reads may count a change earlier, but within the same second of
the state's time. So times are in whole seconds, and a bucket is closed if the records say so.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import msgspec

from analytics.records import NewDelivery
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket

SERIES_SOURCE, USERS_SOURCE, ENDPOINTS_SOURCE, CUSTOM_SOURCE = "series", "users", "endpoints", "custom"
MOST_LATE_KEYS = 100_000
"""Keys that wait in all once a second is over; beyond it, whole buckets are delivered again."""

Note = Callable[[int, int, Iterable[Any]], None]
"""Called with level and start of a closed bucket, and the keys in it that changed."""


class LateBucket(msgspec.Struct, array_like=True):
    """Changes of one bucket: the keys, None for all, and the second of the newest change since the epoch."""

    keys: set[Any] | None
    at: float


class StoredProgress(msgspec.Struct, array_like=True):
    """A `SinkProgress`, serialised."""

    sink: str
    upto: list[int]
    missed: int
    late: list[tuple[str, int, int, list[Any] | None, float]]


class SinkProgress:
    """How far a sink is.

    Changes are collected from the first delivery on: a sink records an empty one before it reads anything.

    Args:
        time: the state's time.
        sizes: seconds of a bucket by level, from seconds on.
    """

    def __init__(self, time: Callable[[], float], sizes: Sequence[int]) -> None:
        self._time, self._sizes = time, tuple(sizes)
        self.sink = ""
        """The database that has the delivered buckets; empty if there never was one."""
        self.upto = {Resolution.MINUTE: 0, Resolution.HOUR: 0, Resolution.DAY: 0}
        """By level the start of the first bucket that is not delivered."""
        self.missed = 0
        """How many minutes expired before they, or late changes of them, were delivered, in total."""
        self.late: dict[tuple[str, Bucket], LateBucket] = {}
        """By source and bucket."""
        self._size = 0

    def watch(self, source: str, finest: int = Resolution.SECOND) -> Note:
        """The function that a rollup calls with the changes of closed buckets; its levels begin with `finest`."""

        def note(level: int, start: int, keys: Iterable[Hashable]) -> None:
            if self.sink and level + finest >= Resolution.MINUTE:
                self._note(source, Bucket(level + finest, start), keys)

        return note

    def delivered(self, delivery: NewDelivery) -> None:
        """Note that buckets were delivered, with all changes before the delivery's `as_of`."""
        if delivery.sink != self.sink:
            self.sink, self.missed = delivery.sink, 0
        self.missed += delivery.missed
        for key in [key for key, found in self.late.items() if is_covered(delivery, *key, found.at)]:
            self._forget(key)
        self.upto = dict(zip(self.upto, delivery.upto, strict=True))

    def expire(self, oldest: Sequence[int]) -> None:
        """Forget the changes of buckets that expired, and keys if there are too many: called when a second is over.

        `oldest` has the oldest start by level, from seconds on.
        """
        gone = [key for key in self.late if key[1].start < oldest[key[1].level]]
        minutes = {bucket.start for _, bucket in gone if bucket.level == Resolution.MINUTE}
        self.missed += sum(start < self.upto[Resolution.MINUTE] for start in minutes)
        for key in gone:
            self._forget(key)
        if self._size > MOST_LATE_KEYS:
            sizes = [(len(found.keys), key) for key, found in self.late.items() if found.keys is not None]
            for size, key in sorted(sizes, reverse=True):
                self.late[key].keys = None
                self._size -= size
                if self._size <= MOST_LATE_KEYS:
                    break

    def dump(self) -> bytes:
        """All of it, for `restore`."""
        late = [(source, *bucket, _listed(found.keys), found.at) for (source, bucket), found in self.late.items()]
        return msgspec.msgpack.encode(StoredProgress(self.sink, list(self.upto.values()), self.missed, late))

    def restore(self, body: bytes) -> None:
        """Replace the content by what `dump` wrote.

        Raises:
            msgspec.DecodeError: it is damaged.
        """
        stored = msgspec.msgpack.decode(body, type=StoredProgress)
        self.sink, self.missed = stored.sink, stored.missed
        self.upto = dict(zip(self.upto, stored.upto, strict=True))
        self.late = {
            (source, Bucket(level, start)): LateBucket(None if keys is None else {_key(each) for each in keys}, at)
            for source, level, start, keys, at in stored.late
        }
        self._size = sum(len(found.keys) for found in self.late.values() if found.keys is not None)

    def _note(self, source: str, bucket: Bucket, keys: Iterable[Hashable]) -> None:
        now = self._time() // 1
        if bucket.start + self._sizes[bucket.level] > now:
            return  # only a read has closed it so far
        found = self.late.setdefault((source, bucket), LateBucket(set(), now))
        found.at = now
        if found.keys is None:
            return
        before = len(found.keys)
        found.keys.update(keys)
        self._size += len(found.keys) - before

    def _forget(self, key: tuple[str, Bucket]) -> None:
        self._size -= len(self.late.pop(key).keys or ())


def is_covered(delivery: NewDelivery, source: str, bucket: Bucket, at: float) -> bool:
    """Whether a delivery has the change of a bucket in a second: not if it was read in the same one."""
    place = bucket.level - Resolution.MINUTE
    is_first = delivery.since[place] <= bucket.start < delivery.upto[place]
    return at < delivery.as_of // 1 and (is_first or (source, *bucket) in delivery.late)


def _listed(keys: set[Any] | None) -> list[Any] | None:
    return None if keys is None else list(keys)


def _key(stored: Any) -> Any:
    """A key as rollups have it: MessagePack makes lists of tuples."""
    return tuple(map(_key, stored)) if isinstance(stored, list) else stored
