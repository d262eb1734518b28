"""When something occurred, in little memory: how often in each minute, and less precisely in what is far back."""

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter

import msgspec

MOST_SPELLS, FEWEST_SPELLS = 48, 8
"""Beyond it, two neighbours become one: those that are shortest beside how far back they are."""
MINUTE = 60.0
_FIRST = attrgetter("first")


class Spell(msgspec.Struct, array_like=True):
    """Occurrences from `first` to `last`, both in seconds since the epoch."""

    first: float
    last: float
    count: int


class Occurrences(msgspec.Struct, frozen=True):
    """Occurrences in a range of time: their number, and the times of the first and the last one."""

    count: int
    first: float
    last: float


def add_occurrence(spells: list[Spell], at: float, most: int = MOST_SPELLS) -> None:
    """Count one more, at any time."""
    is_newest = not spells or at >= spells[-1].first
    place = len(spells) if is_newest else bisect_right(spells, at, key=_FIRST)
    minute = at // MINUTE
    for near in (place - 1, place):
        if 0 <= near < len(spells):
            spell = spells[near]
            if spell.first <= at <= spell.last or spell.first // MINUTE == spell.last // MINUTE == minute:
                spell.first, spell.last, spell.count = min(spell.first, at), max(spell.last, at), spell.count + 1
                return
    spells.insert(place, Spell(at, at, 1))
    while len(spells) > most:
        end = spells[-1].last + MINUTE
        _, place = min(
            ((spells[place + 1].last - spell.first) / (end - spell.first), place)
            for place, spell in enumerate(spells[:-1])
        )
        spell, after = spells[place], spells.pop(place + 1)
        spell.last, spell.count = after.last, spell.count + after.count


def occurrences(spells: Iterable[Spell], start: float | None, end: float | None) -> Occurrences | None:
    """What occurred at or after `start` and before `end`; of spells across them a share. None if nothing did.

    Example:
        >>> occurrences([Spell(0, 10, 3), Spell(60, 70, 2)], 30, None)
        Occurrences(count=2, first=60, last=70)
    """
    found: Occurrences | None = None
    for spell in spells:
        first = spell.first if start is None else max(start, spell.first)
        last = spell.last if end is None else min(end, spell.last)
        if first > last or (end is not None and first >= end):
            continue
        length = spell.last - spell.first
        count = max(1, round(spell.count * (last - first) / length)) if length else spell.count
        if found is None:
            found = Occurrences(count, first, last)
        else:
            found = Occurrences(found.count + count, min(found.first, first), max(found.last, last))
    return found
