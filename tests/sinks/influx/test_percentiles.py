"""Percentiles of many sketches at once are those of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.points import ExponentialHistogram
from analytics.sinks.influx.percentiles import percentiles
from analytics.state.series.sketches import Rows, Sketches, quantiles

SHARES = (0.0, 0.5, 0.95, 0.99, 1.0)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-1e6, 1e6)), max_size=60), st.integers(-2, 6))
def test_they_are_those_of_each_sketch(values: list[tuple[int, float]], scale: int) -> None:
    ids = np.array([number for number, _ in values], np.int32)
    sketches = Sketches.of_values(ids, np.array([value for _, value in values], float))
    coarse = ExponentialHistogram(scale, 3.0, 0.0, {1: 1.0, 5: 2.0})
    rows, _ = Sketches.rows_of([sketches.merged(Sketches.of_histograms([(3, coarse)]))])
    found = percentiles(rows, SHARES)
    assert found.keys() == set(rows.owners.tolist())
    for number, shown in found.items():
        mine = rows.owners == number
        assert shown == quantiles(rows.keys[mine], rows.counts[mine], int(rows.scales[mine].min()), SHARES)


def test_there_are_none_without_sketches() -> None:
    none = np.zeros(0, np.int32)
    assert percentiles(Rows(none, none, np.zeros(0), np.zeros(0, np.int8)), SHARES) == {}
