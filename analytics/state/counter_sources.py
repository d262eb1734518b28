"""Cumulative counters in heartbeats: how much they increased, given restarts and replicas without a name.

Heartbeats that name their instance have counters of their own: a rise is added, and a fall is a restart, after which
the counter counts from zero.

Heartbeats without an instance may come from several replicas, whose counters then alternate. Each replica is one
source. A heartbeat belongs to the source from which its value rose the least:

- A value below all sources starts a new source. If the previous source reports again, they are two replicas. If two
  more heartbeats continue the new source and the previous one stays silent, it was a restart; only then is its value
  added to the series.
- A value more than ten times above all sources below it also starts a new source if several sources are known already.
- The first rise of a source is held back while it may be a jump to another source: with several sources for one
  heartbeat; with one source, if the value rose more than tenfold, until small rises or `DECIDING_BEATS` heartbeats
  follow. If a value in between follows instead, the high value was another source.

Totals include every value at once; only the series wait for these decisions.

Known limits: sources whose first values differ by less than tenfold, or that report in changing order, cause one or two
wrong steps. A restarted counter that soon passes its old value loses one step in the series. A source that is silent
for `PATIENCE` rounds of the others is forgotten. At most `MAX_SOURCES` are kept. Named instances have none of these
limits.
"""

from typing import NamedTuple

from msgspec import Struct, field

Figure = int | float
"""A JSON number."""

MAX_SOURCES = 16
PATIENCE = 16
JUMP_FACTOR = 10
"""A first rise of more than this many times the value may be a jump to another source."""
SMALL_STEP = 100
"""After a fall, a first rise of up to this much is not a jump."""
DECIDING_BEATS = 8
"""After this many heartbeats a jump counts as a rise, whatever followed it."""
RESTART_BEATS = JUMP_BEATS = 2
"""Heartbeats that must continue a fallen value before it is a restart, or a jump before it is a rise."""


class CounterValues(NamedTuple):
    """Cumulative counts of requests and errors; None where a heartbeat has none."""

    requests: Figure | None = None
    errors: Figure | None = None

    @property
    def leading(self) -> Figure:
        """The count that tells sources apart."""
        return (self.requests if self.requests is not None else self.errors) or 0

    def follows(self, other: "CounterValues") -> bool:
        """Whether no count fell since `other`."""
        return all(a is None or b is None or a >= b for a, b in zip(self, other, strict=True))

    def over(self, other: "CounterValues") -> "CounterValues":
        """These counts, with those of `other` for the missing ones."""
        return CounterValues(*(b if a is None else a for a, b in zip(self, other, strict=True)))


class Increase(NamedTuple):
    """Requests and errors to add; negative to move earlier ones elsewhere."""

    requests: Figure = 0
    errors: Figure = 0

    def plus(self, requests: Figure, errors: Figure) -> "Increase":
        return Increase(self.requests + requests, self.errors + errors)


NO_INCREASE = Increase()


class Gain(NamedTuple):
    """The increase by a heartbeat: `before` to the baseline from before the first observation, `now` to the series."""

    before: Increase = NO_INCREASE
    now: Increase = NO_INCREASE

    def add(self, before: Increase = NO_INCREASE, now: Increase = NO_INCREASE) -> "Gain":
        """The sum of this gain and another."""
        return Gain(self.before.plus(*before), self.now.plus(*now))


class CounterSource(Struct):
    """One source of counters.

    Attributes:
        number: identifies the source among those of its sender.
        value: the latest counts.
        heard: the sender's heartbeat count at the source's latest heartbeat.
        first: the first counts.
        steps: heartbeats since the first.
        held: the value before a first rise that may be a jump, while that is undecided.
        rivals: numbers of the sources of which this one may be a restart.
        has_ended: whether another source appears to be its restart.
    """

    number: int
    value: CounterValues
    heard: int
    first: CounterValues
    steps: int = 0
    held: CounterValues | None = None
    rivals: list[int] = []
    has_ended: bool = False


