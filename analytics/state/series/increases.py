"""Exact increases of cumulative counters and histograms, by series and source.

A source is one sender of a series, such as an instance. Its total is compared with its previous one alone:

- A total that did not fall adds the difference.
- A total that fell, or has another `started`, follows a reset: it counts as a whole.
- A late total of a counter is compared with its neighbours among the last `REMEMBERED` totals: its part of the increase
  moves to its own time, and a reset that it reveals counts. An older one, one of a time that is known, and a late total
  of a histogram change nothing: later totals included them, unless the source was reset in between.
- The first total of a source counts as a whole if its `started` says that all of it is new: that it began after this
  service recorded its first record, or the source was first seen in any series, or after the last point of its series.
- Any other first total is a baseline, and adds nothing: how much of it is new is unknown.
- A total that began at its own time has an unknown start, as OpenTelemetry defines it: a first one is a baseline.

Totals are forgotten with their series, and where a series has too many sources, those that were silent for long. So
that none counts twice when its source returns, a first total that began before the newest forgotten one is a baseline.
"""

from math import inf
from typing import NamedTuple

from msgspec import Struct

from analytics.points import ExponentialHistogram

MOST_SOURCES = 256
"""Sources of one series. Where it has so many, the one that was silent for the longest is forgotten for a new one."""
FEW_SOURCES = 16
"""Sources of one series up to which none is forgotten."""
LONGEST_SILENCE = 3600.0
"""Seconds, by the times of points, after which a source beyond `FEW_SOURCES` is forgotten when a new one comes."""


REMEMBERED = 4
"""Last totals of a counter from one source, among which late ones are put in order."""


class PastTotal(Struct, gc=False, array_like=True):
    """A total of a counter before the last one."""

    at: float
    value: float
    started: float | None = None


class SourceTotal(Struct, gc=False, omit_defaults=True):
    """The last total of one series from one source; times in seconds since the epoch.

    Attributes:
        histogram: the total of a cumulative histogram.
        past: the totals of a counter before it, newest first.
        is_whole: whether the very first total counted as a whole, instead of being a baseline; None if that one is no
            more remembered.
    """

    at: float
    value: float
    started: float | None = None
    histogram: ExponentialHistogram | None = None
    past: tuple[PastTotal, ...] = ()
    is_whole: bool | None = None


class Rise(NamedTuple):
    """The increase by a total.

    Attributes:
        increase: at the time of the total.
        baseline: counted before by the source alone.
        later: at the time `later_at` of the next total, of which a late total takes a part.
    """

    increase: float
    baseline: float = 0.0
    histogram: ExponentialHistogram | None = None
    later: float = 0.0
    later_at: float = 0.0


class Increases:
    """The last totals of all sources of all series.

    Attributes:
        recorded_since: time of the first record of the service; None before it.
        forgotten: time of the newest total that was forgotten with its series.
    """

    def __init__(self) -> None:
        self.recorded_since: float | None = None
        self.forgotten = -inf
        self._totals: dict[int, dict[str, SourceTotal]] = {}
        self._known: dict[str, tuple[float, int]] = {}
        self._silent: dict[int, float] = {}
        """Time of the newest total that a living series forgot, by its id."""

    def __len__(self) -> int:
        return sum(map(len, self._totals.values()))

    def rise(self, number: int, source: str, total: SourceTotal, newest: float | None) -> Rise | None:
        """Take a total; returns what it adds, or None if it is repeated or too late.

        Args:
            number: id of the series.
            newest: time of the newest point of the series before this one, from any source; None if it is the first.
        """
        totals = self._totals.setdefault(number, {})
        last = totals.get(source)
        if last is None:
            if len(totals) >= FEW_SOURCES:
                self._make_room(number, totals, total.at)
            since, series = self._known.get(source, (total.at, 0))
            self._known[source] = since, series + 1
        elif total.at <= last.at:
            is_repeated = total.at == last.at or total.histogram is not None or last.histogram is not None
            return None if is_repeated else _late(last, total)
        totals[source] = total
        if last is None:
            total.is_whole = self._is_all_new(number, total, since, newest)
            if total.is_whole:
                return Rise(total.value, histogram=total.histogram)
            return Rise(0.0, total.value)
        if total.histogram is None and last.histogram is None:
            total.past = (PastTotal(last.at, last.value, last.started), *last.past[: REMEMBERED - 2])
            total.is_whole = last.is_whole if len(last.past) < REMEMBERED - 1 else None
        if _restarted(last, total):
            return Rise(total.value, histogram=total.histogram)
        if total.started is None:
            total.started = last.started
        return _difference(last, total)

    def forget(self, number: int) -> None:
        """Forget the totals of a series."""
        self.forgotten = max(self.forgotten, self._silent.pop(number, -inf))
        for source, total in self._totals.pop(number, {}).items():
            self.forgotten = max(self.forgotten, total.at)
            self._release(source)

    def of(self, number: int) -> dict[str, SourceTotal]:
        """The last totals of a series by source."""
        return self._totals.get(number, {})

    def sources(self) -> dict[str, float]:
        """Since when each source is known, in seconds since the epoch."""
        return {source: since for source, (since, _) in self._known.items()}

    def silent(self, number: int) -> float:
        """Time of the newest total that a living series forgot."""
        return self._silent.get(number, -inf)

    def restore(
        self,
        totals: dict[int, dict[str, SourceTotal]],
        known: dict[str, float],
        silent: dict[int, float],
        forgotten: float,
        recorded_since: float | None,
    ) -> None:
        """Replace the content by that of another."""
        self._totals, self._silent = totals, silent
        self.forgotten, self.recorded_since = forgotten, recorded_since
        counts: dict[str, int] = {}
        for sources in totals.values():
            for source in sources:
                counts[source] = counts.get(source, 0) + 1
        self._known = {source: (since, counts[source]) for source, since in known.items() if source in counts}

    def _is_all_new(self, number: int, total: SourceTotal, since: float, newest: float | None) -> bool:
        """Whether nothing of the first total of a source was counted before, or happened before the service ran."""
        begun = _known_start(total)
        if begun is None:
            return False
        if newest is not None and begun >= newest:
            return True
        if begun <= self.forgotten or begun <= self.silent(number):
            return False
        return begun > since or (self.recorded_since is not None and begun > self.recorded_since)

    def _make_room(self, number: int, totals: dict[str, SourceTotal], now: float) -> None:
        """Forget the sources of a series that were silent for long; at least one where there are too many."""
        gone = [source for source, total in totals.items() if total.at < now - LONGEST_SILENCE]
        if len(totals) - len(gone) >= MOST_SOURCES:
            gone = [min(totals, key=lambda source: totals[source].at)]
        for source in gone:
            self._silent[number] = max(self.silent(number), totals.pop(source).at)
            self._release(source)

    def _release(self, source: str) -> None:
        since, series = self._known[source]
        if series > 1:
            self._known[source] = since, series - 1
        else:
            del self._known[source]


