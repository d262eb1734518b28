"""Occurrences over time in little memory: exact by the minute, merged where they are far back."""

import random

import msgspec
import pytest

from analytics.state.error_groups import ErrorGroups, SeenError
from analytics.state.occurrences import MOST_SPELLS, Occurrences, Spell, add_occurrence, occurrences


def test_occurrences_of_a_minute_are_one_spell_in_any_order(dice: random.Random) -> None:
    times = [3.0, 59.0, 61.0, 130.0, 100.0, 7.0, 61.0]
    dice.shuffle(times)
    spells: list[Spell] = []
    for at in times:
        add_occurrence(spells, at)
    assert spells == [Spell(3.0, 59.0, 3), Spell(61.0, 100.0, 3), Spell(130.0, 130.0, 1)]


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, None, Occurrences(7, 0, 700)),
        (50, 200, Occurrences(2, 100, 110)),
        (None, 100, Occurrences(4, 0, 10)),
        (5, None, Occurrences(5, 5, 700)),
        (700, 701, Occurrences(1, 700, 700)),
        (701, None, None),
        (20, 100, None),
    ],
)
def test_those_in_a_range_are_counted(start: float | None, end: float | None, found: Occurrences | None) -> None:
    assert occurrences([Spell(0, 10, 4), Spell(100, 110, 2), Spell(700, 700, 1)], start, end) == found


def test_days_of_them_take_little_memory_and_the_newest_hour_is_nearly_exact() -> None:
    spells: list[Spell] = []
    for minute in range(7 * 24 * 60):
        add_occurrence(spells, minute * 60.0)
        add_occurrence(spells, minute * 60.0 + 30)
    end = spells[-1].last
    assert len(spells) == MOST_SPELLS
    assert sum(spell.count for spell in spells) == 2 * 7 * 24 * 60
    for seconds in (60.0, 900.0, 3_600.0, 86_400.0):
        found = occurrences(spells, end - seconds, None)
        assert found is not None
        assert found.count == pytest.approx(seconds / 30, rel=0.1, abs=1)


def test_groups_of_a_dump_of_an_earlier_version_are_counted_over_their_whole_time() -> None:
    groups, old = ErrorGroups(), ErrorGroups()
    groups.add(SeenError("shop", at, "E", "no") for at in (0.0, 100.0, 200.0))
    dump = msgspec.json.decode(groups.dump())
    for each in dump:
        del each["times"]
    old.restore(msgspec.json.encode(dump))
    (group,) = old.newest_first()
    assert group.found("shop", None, None) == Occurrences(3, 0.0, 200.0)
    assert group.found("shop", 150.0, None) == Occurrences(1, 150.0, 200.0)
    assert group.found("cart", None, None) is None