class CounterSources(Struct):
    """The sources of one sender; only one if `is_named`, since its heartbeats name their instance."""

    is_named: bool
    beats: int = 0
    sources: list[CounterSource] = field(name="tracks", default_factory=list)
    has_several: bool = False

    def update(self, counters: CounterValues) -> Gain:
        """Add the counters of a heartbeat."""
        if counters.requests is None and counters.errors is None:
            return Gain()
        self.beats += 1
        if not self.sources:
            return self._begin(counters, [])
        if self.is_named:
            return self._continue_named(self.sources[0], counters)
        source, is_between = self._nearest(counters)
        if source is None:
            gain = self._begin(counters, [each.number for each in self.sources if not each.has_ended])
        elif not is_between and (self.has_several or source.held) and _is_jump(source.value, counters):
            self.has_several = True
            gain = self._begin(counters, [])
        elif is_between:
            gain = self._split(source).add(*self._continue(source, counters))
        else:
            gain = self._continue(source, counters)
        self._forget_silent()
        return gain

    def _begin(self, value: CounterValues, rivals: list[int]) -> Gain:
        number = max((source.number for source in self.sources), default=0) + 1
        self.sources.append(CounterSource(number, value, self.beats, value, rivals=rivals))
        return Gain(before=_whole(value))

    def _continue_named(self, source: CounterSource, counters: CounterValues) -> Gain:
        """The rise since the last heartbeat; a count that fell started again from zero."""
        since = CounterValues(
            *(
                0 if old is not None and new is not None and new < old else old
                for new, old in zip(counters, source.value, strict=True)
            )
        )
        source.value = counters.over(source.value)
        return _rise(counters, since)

    def _nearest(self, counters: CounterValues) -> tuple[CounterSource | None, bool]:
        """The source from which `counters` rose the least, and whether they lie below the value it jumped to."""
        found: list[tuple[Figure, int, CounterSource, bool]] = []
        for source in self.sources:
            if counters.follows(source.value):
                found.append((counters.leading - source.value.leading, source.number, source, False))
            elif source.held is not None and counters.follows(source.held):
                found.append((counters.leading - source.held.leading, source.number, source, True))
        if not found:
            return None, False
        _, _, nearest, is_between = min(found, key=lambda each: each[:2])
        return nearest, is_between

    def _split(self, source: CounterSource) -> Gain:
        """Split a jump off as another source, whose whole value belongs to the baseline."""
        assert source.held is not None
        self.has_several = True
        number = max(each.number for each in self.sources) + 1
        self.sources.append(CounterSource(number, source.value, source.heard, source.value))
        jumped, source.value, source.held, source.steps = source.value, source.held, None, 0
        return Gain(before=_whole(jumped).plus(*_minus(_rise(jumped, source.value).now)))

    def _continue(self, source: CounterSource, counters: CounterValues) -> Gain:
        gain = _rise(counters, source.value)
        if source.held is not None and not self._goes_on(source, counters):
            gain = Gain(before=gain.before.plus(*gain.now))
        elif source.held is not None:
            waited = _rise(source.value, source.held).now
            gain = gain.add(before=_minus(waited), now=waited)
            source.held = None
        elif source.steps == 0 and self._may_be_jump(source, counters):
            gain = Gain(before=gain.before.plus(*gain.now))
            source.held = source.value
        source.value, source.heard = counters.over(source.value), self.beats
        source.steps += 1
        return gain.add(*self._resolve(source))

    def _goes_on(self, source: CounterSource, new: CounterValues) -> bool:
        """Whether a counter that jumped continues as one source: by small rises, or for long enough."""
        assert source.held is not None
        if self.has_several:
            return source.steps >= 1
        rose, jumped = new.leading - source.value.leading, source.value.leading - source.held.leading
        return (source.steps >= JUMP_BEATS and rose * JUMP_FACTOR <= jumped) or source.steps >= DECIDING_BEATS

    def _may_be_jump(self, source: CounterSource, new: CounterValues) -> bool:
        old = source.value
        rose = new.leading - old.leading
        if source.rivals and rose > max(old.leading, SMALL_STEP):
            return True
        return rose > 0 if self.has_several else _is_jump(old, new)

    def _resolve(self, heard: CounterSource) -> Gain:
        """Decide which new sources are replicas and which are restarts, after a heartbeat of `heard`."""
        if heard.has_ended:
            heard.has_ended, self.has_several = False, True
        for source in self.sources:
            if heard.number in source.rivals:
                source.rivals.remove(heard.number)
                self.has_several |= not source.rivals
        if not heard.rivals or heard.held is not None or heard.steps < RESTART_BEATS:
            return Gain()
        silent = min((each for each in self.sources if each.number in heard.rivals), key=lambda each: each.heard)
        silent.has_ended = True
        self._remove_rival(silent)
        heard.rivals = []
        counted = _whole(heard.first)
        return Gain(before=_minus(counted), now=counted)

    def _forget_silent(self) -> None:
        oldest = self.beats - PATIENCE * len(self.sources)
        for source in [each for each in self.sources if each.heard < oldest]:
            self._remove(source)
        if len(self.sources) > MAX_SOURCES:
            self._remove(min(self.sources, key=lambda each: each.heard))

    def _remove(self, source: CounterSource) -> None:
        self.sources.remove(source)
        self._remove_rival(source)

    def _remove_rival(self, source: CounterSource) -> None:
        for each in self.sources:
            if source.number in each.rivals:
                each.rivals.remove(source.number)


def _is_jump(old: CounterValues, new: CounterValues) -> bool:
    return 0 < old.leading * JUMP_FACTOR < new.leading - old.leading


def _rise(new: CounterValues, old: CounterValues) -> Gain:
    """The rise of each count; a count that was missing before belongs to the baseline."""
    before = [a if a is not None and b is None else 0 for a, b in zip(new, old, strict=True)]
    now = [0 if a is None or b is None else a - b for a, b in zip(new, old, strict=True)]
    return Gain(Increase(*before), Increase(*now))


def _whole(value: CounterValues) -> Increase:
    return Increase(value.requests or 0, value.errors or 0)


def _minus(increase: Increase) -> Increase:
    return Increase(-increase.requests, -increase.errors)