def _late(last: SourceTotal, total: SourceTotal) -> Rise | None:
    """Put a late total in order; returns what it adds, or None if it is repeated or too late."""
    late = PastTotal(total.at, total.value, total.started)
    known: tuple[SourceTotal | PastTotal, ...] = (last, *last.past)
    place = next((place for place, each in enumerate(known) if each.at <= late.at), len(known))
    following, before = known[place - 1], known[place] if place < len(known) else None
    if before is None:
        rise = _earliest(late, following, last.is_whole)
    elif before.at == late.at:
        return None
    else:
        late.started = before.started if late.started is None else late.started
        part = _increase(before, late)
        rise = Rise(part, 0.0, None, _increase(late, following) - _increase(before, following), following.at)
    if rise is not None:
        past = (*last.past[: place - 1], late, *last.past[place - 1 :])
        if len(past) >= REMEMBERED:
            past, last.is_whole = past[: REMEMBERED - 1], None
        last.past = past
    return rise


def _earliest(late: PastTotal, first: SourceTotal | PastTotal, is_whole: bool | None) -> Rise | None:
    """The increase by a total that is earlier than the first one, which counted as a whole or as the baseline."""
    if is_whole is None:
        return None
    if not is_whole:
        return Rise(0.0, late.value - first.value, None, _increase(late, first), first.at)
    if late.started != first.started or late.value > first.value:
        return None
    return Rise(late.value, 0.0, None, -late.value, first.at)


def _increase(before: SourceTotal | PastTotal, after: SourceTotal | PastTotal) -> float:
    """The increase of a counter between two totals that follow each other."""
    fell = after.value < before.value or _restarted(before, after)
    return after.value if fell else after.value - before.value


def _restarted(before: SourceTotal | PastTotal, after: SourceTotal | PastTotal) -> bool:
    """Whether a total says that its source began to count after the other one did."""
    begun = _known_start(after)
    return begun is not None and before.started is not None and begun > before.started


def _known_start(total: SourceTotal | PastTotal) -> float | None:
    """When the source began to count; None if that is unknown.

    Source: opentelemetry.io/docs/specs/otel/metrics/data-model/#cumulative-streams-handling-unknown-start-time
    """
    return None if total.started is None or total.started >= total.at else total.started


def _difference(last: SourceTotal, total: SourceTotal) -> Rise:
    """The increase from the last total to the next, which may be a reset."""
    if total.histogram is None:
        fell = total.value < last.value or last.histogram is not None
        return Rise(total.value if fell else total.value - last.value)
    risen = None if last.histogram is None else _risen(last.histogram, total.histogram)
    if risen is None:
        return Rise(total.value, histogram=total.histogram)
    return Rise(risen.count, histogram=risen)


def _risen(last: ExponentialHistogram, total: ExponentialHistogram) -> ExponentialHistogram | None:
    """The observations since `last`; None if some count fell."""
    scale = min(last.scale, total.scale)
    positive = _rest(last.positive, last.scale - scale, total.positive, total.scale - scale)
    negative = _rest(last.negative, last.scale - scale, total.negative, total.scale - scale)
    zeros = total.zero_count - last.zero_count
    if positive is None or negative is None or zeros < 0 or total.count < last.count:
        return None
    return ExponentialHistogram(
        scale, total.count - last.count, total.sum - last.sum, positive, negative, zeros, total.zero_threshold
    )


def _rest(
    last: dict[int, float], last_shift: int, total: dict[int, float], total_shift: int
) -> dict[int, float] | None:
    rest: dict[int, float] = {}
    for index, count in total.items():
        rest[index >> total_shift] = rest.get(index >> total_shift, 0.0) + count
    for index, count in last.items():
        left = rest.get(index >> last_shift, 0.0) - count
        if left < 0:
            return None
        rest[index >> last_shift] = left
    return {index: count for index, count in rest.items() if count}
