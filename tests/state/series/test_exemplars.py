"""Exemplars of series: the newest stay, within bounds, and in a checkpoint."""

from analytics.points import COUNTER, Exemplar
from analytics.state.series.exemplars import MOST_EXEMPLARS, MOST_OF_SERIES, Exemplars
from analytics.state.series.store import SeriesStore
from analytics.state.series.stored import dumped, restore
from tests.state.series.rig import LEVELS, START, Rig, series


def seen(at: float, trace: str = "ab") -> Exemplar:
    return Exemplar((("trace_id", trace),), 0.5, START + at)


def test_a_series_keeps_its_newest_exemplars_by_their_time_each_once() -> None:
    exemplars = Exemplars()
    for at in (5, 1, *range(20, 8, -1), 5):
        exemplars.add(1, seen(at))
        exemplars.add(1, seen(at))
    assert exemplars.of(1) == [seen(at) for at in range(20 - MOST_OF_SERIES + 1, 21)]
    assert len(exemplars) == MOST_OF_SERIES


def test_the_series_that_got_none_for_the_longest_time_makes_room() -> None:
    exemplars = Exemplars()
    for number in range(MOST_EXEMPLARS // 2):
        exemplars.add(number, seen(1))
        exemplars.add(number, seen(2))
    exemplars.add(0, seen(3))
    assert (exemplars.of(0), exemplars.of(1)) == ([seen(1), seen(2), seen(3)], [seen(2)])
    exemplars.add(0, seen(4))
    assert (exemplars.of(1), exemplars.of(2), len(exemplars)) == ([], [seen(1), seen(2)], MOST_EXEMPLARS)


def test_exemplars_end_with_their_series_and_are_part_of_a_checkpoint() -> None:
    rig = Rig()
    first, second = (rig.counter(series("hits_total", host=host), 1) for host in "ab")
    for number in (first, second):
        rig.store.exemplars.add(number, seen(number))
    other = SeriesStore(LEVELS)
    restore(other, dumped(rig.store), {COUNTER: {}})
    assert (other.exemplars.of(first), other.exemplars.of(second)) == ([seen(first)], [seen(second)])
    other.retire([first])
    assert (other.exemplars.of(first), len(other.exemplars)) == ([], 1)
