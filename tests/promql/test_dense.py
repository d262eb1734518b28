"""Quantiles of many histograms at once are those of each one."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.promql.dense import BLOCK, DenseHistograms, WindowCounts
from analytics.promql.histogram import GAUGE
from analytics.promql.histogram_quantiles import quantile

KEYS = np.array([-3, -1, 0, 2, 5, 9])
"""Buckets in the order of their values: two of negative ones, that of zeros, three of positive ones."""
PLACES = (0, 3, 31, 32, 33, 70)
"""Their places among the buckets of an array; those between them are empty."""
Count = st.integers(0, 20)
Histogram = st.lists(Count, min_size=6, max_size=6)


@given(
    st.integers(1, 3).flatmap(
        lambda rows: st.lists(st.lists(Histogram, min_size=rows, max_size=rows), min_size=1, max_size=4)
    ),
    st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, -1.0, 2.0, math.nan]), st.floats(0, 1)),
    st.integers(0, 3),
    st.data(),
)
def test_quantiles_of_all_are_those_of_each(
    by_time: list[list[list[int]]], q: float, schema: int, data: st.DataObject
) -> None:
    buckets, width = len(by_time), 3 * BLOCK
    bounds = data.draw(st.lists(st.integers(0, buckets), min_size=2, max_size=2, unique=True).map(sorted))
    first, last = np.array([0, bounds[0]]), np.array([buckets, bounds[1]])
    counts = np.zeros((len(by_time[0]), buckets, width))
    counts[:, :, PLACES] = np.array(by_time, float).transpose(1, 0, 2)
    indices, signs = np.zeros(width, np.int64), np.zeros(width, np.int64)
    indices[list(PLACES)], signs[list(PLACES)] = np.abs(KEYS), np.sign(KEYS)
    windows = np.stack([counts[:, low:high].sum(1) for low, high in zip(first, last, strict=True)])
    total = windows.sum(2)
    cells = np.flatnonzero(counts)
    dense = DenseHistograms(
        schema,
        np.arange(len(counts)),
        indices,
        signs,
        WindowCounts((len(counts), buckets, width), cells, counts.ravel()[cells], first, last),
        np.cumsum(windows.reshape(*windows.shape[:2], -1, BLOCK).sum(3), axis=2),
        total,
        total * 2,
        np.ones(2),
        GAUGE,
    )
    found = dense.quantiles(q)
    for step, column, histogram in dense.objects(np.ones(total.shape, bool)):
        expected, _ = quantile(q, histogram)
        value = float(found[step, column])
        assert histogram.count == sum(
            [*histogram.positive.values(), *histogram.negative.values(), histogram.zero_count]
        )
        assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-12) or (value != value and expected != expected)
