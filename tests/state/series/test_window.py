"""Windows of the series store: every kept bucket is complete at every resolution, however late its points came."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.points import COUNTER, GAUGE
from analytics.state.quantiles import Quantiles
from analytics.state.rollup import Bucket
from analytics.state.series.sketches import quantiles
from tests.state.series.rig import LEVELS, START, Rig, series

CPU = [series("cpu", host=str(host)) for host in range(3)]
HITS = [series("hits_total", host=str(host)) for host in range(3)]


class Step(NamedTuple):
    """A record that comes `later` seconds after the last one: values of one series, observed `before` that."""

    later: float
    host: int
    values: list[float]
    before: float
    is_read: bool


values = st.lists(st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-9 or value == 0), min_size=1, max_size=3)
steps = st.builds(
    Step,
    st.sampled_from((0, 0.25, 1, 1, 20, 61, 3_700, 90_000)),
    st.integers(0, 2),
    values,
    st.sampled_from((0, 0, 0, 0.5, 3, 70, 4_000, 100_000, -200)),
    st.booleans(),
)


def buckets(rig: Rig, level: int) -> Iterator[int]:
    """The starts of all buckets that a level keeps, up to those of points ahead of time."""
    size, keep = LEVELS[level]
    newest = LEVELS[level].start(rig.now + 300)
    oldest = LEVELS[level].start(rig.now) - size * (keep - 1)
    yield from range(oldest, newest + 1, size)


@given(st.lists(steps, min_size=1, max_size=25))
def test_windows_hold_what_adding_up_all_points_gives(history: list[Step]) -> None:
    rig, unread = Rig(), Rig()
    gauges: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for step in history:
        for each in (rig, unread):
            now = each.now + step.later
            each.at(now).gauge(CPU[step.host], *step.values, at=now - step.before)
            each.counter(HITS[step.host], *map(abs, step.values), at=now - step.before)
        gauges[step.host] += [(rig.now - step.before, value) for value in step.values]
        if step.is_read:
            rig.store.window(GAUGE, 1, rig.now - 600, rig.now).matrix(rig.store.select([]), "sum")
    for level in range(len(LEVELS)):
        starts = list(buckets(rig, level))
        for kind, names in ((GAUGE, CPU), (COUNTER, HITS)):
            known = [host for host in gauges if names[host] in rig.store.ids]
            ids = np.array([rig.store.ids.get(names[host]) for host in known], np.int32)
            window = rig.store.window(kind, level, starts[0], starts[-1] + 1)
            again = unread.store.window(kind, level, starts[0], starts[-1] + 1)
            columns = ("count", "sum", "min", "max", "last", "last_at") if kind == GAUGE else ("count", "increase")
            found = window.matrices(ids, *columns)
            for mine, theirs in zip(found, again.matrices(ids, *columns), strict=True):
                assert np.array_equal(mine.values, theirs.values), "a read changed what is kept"
            for row, start in enumerate(starts):
                for place, host in enumerate(known):
                    inside = [(at, value) for at, value in gauges[host] if LEVELS[level].start(at) == start]
                    figures = [matrix.values[row, place] for matrix in found]
                    assert bool(found[0].present[row, place]) == bool(inside)
                    only = [value for _, value in inside]
                    if inside and kind == GAUGE:
                        last_at = max(at for at, _ in inside)
                        last = [value for at, value in inside if at == last_at][-1]
                        expected = [len(only), sum(only), min(only), max(only), last, last_at]
                        assert figures == pytest.approx(expected, abs=1e-3 if level == 3 else 1e-6)
                    elif inside:
                        assert figures == pytest.approx([len(only), sum(map(abs, only))])


@given(st.lists(st.tuples(st.integers(0, 2), values, st.sampled_from((0, 1, 30, 65))), min_size=1, max_size=20))
def test_distributions_of_minutes_are_those_of_all_values(history: list[tuple[int, list[float], float]]) -> None:
    rig = Rig()
    expected: dict[tuple[int, int], Quantiles] = defaultdict(Quantiles)
    for host, found, later in history:
        number = rig.at(rig.now + later).gauge(CPU[host], *found)
        expected[LEVELS[1].start(rig.now), number].add(found)
    ids = rig.store.select([])
    window = rig.store.window(GAUGE, 1, START, rig.now + 1)
    rows = window.distributions(ids)
    for (start, number), sketch in expected.items():
        bucket, place = window.starts.index(start), ids.tolist().index(number)
        chosen = (rows.buckets == bucket) & (rows.series == place)
        mine = quantiles(rows.keys[chosen], rows.counts[chosen], 6, (0.1, 0.5, 0.95))
        assert mine == pytest.approx(sketch.at(0.1, 0.5, 0.95))
    order = np.lexsort((rows.keys, rows.series, rows.buckets))
    assert order.tolist() == list(range(len(order)))


def test_series_that_were_not_asked_for_are_left_out() -> None:
    rig = Rig()
    numbers = [rig.gauge(labels, float(value)) for value, labels in enumerate(CPU)]
    window = rig.store.window(GAUGE, 0, START, START + 1)
    asked = np.array([numbers[2], numbers[0]], np.int32)
    assert window.matrix(asked, "last").values.tolist() == [[2.0, 0.0]]
    assert window.distributions(asked).series.tolist() == [0, 1]
    assert window.matrix(np.zeros(0, np.int32), "last").values.shape == (1, 0)


def test_a_window_stays_as_it_was_taken() -> None:
    rig = Rig()
    number = rig.gauge(CPU[0], 1.0)
    window = rig.store.window(GAUGE, 1, START, START + 60)
    rig.gauge(CPU[0], 5.0)
    rig.at(START + 61)
    assert window.matrix(np.array([number], np.int32), "sum").values.tolist() == [[1.0]]


def test_sums_by_group_are_those_of_the_series_whichever_a_bucket_has() -> None:
    rig = Rig()
    for minute, hosts in enumerate(((0, 1, 2), (0, 1, 2), (1,), (), (0, 1, 2))):
        rig.at(START + 60 * minute)
        for host in hosts:
            rig.counter(HITS[host], 2.0**host)
    window = rig.store.window(COUNTER, 1, START, rig.now + 1)
    ids = rig.store.select([])[[2, 0]]
    found = window.sums(ids, np.array([1, 0]), 3, "increase")
    assert found.values.tolist() == [[1, 4, 0], [1, 4, 0], [0, 0, 0], [0, 0, 0], [1, 4, 0]]
    has_both = [True, True, False]
    assert found.present.tolist() == [has_both, has_both, [False] * 3, [False] * 3, has_both]
    matrix = window.matrix(ids, "increase")
    assert matrix.values.tolist() == [[4, 1], [4, 1], [0, 0], [0, 0], [4, 1]]
    assert matrix.present.tolist() == [[True] * 2, [True] * 2, [False] * 2, [False] * 2, [True] * 2]


def test_buckets_with_the_same_series_share_their_keys() -> None:
    rig = Rig()
    for minute in range(3):
        rig.at(START + 60 * minute)
        for labels in CPU[: 1 if minute == 0 else 3]:
            rig.gauge(labels, 1.0)
    rig.at(START + 180)
    first, second, third = (rig.store.buckets[GAUGE].content(Bucket(1, int(START) + 60 * each)) for each in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.table.keys.tolist() == [0]
    assert second.table.keys is third.table.keys
