"""Late values wait for the next second; meanwhile, they are read in every bucket of their time."""

import numpy as np

from analytics.points import HISTOGRAM
from analytics.state.series.observed import SingleValues
from analytics.state.series.store import SeriesStore
from tests.state.series.rig import LEVELS, START, Rig, series

NOW = START + 90


def observe(rig: Rig, *values: float, at: float) -> int:
    number = rig.store.add(series("h"), HISTOGRAM, rig.now)
    single = SingleValues()
    single.add(number, list(values), [at] * len(values))
    rig.store.observe_values(single, rig.now)
    return number


def counts(rig: Rig, number: int, at: float) -> list[float]:
    """The number of values in the second, minute, hour and day of a time."""
    ids = np.array([number], np.int32)
    found = []
    for level, each in enumerate(LEVELS):
        start = each.start(at)
        found.append(float(rig.store.window(HISTOGRAM, level, start, start + 1).matrix(ids, "count").values.sum()))
    return found


def test_late_values_are_read_at_once_and_once_only() -> None:
    rig = Rig(NOW)
    number = observe(rig, 1.0, 2.0, at=NOW - 40)
    assert counts(rig, number, NOW - 40) == [2, 2, 2, 2]
    for later in (1, 2, 60):
        rig.at(NOW + later)
        assert counts(rig, number, NOW - 40) == [2, 2, 2, 2]


def test_values_of_seconds_that_are_not_kept_are_late_at_once() -> None:
    rig = Rig(NOW + 600)
    number = observe(rig, 1.0, at=NOW)
    assert counts(rig, number, NOW) == [0, 1, 1, 1]
    assert not rig.store.buckets[HISTOGRAM].waiting()


def test_changes_of_closed_buckets_are_noted_with_the_next_second() -> None:
    noted = list[tuple[int, int]]()
    rig = Rig(NOW)
    rig.store = SeriesStore(LEVELS, changed_late=lambda level, start, ids: noted.append((level, start)))
    rig.store.advance(NOW, [0] * len(LEVELS))
    observe(rig, 1.0, at=NOW - 40)
    assert noted == []
    rig.at(NOW + 1)
    assert noted == [(0, int(NOW) - 40), (1, int(START))]


def test_many_values_of_a_series_count_as_one_by_one() -> None:
    together, alone = Rig(NOW), Rig(NOW)
    values = [0.1 * number for number in range(1, 40)]
    number = observe(together, *values, at=NOW)
    for value in values:
        assert observe(alone, value, at=NOW) == number
    assert together.store.lives[number] == alone.store.lives[number]
    assert together.store.running.dump() == alone.store.running.dump()
