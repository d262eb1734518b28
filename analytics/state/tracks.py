"""Cumulative counters of one sender of heartbeats: what they add, with restarts and unnamed replicas told apart.

A heartbeat that names its instance has counters of its own: what they rise by is new, and a fall is a restart, which
counts from zero. Heartbeats without an instance may come from several replicas, whose counters then go to and fro.
Each source of such counters is a track, and a heartbeat continues the track from which it rose the least:

- A value below all tracks begins a new one. It is another source if the track before is heard again. It is a restart
  if two more heartbeats continue the new track and the track before is silent; only then is it put into the series.
- A value more than tenfold above all tracks below it begins a new one too, where there are several sources already.
- The first step of a track waits where it may be a jump to another source: for one heartbeat where there are several
  sources, and where the value rose more than tenfold until it goes on by small steps, or for long. If a value in
  between follows, the high one was another source.

Totals have all of it at once; what is undecided is only missing in the series. The limits: sources that differ less
than tenfold at their first heartbeats, or report in changing order, cost one or two wrong steps; a restarted counter
that soon passes its old value loses a step there, as another source might be heard again; a source that is silent for
`PATIENCE` rounds of the others is forgotten; at most `MOST` are told apart. Heartbeats with an `instance` have none of
these limits.
"""

from typing import NamedTuple

from msgspec import Struct

Figure = int | float
"""A number as JSON has it."""

MOST = 16
PATIENCE = 16
JUMP = 10
"""A first step to more than this many times the value may be a jump to another source."""
LEAST = 100
"""Behind a fall, a first step of up to so many is no jump."""
LONG = 8
"""How many heartbeats settle that a counter jumped, whatever its steps."""
RESTART_BEATS = JUMP_BEATS = 2
"""How many heartbeats must continue a value that fell, or jumped, before it is a restart, or a rise."""


class Counters(NamedTuple):
    """Cumulative counts of requests and errors; None where a heartbeat has none."""

    requests: Figure | None = None
    errors: Figure | None = None

    @property
    def leading(self) -> Figure:
        """The count by which tracks are told apart."""
        return (self.requests if self.requests is not None else self.errors) or 0

    def follows(self, other: "Counters") -> bool:
        """Whether nothing fell since `other`."""
        return all(a is None or b is None or a >= b for a, b in zip(self, other, strict=True))

    def over(self, other: "Counters") -> "Counters":
        """These counts, and those of `other` where there are none."""
        return Counters(*(b if a is None else a for a, b in zip(self, other, strict=True)))


class Increase(NamedTuple):
    """Requests and errors to add; negative where earlier ones are moved elsewhere."""

    requests: Figure = 0
    errors: Figure = 0

    def plus(self, requests: Figure, errors: Figure) -> "Increase":
        return Increase(self.requests + requests, self.errors + errors)


NOTHING = Increase()


class Gain(NamedTuple):
    """What a heartbeat adds: to what was counted `before` anyone watched, and to the series of `now`."""

    before: Increase = NOTHING
    now: Increase = NOTHING

    def add(self, before: Increase = NOTHING, now: Increase = NOTHING) -> "Gain":
        """The sum of this gain and another."""
        return Gain(self.before.plus(*before), self.now.plus(*now))


class Track(Struct):
    """One source of counters.

    `held` is the value before a first step that may be a jump. `rivals` holds the numbers of the tracks of which this
    one may be a restart. `has_ended` says that another track is a restart of it, as far as is known. `heard` and
    `number` are counts of heartbeats.
    """

    number: int
    value: Counters
    heard: int
    first: Counters
    steps: int = 0
    held: Counters | None = None
    rivals: list[int] = []
    has_ended: bool = False


