"""Batches of lines, in the order in which closed buckets are delivered, and what is delivered with each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from analytics.clock import MINUTE_SECONDS
from analytics.query.reader import Reader
from analytics.records import NewDelivery
from analytics.sinks.closed import SIZES
from analytics.sinks.influx.rows import ALL_SOURCES, ClosedBuckets, Keys
from analytics.state.late_changes import is_covered
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from analytics.state.state import State

MOST_LINES, MOST_CHARACTERS = 5_000, 1_000_000
"""Of a batch."""
Upto = Mapping[Resolution, int]


class Batch(NamedTuple):
    """Lines, and what is delivered as soon as they are taken; None if that is not a whole bucket yet."""

    lines: list[str]
    delivery: NewDelivery | None


class Unit(NamedTuple):
    """One bucket; `late` has the sources whose changes it has, and is empty for a bucket that was never delivered."""

    bucket: Bucket
    keys: Keys
    late: list[tuple[str, int, int]]


class DeliveryPlan(NamedTuple):
    """The buckets to deliver.

    Attributes:
        begin: by level the first bucket.
        late: delivered buckets that changed.
        missed: the number of minutes before `begin` that expired.
        as_of: the state's time; changes from then on are not in `late`.
    """

    begin: Upto
    late: list[Unit]
    missed: int
    as_of: float


def plan(
    state: State, now: float, sink: str, begin: Upto | None, unrecorded: Sequence[NewDelivery] = ()
) -> DeliveryPlan:
    """The buckets that a sink does not have yet.

    Args:
        begin: how far it is; None to begin where the state says that it is.
        unrecorded: deliveries that the state does not know yet.
    """
    progress = state.sink_progress
    is_known = begin is not None or progress.sink == sink
    known = begin or {level: progress.upto[level] if is_known else 0 for level in SIZES}
    oldest = {level: state.series.oldest(level) for level in SIZES}
    first = {level: max(known[level], oldest[level]) for level in SIZES}
    gap = first[Resolution.MINUTE] - known[Resolution.MINUTE] if known[Resolution.MINUTE] else 0
    late: dict[Bucket, Unit] = {}
    for (source, bucket), found in progress.late.items() if is_known else ():
        level = Resolution(bucket.level)
        is_delivered = any(is_covered(delivery, source, bucket, found.at) for delivery in unrecorded)
        if oldest[level] <= bucket.start < known[level] and not is_delivered:
            unit = late.setdefault(bucket, Unit(bucket, {}, []))
            keys = None if found.keys is None else frozenset(found.keys)
            late[bucket] = unit._replace(keys={**unit.keys, source: keys}, late=[*unit.late, (source, *bucket)])
    return DeliveryPlan(first, list(late.values()), gap // MINUTE_SECONDS, state.time)


def batches(
    reader: Reader, buckets: ClosedBuckets, sink: str, found: DeliveryPlan, until: Upto, most_lines: int
) -> Iterator[Batch]:
    """The batches up to `until`: first minutes, hours and days, each oldest first, then late changes."""
    lines: list[str] = []
    size, done = 0, _Done(sink, dict(found.begin), found.missed)
    for unit in _units(found, until):
        level, start = Resolution(unit.bucket.level), unit.bucket.start
        read_at, oldest = reader.ask(_time_and_oldest, level)
        for line in buckets.lines(unit.bucket, unit.keys):
            lines.append(line)
            size += len(line)
            if len(lines) >= most_lines or size >= MOST_CHARACTERS:
                yield Batch(lines, done.take())
                lines, size = [], 0
        done.add(unit, found.as_of if unit.late else read_at, is_missed=level == Resolution.MINUTE and start < oldest)
    if lines or done.has_any:
        yield Batch(lines, done.take())


class _Done:
    """Collects the buckets of which all lines are in batches."""

    def __init__(self, sink: str, upto: dict[Resolution, int], missed: int) -> None:
        self._sink, self._since, self._upto, self._missed = sink, dict(upto), upto, missed
        self._late: list[tuple[str, int, int]] = []
        self._as_of: float | None = None

    @property
    def has_any(self) -> bool:
        """Whether there are any since the last `take`."""
        return self._as_of is not None

    def add(self, unit: Unit, as_of: float, *, is_missed: bool) -> None:
        """A bucket that has all changes before a time."""
        self._as_of = as_of if self._as_of is None else min(as_of, self._as_of)
        self._missed += is_missed
        if unit.late:
            self._late += unit.late
        else:
            level = Resolution(unit.bucket.level)
            self._upto[level] = unit.bucket.start + SIZES[level]

    def take(self) -> NewDelivery | None:
        """The delivery of those since the last call; None if there are none."""
        if self._as_of is None:
            return None
        since, upto = ([starts[level] for level in SIZES] for starts in (self._since, self._upto))
        found = NewDelivery(self._sink, since, upto, self._as_of, self._late, self._missed)
        self._since, self._late, self._missed, self._as_of = dict(self._upto), [], 0, None
        return found


def _time_and_oldest(state: State, now: float, level: Resolution) -> tuple[float, int]:
    return state.time, state.series.oldest(level)


def _units(found: DeliveryPlan, until: Upto) -> Iterator[Unit]:
    for level, size in SIZES.items():
        for start in range(found.begin[level], until[level], size):
            yield Unit(Bucket(level, start), ALL_SOURCES, [])
    yield from found.late