class Tracks(Struct):
    """The tracks of one sender; `is_named` where it has just one, since its heartbeats name their instance."""

    is_named: bool
    beats: int = 0
    tracks: list[Track] = []
    has_several: bool = False

    def take(self, counters: Counters) -> Gain:
        """Take the counters of a heartbeat."""
        if counters.requests is None and counters.errors is None:
            return Gain()
        self.beats += 1
        if not self.tracks:
            return self._begin(counters, [])
        if self.is_named:
            return self._continue_named(self.tracks[0], counters)
        track, is_between = self._nearest(counters)
        if track is None:
            gain = self._begin(counters, [each.number for each in self.tracks if not each.has_ended])
        elif not is_between and (self.has_several or track.held) and _is_jump(track.value, counters):
            self.has_several = True
            gain = self._begin(counters, [])
        elif is_between:
            gain = self._split(track).add(*self._continue(track, counters))
        else:
            gain = self._continue(track, counters)
        self._forget_silent()
        return gain

    def _begin(self, value: Counters, rivals: list[int]) -> Gain:
        number = max((track.number for track in self.tracks), default=0) + 1
        self.tracks.append(Track(number, value, self.beats, value, rivals=rivals))
        return Gain(before=_whole(value))

    def _continue_named(self, track: Track, counters: Counters) -> Gain:
        """What rose; what fell counts from zero."""
        since = Counters(
            *(
                0 if old is not None and new is not None and new < old else old
                for new, old in zip(counters, track.value, strict=True)
            )
        )
        track.value = counters.over(track.value)
        return _rise(counters, since)

    def _nearest(self, counters: Counters) -> tuple[Track | None, bool]:
        """The track from which `counters` rose the least, and whether it was heard below what it jumped to."""
        found: list[tuple[Figure, int, Track, bool]] = []
        for track in self.tracks:
            if counters.follows(track.value):
                found.append((counters.leading - track.value.leading, track.number, track, False))
            elif track.held is not None and counters.follows(track.held):
                found.append((counters.leading - track.held.leading, track.number, track, True))
        if not found:
            return None, False
        _, _, nearest, is_between = min(found, key=lambda each: each[:2])
        return nearest, is_between

    def _split(self, track: Track) -> Gain:
        """What `track` jumped to was another source, whose whole value was counted before anyone watched."""
        assert track.held is not None
        self.has_several = True
        number = max(each.number for each in self.tracks) + 1
        self.tracks.append(Track(number, track.value, track.heard, track.value))
        jumped, track.value, track.held, track.steps = track.value, track.held, None, 0
        return Gain(before=_whole(jumped).plus(*_minus(_rise(jumped, track.value).now)))

    def _continue(self, track: Track, counters: Counters) -> Gain:
        gain = _rise(counters, track.value)
        if track.held is not None and not self._goes_on(track, counters):
            gain = Gain(before=gain.before.plus(*gain.now))
        elif track.held is not None:
            waited = _rise(track.value, track.held).now
            gain = gain.add(before=_minus(waited), now=waited)
            track.held = None
        elif track.steps == 0 and self._may_be_jump(track, counters):
            gain = Gain(before=gain.before.plus(*gain.now))
            track.held = track.value
        track.value, track.heard = counters.over(track.value), self.beats
        track.steps += 1
        return gain.add(*self._settle(track))

    def _goes_on(self, track: Track, new: Counters) -> bool:
        """Whether a counter that jumped goes on from there as one does: by small steps, or for long."""
        assert track.held is not None
        if self.has_several:
            return track.steps >= 1
        rose, jumped = new.leading - track.value.leading, track.value.leading - track.held.leading
        return (track.steps >= JUMP_BEATS and rose * JUMP <= jumped) or track.steps >= LONG

    def _may_be_jump(self, track: Track, new: Counters) -> bool:
        old = track.value
        rose = new.leading - old.leading
        if track.rivals and rose > max(old.leading, LEAST):
            return True
        return rose > 0 if self.has_several else _is_jump(old, new)

    def _settle(self, heard: Track) -> Gain:
        """Decide which new tracks are sources of their own and which are restarts, now that `heard` was heard."""
        if heard.has_ended:
            heard.has_ended, self.has_several = False, True
        for track in self.tracks:
            if heard.number in track.rivals:
                track.rivals.remove(heard.number)
                self.has_several |= not track.rivals
        if not heard.rivals or heard.held is not None or heard.steps < RESTART_BEATS:
            return Gain()
        silent = min((each for each in self.tracks if each.number in heard.rivals), key=lambda each: each.heard)
        silent.has_ended = True
        self._suspect_no_more(silent)
        heard.rivals = []
        counted = _whole(heard.first)
        return Gain(before=_minus(counted), now=counted)

    def _forget_silent(self) -> None:
        oldest = self.beats - PATIENCE * len(self.tracks)
        for track in [each for each in self.tracks if each.heard < oldest]:
            self._remove(track)
        if len(self.tracks) > MOST:
            self._remove(min(self.tracks, key=lambda each: each.heard))

    def _remove(self, track: Track) -> None:
        self.tracks.remove(track)
        self._suspect_no_more(track)

    def _suspect_no_more(self, track: Track) -> None:
        for each in self.tracks:
            if track.number in each.rivals:
                each.rivals.remove(track.number)


def _is_jump(old: Counters, new: Counters) -> bool:
    return 0 < old.leading * JUMP < new.leading - old.leading


def _rise(new: Counters, old: Counters) -> Gain:
    """By how much counts rose; one that there was not before belongs to what was counted before anyone watched."""
    before = [a if a is not None and b is None else 0 for a, b in zip(new, old, strict=True)]
    now = [0 if a is None or b is None else a - b for a, b in zip(new, old, strict=True)]
    return Gain(Increase(*before), Increase(*now))


def _whole(value: Counters) -> Increase:
    return Increase(value.requests or 0, value.errors or 0)


def _minus(increase: Increase) -> Increase:
    return Increase(-increase.requests, -increase.errors)
